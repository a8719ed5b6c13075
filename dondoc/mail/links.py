"""Signed links in mail: who may answer which duty, until when, without an account.

A token is base64url of `occurrence`, `party` and the expiry, and the first 16 bytes of their HMAC-SHA-256. It holds
for one occurrence and one mail party ("unit:hcqt", "head:hcqt", "role:tracker") and nothing else. Only one spelling
of a token is taken: any altered character is refused.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

from dondoc.foundation.errors import DondocError
from dondoc.mail.notice import Notice

AFTER_DUE = timedelta(days=60)
LONGEST = 600
_SIGNATURE = 16
_PURPOSE = b"dondoc link 1\n"
_FORM = b"dondoc form 1\n"


@dataclass(frozen=True, slots=True)
class Link:
    """What a token says: `party` may look at and answer for `occurrence` until `expires` (not included)."""

    occurrence: str
    party: str
    expires: datetime


class LinkError(DondocError):
    """A link that does not open: `kind` "wrong" (altered, cut off, not ours) or "old" (then `link` says whose it was)."""

    def __init__(self, kind: Literal["wrong", "old"], link: Link | None = None) -> None:
        super().__init__(
            "the link is not one of ours, or was altered; open it from the mail again"
            if kind == "wrong"
            else "the link is too old; open the one in the latest mail"
        )
        self.kind = kind
        self.link = link


def sign(secret: str, occurrence: str, party: str, expires: datetime) -> str:
    """The token for `party` to answer for `occurrence`, good before `expires` (aware; whole seconds count)."""
    body = f"{occurrence}\n{party}\n{int(expires.timestamp()):x}".encode()
    return _text(body + _mac(secret, _PURPOSE + body))


def read_link(secret: str, token: str, now: datetime) -> Link:
    """What a token says. Raises LinkError: wrong before old, so that nobody learns anything from a forged one."""
    content = _bytes(token)
    body, signature = content[:-_SIGNATURE], content[-_SIGNATURE:]
    if not secret or not hmac.compare_digest(signature, _mac(secret, _PURPOSE + body)):
        raise LinkError("wrong")
    occurrence, party, expires = body.decode().split("\n")
    link = Link(occurrence, party, datetime.fromtimestamp(int(expires, 16), UTC))
    if now >= link.expires:
        raise LinkError("old", link)
    return link


def sign_form(secret: str, token: str, act: str, seq: int) -> str:
    """The one-use mark of a form: which link and act it is for, and the ledger entry it was shown after."""
    return f"{seq}.{_text(_mac(secret, _FORM + f'{token} {act} {seq}'.encode()))}"


def read_form_mark(secret: str, token: str, act: str, mark: str) -> int | None:
    """The ledger entry after which a form was shown; None for a mark that is not of this link and act."""
    number = mark.partition(".")[0]
    if not (mark.isascii() and number.isdecimal() and len(number) < 19):
        return None
    seq = int(number)
    return seq if hmac.compare_digest(sign_form(secret, token, act, seq).encode(), mark.encode()) else None


def expiry(due: date | None, closes: date, zone: ZoneInfo) -> datetime:
    """Until when a link holds: through the plan's closing day or 60 days after due, whichever is later."""
    last = max(closes, due + AFTER_DUE) if due else closes
    return datetime.combine(last + timedelta(days=1), time(), tzinfo=zone)


@dataclass(frozen=True, slots=True)
class LinkMaker:
    """Makes the address under a notice: `base_url`/a/<token>. `closes` is the plan's closing day."""

    base_url: str
    secret: str
    closes: date
    zone: ZoneInfo

    def __call__(self, notice: Notice) -> str:
        """The link of a notice to its recipient: who holds a role signs in and decides on the occurrence's own page."""
        if notice.recipient.startswith("role:"):
            return f"{self.base_url.rstrip('/')}/ky/{quote(notice.occurrence.id)}"
        return self.address(notice.occurrence.id, notice.recipient, notice.due)

    def address(self, occurrence: str, party: str, due: date | None) -> str:
        """The link for `party` about an occurrence due then."""
        return f"{self.base_url.rstrip('/')}/a/{self.token(occurrence, party, due)}"

    def token(self, occurrence: str, party: str, due: date | None) -> str:
        """The token of that link."""
        return sign(self.secret, occurrence, party, expiry(due, self.closes, self.zone))


def _mac(secret: str, signed: bytes) -> bytes:
    return hmac.digest(secret.encode(), signed, "sha256")[:_SIGNATURE]


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _bytes(token: str) -> bytes:
    if not token.isascii() or not 2 * _SIGNATURE < len(token) <= LONGEST:
        raise LinkError("wrong")
    try:
        content = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        raise LinkError("wrong") from None
    if _text(content) != token:  # base64 has several spellings of the same bytes; ours is the only one
        raise LinkError("wrong")
    return content
