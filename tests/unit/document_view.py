"""The real plan of 2024 at a moment, with a few duties in states given by hand: what documents are tested on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from typing import Any

from factories import ZONE
from office_files import CONFIG, located, real_calendar, real_office, real_plan, real_policy

from dondoc.documents.form_settings import DocumentSettings, read_document_settings
from dondoc.documents.lines import PlanView
from dondoc.ledger.ledger import Head
from dondoc.obligations.lifecycle import initial
from dondoc.obligations.snapshot import Snapshot, Tracked
from dondoc.obligations.state import Status
from dondoc.obligations.timing import occurrences
from dondoc.office.rules import Rules
from dondoc.office.wording import Wording
from dondoc.plan.plan import Plan
from tasks.config.loading import words

PROGRAMME = "chuong-trinh-cong-tac/quyet-dinh-ban-hanh/2024-01"
JANUARY, FEBRUARY = "chi-so-phuc-vu/ket-qua-danh-gia/2024-01", "chi-so-phuc-vu/ket-qua-danh-gia/2024-02"
ORDERS, RESULT = "he-thong-hoa-van-ban/van-ban-chi-dao/2024-01", "he-thong-hoa-van-ban/bao-cao-ket-qua/2024-01"

# By hand: two done in January in time and late, one extended and done, one waived, one never handed in.
STATES: Mapping[str, Mapping[str, Any]] = {
    ORDERS: {"status": Status.DONE, "submitted_on": date(2024, 1, 30), "signed_on": date(2024, 1, 29), "document": "12/VP-HCQT"},
    RESULT: {"status": Status.DONE, "submitted_on": date(2024, 2, 5), "document": "31/BC-VP"},
    JANUARY: {
        "status": Status.DONE, "submitted_on": date(2024, 2, 6), "document": "07/BC-TTPVKS",
        "due": date(2024, 2, 7), "extensions": 1,
    },
    FEBRUARY: {"status": Status.WAIVED, "ended_on": date(2024, 2, 20)},
}  # fmt: skip


@cache
def document_settings() -> DocumentSettings:
    """config/documents.yaml and the words of its form."""
    form = located("documents.yaml").with_keys_of(located("words/vi/documents/words.yaml"))
    return read_document_settings(form, real_office())


def plan_view(
    now: str = "2024-03-14T17:00", states: Mapping[str, Mapping[str, Any]] = STATES, plan: Plan | None = None
) -> PlanView:
    """The plan at that moment: what has opened is open, but for `states`."""
    plan, moment = plan or real_plan(), datetime.fromisoformat(now).replace(tzinfo=ZONE)
    rules = Rules(real_office(), real_policy(), real_calendar())
    rows = []
    for occurrence in occurrences(plan, rules.policy, rules.calendar):
        state = initial(occurrence)
        if occurrence.opens and occurrence.opens <= moment.date():
            state = replace(state, status=Status.OPEN, opened_on=occurrence.opens)
        state = replace(state, **states.get(occurrence.id.partition("/")[2], {}))
        item = plan.item(occurrence.item)
        rows.append(Tracked(occurrence, state, item, item.obligation(occurrence.obligation)))
    wording = Wording(words(CONFIG), rules.office, rules.calendar, moment.date(), portal=False)
    return PlanView(Snapshot(plan, Head(1234, "ab" * 32), moment, moment, tuple(rows)), rules, wording)
