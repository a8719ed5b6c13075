"""Files of an answer that is asked back: stored, and named by a signed line of the page, so that nobody chooses them again.

Where the answer never comes, they are swept from the shelf a day later, like those of any act that was refused.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Sequence
from pathlib import Path

from tasks.store import files as shelf

_SIGNATURE = 32


def put_by(folder: Path, secret: str, token: str, names: Sequence[str], contents: Sequence[bytes]) -> str:
    """Store the files; the line by which the same link's next form names them."""
    kept = [[name, shelf.keep_file(folder, content)] for name, content in zip(names, contents, strict=True)]
    told = json.dumps(kept, ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(_mac(secret, token, told) + told).decode() if kept else ""


def taken_back(folder: Path, secret: str, token: str, line: str) -> tuple[tuple[str, bytes], ...]:
    """The files that a line of ours names, as they were sent; () for a line that is not ours, or files swept away."""
    try:
        signed = base64.b64decode(line, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return ()
    mac, told = signed[:_SIGNATURE], signed[_SIGNATURE:]
    if not line or not hmac.compare_digest(mac, _mac(secret, token, told)):
        return ()
    try:
        return tuple((name, shelf.fetch(folder, digest)) for name, digest in json.loads(told))
    except shelf.LostFileError:
        return ()


def _mac(secret: str, token: str, told: bytes) -> bytes:
    return hmac.digest(secret.encode(), b"kept-files\0" + token.encode() + b"\0" + told, "sha256")
