"""What an SMTP reply is about: this recipient, this message as we wrote it, or us and our server.

Sources: RFC 5321 4.2.3 (reply codes), RFC 3463 and IANA's registry of enhanced status codes. The rule behind all of
it: a notice is failed for good only by an answer about its own recipient, because nobody reads again what was lost
for a wrong password, a full quota or a spam policy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Stage = Literal["recipient", "content", "other"]
# taken · final: this recipient never · recipient: this recipient not now · doubtful: refused at RCPT or DATA, for its
# sake or ours · server: not taken for a reason that is ours or the server's · lost: the connection broke, the server may have it.
ReplyVerdict = Literal["taken", "final", "recipient", "doubtful", "server", "lost"]

_ENHANCED = re.compile(r"^[245]\.(\d{1,3})\.(\d{1,3})\b")
_VARYING = re.compile(r"<[^>]*>|\S+@\S+|\d{3,}|\b(?=\w*\d)[\w-]{6,}\b")
_ADDRESS, _MAILBOX = 1, 2  # the enhanced codes X.1 and X.2
_OF_OUR_SENDER = frozenset({7, 8})  # X.1.7 and X.1.8
_FULL = 2  # X.2.2: may be emptied
# Without an enhanced code only these, and only in answer to RCPT, speak of the mailbox (RFC 5321, 4.2.2).
_NO_SUCH_MAILBOX = frozenset({550, 551, 553})
_BUSY_MAILBOX = frozenset({450, 452})

# So many recipients with one and the same answer: it is not about them.
MANY = 3


@dataclass(frozen=True, slots=True)
class MailReply:
    """What one mail of a delivery was answered; `key` is the mail's."""

    key: str
    address: str
    verdict: ReplyVerdict
    reply: str


def verdict(code: int, text: str, stage: Stage) -> ReplyVerdict:
    """What a refusal (4xx or 5xx) means by itself. `text` is the reply without its code, `stage` what was answered."""
    if stage == "other":
        return "server"
    found = _enhanced(text)
    if found is None:
        if stage == "recipient" and code in _NO_SUCH_MAILBOX:
            return "final"
        return "recipient" if stage == "recipient" and code in _BUSY_MAILBOX else "doubtful"
    subject, detail = found
    if subject == _ADDRESS and detail in _OF_OUR_SENDER:
        return "server"
    if subject in (_ADDRESS, _MAILBOX):
        return "final" if code >= 500 and found != (_MAILBOX, _FULL) else "recipient"
    return "doubtful"


def about_us(answers: Sequence[MailReply], others_taken: bool = False) -> frozenset[str]:
    """The mails of one delivery, in its order, whose refusal is about us or our server and says nothing of the recipient.

    - What the server said of us.
    - Where nobody's mail was taken: doubtful refusals, and refusals for good in the same words to `MANY` addresses.
      One address alone is doubted itself where others' mail was taken since (`others_taken`).
    - Where some were: the last `MANY` or more refusals in the same words, unless their code says that the address is
      wrong: the quota was used up on the way.
    """
    ours = {answer.key for answer in answers if answer.verdict == "server"}
    if not any(answer.verdict == "taken" for answer in answers):
        refused = [answer for answer in answers if answer.verdict in ("final", "recipient")]
        if len(refused) == len(answers) and _many_alike(refused):
            ours |= {answer.key for answer in refused}
        doubted = [answer for answer in answers if answer.verdict == "doubtful"]
        if not others_taken or len({answer.address.casefold() for answer in doubted}) > 1:
            ours |= {answer.key for answer in doubted}
        return frozenset(ours)
    tail: list[MailReply] = []
    for answer in reversed(answers):
        unsaid = answer.verdict in ("final", "doubtful") and not _names_the_address(answer.reply)
        if not unsaid or (tail and same_words(answer.reply) != same_words(tail[0].reply)):
            break
        tail.append(answer)
    return frozenset(ours | {answer.key for answer in tail if _many_alike(tail)})


def same_words(reply: str) -> str:
    """A reply without what differs from recipient to recipient: addresses, queue numbers, long identifiers."""
    return " ".join(_VARYING.sub("…", reply[4:]).split()).casefold()


def _enhanced(text: str) -> tuple[int, int] | None:
    found = _ENHANCED.match(text.strip())
    return (int(found[1]), int(found[2])) if found else None


def _names_the_address(reply: str) -> bool:
    found = _enhanced(reply[4:])
    return found is not None and found[0] in (_ADDRESS, _MAILBOX)


def _many_alike(refused: Iterable[MailReply]) -> bool:
    found = list(refused)
    addresses = {answer.address.casefold() for answer in found}
    return len(addresses) >= MANY and len({same_words(answer.reply) for answer in found}) == 1
