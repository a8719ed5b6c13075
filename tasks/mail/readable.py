"""One row that cannot be read stops only itself: which notices can become mail, and why the others cannot."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlalchemy as sa

from dondoc.mail.notices import NOTICE_KINDS
from dondoc.obligations.snapshot import Tracked
from tasks.store.occurrences import rows_of
from tasks.store.outbox import Built, Queued


def readable_rows(
    connection: sa.Connection, waiting: Sequence[Queued], unreadable: dict[str, str]
) -> dict[str, Tracked]:
    """The occurrences the notices are about. A notice of an unknown kind, or whose occurrence is damaged, is named in
    `unreadable` by its key, with the reason."""
    unreadable.update(
        (found.key, f"unknown kind {found.kind!r}") for found in waiting if found.kind not in NOTICE_KINDS
    )
    wanted = dict.fromkeys(found.occurrence for found in waiting if found.key not in unreadable)
    try:
        return rows_of(connection, wanted)
    except sa.exc.SQLAlchemyError:
        raise
    except Exception:
        rows, damaged = _one_by_one(connection, wanted)
    for found in waiting:
        if found.occurrence in damaged:
            unreadable[found.key] = damaged[found.occurrence]
    return rows


def _one_by_one(
    connection: sa.Connection, wanted: Sequence[str] | dict[str, None]
) -> tuple[dict[str, Tracked], dict[str, str]]:
    rows: dict[str, Tracked] = {}
    damaged: dict[str, str] = {}
    for occurrence in wanted:
        try:
            rows |= rows_of(connection, [occurrence])
        except sa.exc.SQLAlchemyError:
            raise
        except Exception as error:
            damaged[occurrence] = _why(error)
    return rows, damaged


def writable(
    group: Sequence[Queued], write: Callable[[Sequence[Queued]], Built], unreadable: dict[str, str]
) -> tuple[list[str], Built] | None:
    """The mail of a group and the keys of its notices; without those that no mail can be written of, which are named
    in `unreadable`. None where nothing is left."""
    try:
        return [notice.key for notice in group], write(group)
    except sa.exc.SQLAlchemyError:
        raise
    except Exception as error:
        why = _why(error)
    good = []
    for notice in group:
        try:
            write([notice])
        except sa.exc.SQLAlchemyError:
            raise
        except Exception as error:
            unreadable[notice.key] = _why(error)
        else:
            good.append(notice)
    if len(good) == len(group):  # each by itself can be written, together they cannot
        unreadable.update((notice.key, why) for notice in group)
        return None
    return writable(good, write, unreadable) if good else None


def _why(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
