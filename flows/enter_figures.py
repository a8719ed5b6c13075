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
    """Enter, correct or confirm a month's figures; a complete month is computed and published at once."""
    morning, taken = attempt(take_figures, form, as_of, dry_run)
    state = conclude_form(morning, "enter_figures", form, taken)
    if isinstance(taken, Entered):
        show_index(morning, taken.indexed)
    return state
