"""The operator records an act or an outside event from Prefect's own run form."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from tasks.obligations.events import take_event
from tasks.obligations.operator_acts import take_act
from tasks.obligations.operator_forms import EventForm, RecordForm
from tasks.runs.operator_run import attempt, conclude_form


@flow(retries=0)
def record(form: RecordForm, as_of: datetime | None = None, dry_run: bool = False) -> State[Any]:
    """Ghi nhận một việc về một kỳ thực hiện, thay cho đơn vị hoặc người theo dõi.

    Args:
        form: Điền kỳ thực hiện, việc cần ghi, người ghi; các ô khác tùy việc, xem lời giải thích ở từng ô.
        as_of: Ghi như đang ở thời điểm này (để trống: bây giờ).
        dry_run: Chạy thử: cho biết sẽ ghi gì, không ghi và không gửi gì.
    """
    morning, taken = attempt(take_act, form, as_of, dry_run)
    return conclude_form(morning, "record", form, taken)


@flow(retries=0)
def record_event(form: EventForm, as_of: datetime | None = None, dry_run: bool = False) -> State[Any]:
    """Ghi nhận một sự kiện bên ngoài; những nhiệm vụ chờ sự kiện đó được xem và mở ngay.

    Args:
        form: Điền kế hoạch, sự kiện, ngày xảy ra, văn bản làm căn cứ và người ghi.
        as_of: Ghi như đang ở thời điểm này (để trống: bây giờ).
        dry_run: Chạy thử: cho biết sẽ ghi gì, không ghi và không gửi gì.
    """
    morning, taken = attempt(take_event, form, as_of, dry_run)
    return conclude_form(morning, "record_event", form, taken)
