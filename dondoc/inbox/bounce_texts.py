"""What mail servers say in their own words when a mail cannot be delivered: to whom, why, and whether for good.

The report ends where the returned mail begins. Of the addresses before it those count that stand where servers put a
failed recipient; where none stands so, all that are not the server's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from dondoc.inbox.headers import addresses_in

_COPY_BEGINS = re.compile(
    r"(?im)^[ \t>*+=_.#-]{0,80}(?:below this line is a copy|(?:this is )?a copy of (?:the|your) (?:original )?message|(?:the )?original (?:message|mail|e-?mail)"
    r"|(?:message|mail) header|unsent message|returned message|begin (?:of )?(?:returned|original)|(?:your|the) (?:original )?message (?:follows|headers?|text|was sent with)"
    r"|message contents|included is a copy|headers of|received: (?:from|by)|return-path:|message-id:)"
)
_ADDRESS = r"[^\s<>,;:\"'()\[\]@\\|]{1,90}@[A-Za-z0-9][A-Za-z0-9.-]{1,120}[A-Za-z0-9]"
_ANY = re.compile(_ADDRESS)
# An address alone on its line, or first on it and then its fault; a field that names a recipient; "…: user unknown".
_ALONE = re.compile(
    rf"(?im)^[ \t>*-]{{0,12}}(?:\d{{1,3}}[.)] )?<?[\"']?({_ADDRESS})[\"']?>?[ \t]{{0,4}}(?=\.{{2,}}|[:;,(\[]|$|[ \t]-|[ \t]{{2,}})"
)
_FIELD = re.compile(
    rf"(?im)^[ \t*>-]{{0,12}}(?:to|for|recipients?|rcpt to|(?:failed|original|final|intended|invalid|unknown)[ -](?:recipients?|address(?:es)?|user)|address|mailbox"
    rf"|user|e-?mail(?: address)?|người nhận|địa chỉ|destinataire|empfänger|an|宛先)[^\n:@<]{{0,30}}[:=][ \t]{{0,20}}(?:rfc822[;:][ ]?)?[<\"']{{0,2}}({_ADDRESS})"
)
_FAULT = (
    r"(?:unknown|not (?:found|exist|known|listed|recogni[sz]ed|valid|local|available|a valid|accept|receiv)|(?:does|did|do|is|was|are|has|could|can|will)(?:n['’]t| ?not)|"
    r"no such|invalid|full|quota|unavailable|disabled|inactive|denied|refused|reject|fail|undeliver|unrout|expired|exceed|error|cannot|can't|unable|blocked|"
    r"no longer|suspended|not deliver|không tồn tại|không gửi được|không thể)"
)
_BESIDE = re.compile(rf"(?i)<?({_ADDRESS})>?[^\n]{{0,120}}?{_FAULT}|{_FAULT}[^\n]{{0,120}}?[\s<'\":;=(]({_ADDRESS})")
_DELAYED = re.compile(
    r"(?i)(?:this is a )?warning (?:message )?only|do(?:es)? not need to (?:resend|re-send)|don't need to (?:resend|re-send)|(?:has )?not yet been delivered"
    r"|will (?:be )?(?:retried|retry|continue|keep trying|try again|be attempted)|still (?:trying|being retried|undelivered)|delivery attempts? will (?:be )?continue"
    r"|(?:has been|is|was|been) delayed|delayed mail|could not be delivered for (?:more than )?\d|sẽ (?:tiếp tục )?thử lại|no action is required"
)
_GIVEN_UP = re.compile(
    r"(?i)permanent|giving up|given up|failed permanently|returned to sender|will not be (?:retried|delivered)|no longer be tried|fatal error"
)
_SERVERS = re.compile(
    r"(?i)(?:mailer-daemon|postmaster|mdaemon|abuse|helpdesk|support|webmaster|hostmaster|admin(?:istrator)?)@"
)
_LINE = re.compile(r"[^\n]{0,500}")
_MOST = 20_000
_MOST_ADDRESSES = 20


@dataclass(frozen=True, slots=True)
class ReportedFailures:
    """The recipients a text says were not reached, what it says of each, and whether it says it will try on."""

    recipients: tuple[str, ...] = ()
    why: Mapping[str, str] = field(default_factory=dict)
    delayed: bool = False


def failures_in(text: str) -> ReportedFailures:
    """What the text of a delivery report tells."""
    whole = text[:_MOST]
    begins = _COPY_BEGINS.search(whole)
    said = whole[: begins.start()] if begins else whole
    found = _recipients(said) or _recipients(whole)
    delayed = bool(_DELAYED.search(said)) and not _GIVEN_UP.search(said)
    return ReportedFailures(tuple(found), found, delayed)


def _recipients(said: str) -> dict[str, str]:
    for pattern, servers in ((_ALONE, False), (_FIELD, False), (_BESIDE, False), (_ANY, False), (_ALONE, True)):
        found: dict[str, str] = {}
        for match in pattern.finditer(said):
            told = next((group for group in match.groups() if group), match[0])
            for address in addresses_in(told):
                if (servers or not _SERVERS.match(address)) and len(found) < _MOST_ADDRESSES:
                    found.setdefault(address, _why(said, match.start()))
        if found:
            return found
    return {}


def _why(said: str, at: int) -> str:
    """The line in which an address stands and the two after it."""
    start = said.rfind("\n", 0, at) + 1
    return " ".join(" ".join(said[start : start + 500].split("\n")[:3]).split())
