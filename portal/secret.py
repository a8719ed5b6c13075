"""The secret that signs cookies, forms and feeds: from the environment, or made once and kept readable by us alone."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from tasks.settings import SettingsError

NAME = "DONDOC_LINK_SECRET"
_SHORTEST = 32


def link_secret(environ: Mapping[str, str], var: Path) -> str:
    """The secret. Raises SettingsError for one too short to be a secret."""
    given = environ.get(NAME)
    if given is None:
        return _kept(var / "secrets" / "links")
    if len(given) < _SHORTEST:
        raise SettingsError(f"{NAME} is shorter than {_SHORTEST} characters; give a long random text, or unset it")
    return given


def _kept(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    if not path.exists():
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            os.link(unfinished, path)  # whoever comes second takes the first one's
        except FileExistsError:
            pass
        finally:
            unfinished.unlink()
    found = path.read_text(encoding="ascii").strip()
    if len(found) < _SHORTEST:
        raise SettingsError(f"{path} holds no secret; delete it and start the portal again")
    return found
