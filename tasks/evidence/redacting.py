"""Whether a kept mail may be shown as it was sent: only where nothing in it opens a duty any more."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from dondoc.mail.redaction import Redacted, duties_linked, redacted
from dondoc.obligations.lifecycle import ENDS, Status
from tasks.store import tables


def for_others(connection: sa.Connection, content: bytes, mail: str, ended: Callable[[str], bool]) -> Redacted:
    """The mail as others than its reader may have it: as sent where every duty it opens has `ended`, else cut.

    `mail` is its row's id ("" for a mail that came in): the signed addresses in it stand for duties too.
    """
    a = tables.address
    named = connection.scalars(sa.select(a.c.occurrence).where(a.c.mail == mail, a.c.occurrence.is_not(None)))
    duties = {*duties_linked(content), *named}
    copy = redacted(content)
    if duties and all(duty and ended(duty) for duty in duties):
        return Redacted(content, 0, copy.sha256)
    return copy


def ended_now(connection: sa.Connection) -> Callable[[str], bool]:
    """Whether an occurrence has ended, as the store says now."""
    o = tables.occurrence

    def ended(occurrence: str) -> bool:
        status = connection.scalar(sa.select(o.c.status).where(o.c.id == occurrence))
        return status is not None and Status(status) in ENDS

    return ended
