"""Technical failures, told to the operator. Started by automations, never by a schedule."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from tasks.runs.incidents import tell_operator


@flow(retries=0)
def incident() -> State[Any]:
    """Báo sự cố kỹ thuật cho đơn vị vận hành: mọi lượt chạy đang hỏng mà chưa được báo, mỗi nguyên nhân một mục."""
    return tell_operator()
