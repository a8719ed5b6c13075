"""Run the portal: `python -m portal --port 8080 --mail var/mail --prefect-url http://127.0.0.1:4200`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from dondoc.foundation.errors import DondocError
from portal.answer.answering import Answering, answering_here
from portal.app.application import create_app
from portal.mailbox.key import mailbox_key
from portal.shell.secret import link_secret
from portal.shell.settings import PortalSettings
from portal.shell.strict_http import listen
from tasks.config import settings as installation


def main(arguments: list[str] | None = None) -> None:
    """Serve until stopped; on loopback unless told otherwise."""
    parser = argparse.ArgumentParser(prog="python -m portal", description="dondoc's web application.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8642)
    parser.add_argument("--mail", type=Path, required=True, help="folder the local mailbox keeps")
    parser.add_argument("--prefect-url", default="http://127.0.0.1:4200")
    options = parser.parse_args(arguments)
    behind = installation.settings()
    app = create_app(
        PortalSettings(
            options.mail,
            options.prefect_url,
            behind,
            public_url=(behind.base_url or f"http://{options.host}:{options.port}").rstrip("/"),
            secret=link_secret(os.environ, behind.var),
            host=options.host,
            mailbox_key=mailbox_key(behind.var),
        ),
        _answering(),
    )
    listen(app, options.host, options.port, behind.trusted_proxies)


def _answering() -> Answering | None:
    """The answer pages; a faulty configuration is said once, and the mailbox is shown all the same."""
    try:
        return answering_here()
    except DondocError as error:
        print(f"links in mail cannot be answered here: {error}", file=sys.stderr)
        return None


if __name__ == "__main__":
    main()
