"""Signed addresses that mail comes back to: one for a duty, one for a whole mail, one for its bounces.

An address is the base mailbox with plus-addressing: `dondoc+d<code>@…`. The code is the first 16 bytes of an
HMAC-SHA-256 in lower-case base32: 26 characters that survive a server folding case, and the local part stays below the
64 octets of RFC 5321, 4.5.3.1.1 where the base is at most 36. What a code stands for is kept in a table beside it.
"""

from __future__ import annotations

import base64
import hmac
import re
from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import quote

from dondoc.mail.notice import Notice
from dondoc.obligations.lifecycle import OWED

Purpose = Literal["d", "m", "b"]  # a duty; a mail as a whole; the bounces of a mail

LONGEST_BASE = 36
_SIGNATURE = 16
_CODE = re.compile(r"([a-z])([a-z2-7]{26})")


@dataclass(frozen=True, slots=True)
class Code:
    """What stands after the plus sign."""

    purpose: Purpose
    text: str


@dataclass(frozen=True, slots=True)
class Addressed:
    """A code and what it stands for: a duty and a mail party, or the mail with that id."""

    code: Code
    occurrence: str | None = None
    party: str | None = None


@dataclass(frozen=True, slots=True)
class ReplyTo:
    """Makes and reads the signed addresses of one installation. `base` is the mailbox they all belong to."""

    base: str
    secret: str

    def of_duty(self, occurrence: str, party: str) -> Code:
        """The code under which `party` answers for `occurrence`."""
        return self._code("d", occurrence, party)

    def of_mail(self, mail: str) -> Code:
        """The code under which the mail of that id is answered as a whole."""
        return self._code("m", mail)

    def of_bounces(self, mail: str) -> Code:
        """The code under which the bounces of the mail of that id come back."""
        return self._code("b", mail)

    def address(self, code: Code) -> str:
        """The address of a code."""
        local, _, domain = self.base.rpartition("@")
        return f"{local}+{code.purpose}{code.text}@{domain}"

    def read(self, address: str) -> Code | None:
        """The code of an address of ours, however it is cased; None for any other address."""
        local, _, domain = address.strip().strip("<>").lower().rpartition("@")
        own_local, _, own_domain = self.base.lower().rpartition("@")
        mailbox, plus, tag = local.partition("+")
        found = _CODE.fullmatch(tag)
        if not plus or (mailbox, domain) != (own_local, own_domain) or found is None:
            return None
        purpose = next((known for known in get_args(Purpose) if known == found[1]), None)
        return Code(purpose, found[2]) if purpose else None

    def signed(self, addressed: Addressed, mail: str | None) -> bool:
        """Whether a kept code is the one this secret signs; a changed secret ends every address given out before."""
        if addressed.code.purpose == "d":
            wanted = self.of_duty(addressed.occurrence or "", addressed.party or "")
        else:
            wanted = self._code(addressed.code.purpose, mail or "")
        return hmac.compare_digest(wanted.text, addressed.code.text)

    def _code(self, purpose: Purpose, *scope: str) -> Code:
        signed = "\n".join(("dondoc address 1", purpose, *scope)).encode()
        digest = hmac.digest(self.secret.encode(), signed, "sha256")[:_SIGNATURE]
        return Code(purpose, base64.b32encode(digest).decode().rstrip("=").lower())


def answerable(notice: Notice) -> bool:
    """Whether the recipient of a notice can answer it with a result: who leads an owed duty, or heads who does."""
    return notice.audience in ("lead", "head") and notice.state.status in OWED


def mailto(address: str, subject: str) -> str:
    """The link that opens a new mail to `address` (RFC 6068)."""
    return f"mailto:{quote(address, safe='@+')}?subject={quote(subject, safe='')}"
