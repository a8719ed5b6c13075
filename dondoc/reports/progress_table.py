"""The progress table of a plan: one row an occurrence, grouped by the plan's parts.

Columns as offices print them (STT, nhiệm vụ, chủ trì, phối hợp, sản phẩm, thời gian, hạn, kết quả, ghi chú); the
result names the document (số, ký hiệu, ngày), and lateness is in working days after the due date that holds now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dondoc.calendar.working_days import Calendar
from dondoc.obligations.decide import is_late
from dondoc.obligations.lifecycle import ENDS, State, Status
from dondoc.obligations.member_tally import MemberTally, member_tallies, shared
from dondoc.obligations.outcomes import outcome
from dondoc.obligations.snapshot import Tracked
from dondoc.obligations.timing import cadence
from dondoc.office.policy import Policy
from dondoc.office.wording import Wording, clean, sentence, short_day
from dondoc.plan.plan import Plan
from dondoc.reports.sheet_model import Cells, Column, CountedFrom, FormattedValue, RowHeading, Sheet


@dataclass(frozen=True, slots=True)
class _Writer:
    wording: Wording
    words: Mapping[str, Any]
    policy: Policy
    calendar: Calendar
    tallies: Mapping[str, MemberTally]

    def cells(self, number: str, tracked: Tracked) -> Cells:
        item, obligation, state = tracked.item, tracked.obligation, tracked.state
        return (
            number,
            clean(f"{item.ref} · {item.title}"),
            self.wording.names(obligation.lead),
            self.wording.names(obligation.coordinating),
            sentence(clean(obligation.deliverable)),
            clean(obligation.phrase),
            state.due if state.due else self.words["no_due"],
            self._result(tracked),
            self._late(state),
            self._notes(tracked),
        )

    def _result(self, tracked: Tracked) -> str:
        state, found = tracked.state, outcome(tracked.state, self.wording.today)
        said: str = self.wording.words["statuses"][state.status.value]
        if found == "overdue":
            said = f"{self.wording.words['verdicts']['overdue']} ({said[:1].lower()}{said[1:]})"
        elif found in ("late", "extended_late"):
            said = self.wording.words["verdicts"]["done_late"]
        if state.document:
            key = "document_signed" if state.signed_on else "document"
            document = self.wording.value(key, document=clean(state.document), signed=short_day(state.signed_on))
            return str(self.words["result"]).format(status=said, document=document)
        if state.submitted_on and state.status in (Status.DONE, Status.SUBMITTED):
            return str(self.words["result_day"]).format(status=said, day=short_day(state.submitted_on))
        return said

    def _late(self, state: State) -> FormattedValue | None:
        """Working days late, shown in words: 0 is in time only where the outcome is (a Sunday's delay counts 0)."""
        today, forms = self.wording.today, self.words["late"]
        if state.due is None:
            return None
        if state.status is Status.DONE:
            finished = state.finished_on or state.due
            days = max(0, self.calendar.between(state.due, finished))
            return FormattedValue(days, forms["late"] if is_late(state) else forms["on_time"])
        if state.status in ENDS:
            return (
                FormattedValue(self.calendar.between(state.due, today), forms["missed"])
                if state.status is Status.MISSED
                else None
            )
        if state.status is not Status.SUBMITTED and outcome(state, today) == "overdue":
            return FormattedValue(self.calendar.between(state.due, today), forms["overdue"])
        return None

    def _notes(self, tracked: Tracked) -> str:
        state, words = tracked.state, self.words["notes"]
        found = [sentence(self.wording.period(tracked.occurrence.period))] if tracked.occurrence.event is None else []
        tally = self.tallies.get(shared(tracked.occurrence.id))
        if tally:
            found.append(words["tally"].format(done=tally.done, owing=tally.owing))
        if cadence(tracked.obligation, self.policy) is not None:
            found.append(words["cadence"])
        if state.original_due and state.due and state.original_due != state.due:
            found.append(words["moved"].format(day=short_day(state.original_due)))
        if state.extension_asked:
            found.append(words["asked"].format(day=short_day(state.extension_asked)))
        if state.returns:
            found.append(words["returned"].format(times=state.returns))
        if state.difficulty:
            found.append(words["difficulty"])
        return "; ".join(found)


def progress_table(
    plan: Plan,
    tracked: Iterable[Tracked],
    seen: CountedFrom,
    wording: Wording,
    policy: Policy,
    chosen: Sequence[str] = (),
) -> Sheet:
    """The table of these occurrences, in the plan's order. `chosen` says in words how they were chosen."""
    words = wording.words["tables"]["progress"]
    tracked = tuple(tracked)
    tallies = member_tallies((each.occurrence, each.state) for each in tracked)
    writer = _Writer(wording, words, policy, wording.calendar, tallies)
    columns = tuple(Column(c["heading"], c["width"], c.get("align", "left")) for c in words["columns"])
    return Sheet(
        name=words["sheet"],
        office=clean(plan.office),
        title=words["title"].format(plan=clean(plan.title)),
        lines=(seen.line(wording.words["tables"]["seen"]), *chosen),
        columns=columns,
        rows=tuple(_rows(plan, tracked, writer)),
    )


def _rows(plan: Plan, tracked: Iterable[Tracked], writer: _Writer) -> Iterator[RowHeading | Cells]:
    """Each part's heading once, then its occurrences as 1.1, 1.2 …: item by item, period by period."""
    order = {(item.id, o.id): n for n, (item, o) in enumerate((i, o) for i in plan.items for o in i.obligations)}
    place = {item.id: n for n, item in enumerate(plan.items)}

    def where(each: Tracked) -> tuple[int, int, str]:
        key = (each.item.id, each.obligation.id)
        return place.get(key[0], len(place)), order.get(key, len(order)), each.occurrence.period

    ordered = sorted(tracked, key=where)
    part, number, of_item, last = None, 0, 0, ""
    for each in ordered:
        heading = plan.part_of(each.item.ref)
        if heading != part:
            part = heading
            yield RowHeading(" ".join(filter(None, heading)))
        number, of_item = (number, of_item + 1) if each.item.id == last else (number + 1, 1)
        last = each.item.id
        yield writer.cells(f"{number}.{of_item}", each)
