"""The secret that signs cookies, forms and feeds: from the environment, or made once and kept readable by us alone."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path

from tasks.config.secret_file import read_or_make
from tasks.config.settings import SettingsError, secret_from

NAME = "DONDOC_LINK_SECRET"
_SHORTEST = 32


def link_secret(environ: Mapping[str, str], var: Path) -> str:
    """The secret. Raises SettingsError for one too short to be a secret, or a file that cannot be read."""
    given = secret_from(environ, NAME)
    if given is None:
        return _kept(var / "secrets" / "links")
    if len(given) < _SHORTEST:
        raise SettingsError(f"{NAME} is shorter than {_SHORTEST} characters; give a long random text, or unset it")
    return given


def _kept(path: Path) -> str:
    found = read_or_make(path, lambda: secrets.token_urlsafe(48))
    if len(found) < _SHORTEST:
        raise SettingsError(f"{path} holds no secret; delete it and start the portal again")
    return found
