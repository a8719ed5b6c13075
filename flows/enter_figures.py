"""The operator types, corrects or confirms a month's figures in Prefect's own run form."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from tasks.index.artifacts import show_index
from tasks.index.figures_entry import Entered, take_figures
from tasks.index.figures_form import FiguresForm
from tasks.runs.operator_run import attempt, conclude_form


@flow(retries=0)
def enter_figures(form: FiguresForm, as_of: datetime | None = None, dry_run: bool = False) -> State[Any]:
    """Nhập, sửa hoặc xác nhận số liệu một tháng; đủ số liệu thì chỉ số được tính và công bố.

    Args:
        form: Điền kế hoạch, tháng, ngày chốt, số liệu và người ghi; ô để trống là chưa có số liệu, không phải số 0.
        as_of: Ghi như đang ở thời điểm này (để trống: bây giờ).
        dry_run: Chạy thử: cho biết sẽ ghi gì, không ghi và không gửi gì.
    """
    morning, taken = attempt(take_figures, form, as_of, dry_run)
    state = conclude_form(morning, "enter_figures", form, taken)
    if isinstance(taken, Entered):
        show_index(morning, taken.indexed)
    return state
