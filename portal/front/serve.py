"""Run the front of Prefect: `python -m portal.front.serve --port 8643 --upstream http://127.0.0.1:4200 --url …`."""

from __future__ import annotations

import argparse
import os

from portal.front.front import create_front
from portal.front.proxy import Upstream
from portal.shell.secret import link_secret
from portal.shell.settings import PortalSettings
from portal.shell.strict_http import listen
from tasks.config import settings as installation


def main(arguments: list[str] | None = None) -> None:
    """Serve until stopped; on loopback unless told otherwise."""
    parser = argparse.ArgumentParser(prog="python -m portal.front.serve", description="Prefect's pages, signed in to.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8643)
    parser.add_argument("--upstream", default="http://127.0.0.1:4200", help="where Prefect itself answers")
    parser.add_argument("--url", help="the address people open; its host name is the portal's")
    options = parser.parse_args(arguments)
    behind = installation.settings()
    own = options.url or f"http://{options.host}:{options.port}"
    settings = PortalSettings(
        behind.var / "mail",
        own.rstrip("/"),
        installation=behind,
        public_url=(behind.base_url or "http://127.0.0.1:8642").rstrip("/"),
        secret=link_secret(os.environ, behind.var),
        host=options.host,
    )
    app = create_front(settings, Upstream(options.upstream, behind.prefect_auth))
    listen(app, options.host, options.port, behind.trusted_proxies)


if __name__ == "__main__":
    main()
