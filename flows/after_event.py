"""A duty that an outside event opens: until the event is recorded nothing is owed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from tasks.config.run_context import begin
from tasks.obligations.checkpoint_run import look_at
from tasks.obligations.events import note_event
from tasks.obligations.run_result import conclude


@flow(retries=0)
def after_event(
    plan: str,
    item: str,
    event: str | None = None,
    happened_on: date | None = None,
    document: str | None = None,
    as_of: datetime | None = None,
    dry_run: bool = False,
) -> State[Any]:
    """Theo dõi nhiệm vụ phát sinh sau một sự kiện bên ngoài; cũng là nơi ghi nhận sự kiện đó.

    Args:
        plan: Mã kế hoạch, ví dụ cchc-2024.
        item: Mã nhiệm vụ trong kế hoạch.
        event: Mã sự kiện cần ghi nhận (để trống: chỉ xem nhiệm vụ).
        happened_on: Ngày sự kiện xảy ra; cần có khi ghi nhận sự kiện.
        document: Số, ký hiệu văn bản làm căn cứ; cần có khi ghi nhận sự kiện.
        as_of: Xem như đang ở thời điểm này (để trống: bây giờ).
        dry_run: Chạy thử: cho biết sẽ làm gì, không ghi và không gửi gì.
    """
    morning = begin(plan, item, as_of, dry_run)
    noted = note_event(morning, event, happened_on, document)
    looked = look_at(morning, item)
    return conclude(morning, "after_event", looked, **noted)
