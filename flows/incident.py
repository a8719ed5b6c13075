"""A technical failure, told to the operator at once. Started by automations, never by a schedule."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from tasks.runs.incidents import tell_operator


@flow(retries=0)
def incident(run_id: str, run_name: str = "", state: str = "", message: str = "") -> State[Any]:
    """Báo sự cố kỹ thuật cho đơn vị vận hành.

    Args:
        run_id: Mã lượt chạy gặp sự cố.
        run_name: Tên lượt chạy.
        state: Trạng thái kỹ thuật của lượt chạy (Crashed, Failed, Late, Pending…).
        message: Thông báo kèm theo trạng thái.
    """
    return tell_operator(run_id, run_name, state, message)
