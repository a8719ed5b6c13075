"""The ledger's entries of mail that came in: the mail itself, whatever it was taken for, and the tracker's notice of it."""

from __future__ import annotations

from typing import Any

from dondoc.inbox.incoming import Envelope, Reply
from dondoc.inbox.weighing import Weighed, Why
from dondoc.ledger.ledger import Draft
from tasks.inbox.arrived import Arrived


def received(
    arrived: Arrived, plan: str, occurrence: str | None, actor: str, outcome: str, known: bool, weighed: Weighed
) -> Draft:
    """The entry of the mail itself, with the hash under which its bytes are kept."""
    more: dict[str, Any] = {}
    if weighed.refused:
        more["refused"] = [{"name": one.name, "fault": one.fault} for one in weighed.refused]
    body = letter_body(arrived.incoming.envelope, arrived.digest, arrived.size, outcome, known, **more)
    return Draft("mail.received", plan, occurrence, actor, body, arrived.run)


def letter_body(
    envelope: Envelope, digest: str, size: int, outcome: str, known: bool = False, **more: Any
) -> dict[str, Any]:
    """What `mail.received` says of every mail; `more` only where there is any."""
    return {
        "outcome": outcome,
        "from": envelope.sender,
        "known": known,
        "message_id": envelope.message_id,
        "sha256": digest,
        "size": size,
        "subject": envelope.subject,
        **more,
    }


def handed_over(arrived: Arrived, known: bool, weighed: Weighed) -> dict[str, str | bool]:
    """What a submission says of the mail it came by, with what the reviewer is to look at: files not taken, documents
    named without saying that they were handed in, a date of signing that cannot be."""
    envelope = arrived.incoming.envelope
    told: dict[str, str | bool] = {
        "from": envelope.sender,
        "known": known,
        "message_id": envelope.message_id,
        "sha256": arrived.digest,
    }
    if weighed.refused:
        told["refused"] = "; ".join(one.name for one in weighed.refused)[:1000]
    if weighed.mentioned:
        told["mentioned"] = "; ".join(weighed.mentioned)
    if weighed.early:
        told["early"] = weighed.early.isoformat()
    return told


def tracker_told(arrived: Arrived, plan: str, occurrence: str, why: Why, known: bool) -> tuple[Draft, ...]:
    """The tracker's notice of a letter; none of a machine's answer that carries nothing."""
    incoming = arrived.incoming
    names = [file if isinstance(file, str) else file.name for file in getattr(incoming, "files", ())]
    if why == "auto" and not names:
        return ()
    about = {
        "why": why,
        "sender": incoming.envelope.sender,
        "known": known,
        "mail_sha256": arrived.digest,
        "files": [{"name": name} for name in names],
        "note": incoming.text if isinstance(incoming, Reply) else "",
    }
    body = {
        "kind": "letter",
        "checkpoint": f"letter-{arrived.key[:16]}",
        "recipients": ["role:tracker"],
        "about": about,
    }
    return (Draft("notice.queued", plan, occurrence, "dondoc", body, arrived.run),)
