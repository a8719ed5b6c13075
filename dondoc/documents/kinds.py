"""What each kind of document says, as the facts its template shows. Pure: no clock, no files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

from dondoc.documents.form_settings import DocumentSettings, is_drafted
from dondoc.documents.lines import OccurrenceLine, PlanView, count, counts_by_unit
from dondoc.documents.marked_text import DocumentError
from dondoc.documents.periods import ReportPeriod, closed_month, report_period
from dondoc.mail.notice import Notice
from dondoc.office.wording import sentence
from dondoc.plan.plan import Item, Obligation, Plan

DocumentKind = Literal["plan-draft", "reminder", "inspection-plan", "inspection-minutes", "progress", "year-summary"]
DOCUMENT_KINDS: tuple[DocumentKind, ...] = get_args(DocumentKind)
CLOSING = "closing"  # the checkpoint of the leaders' account of a whole year
OF_ITEMS: frozenset[DocumentKind] = frozenset({"plan-draft", "inspection-plan", "inspection-minutes"})


@dataclass(frozen=True, slots=True)
class WantedDocument:
    """One document: its kind, for kinds of an item `item` or `item/obligation`, for reports the period's label."""

    kind: DocumentKind
    item: str = ""
    period: str = ""

    def template(self, settings: DocumentSettings) -> str:
        """The template's file name."""
        special = settings.plan_drafts.templates.get(self.item) if self.kind == "plan-draft" else None
        return f"{special or self.kind}.j2"

    def name(self, settings: DocumentSettings) -> str:
        """The file's name, in ASCII: ids and labels are."""
        told = (settings.files.get(self.kind, self.kind), self.item.replace("/", "."), self.period)
        return re.sub(r"[^A-Za-z0-9._-]", "-", "_".join(part for part in told if part)) + ".docx"


def wanted(kind: str, plan: Plan, settings: DocumentSettings, item: str = "", period: str = "") -> WantedDocument:
    """The document asked for, with its item and obligation found. Raises DocumentError that says what to name."""
    known = next((name for name in DOCUMENT_KINDS if name == kind), None)
    if known is None:
        raise DocumentError(f"{kind[:40]!r} is no kind of document; choose one of {', '.join(DOCUMENT_KINDS)}")
    if known == "progress":
        report_period(period, settings.cut_off)
        return WantedDocument(known, period=period)
    if known not in OF_ITEMS:
        return WantedDocument(known)
    return WantedDocument(known, _item_of(known, plan, settings, item))


def possible_subjects(kind: DocumentKind, plan: Plan, settings: DocumentSettings) -> list[str]:
    """The items, and the obligations as `item/obligation`, of which a document of that kind can be written."""
    drafted = [
        f"{item.id}/{obligation.id}"
        for item in plan.items
        for obligation in item.obligations
        if is_drafted(obligation, settings)
    ]
    return drafted if kind == "plan-draft" else [item.id for item in plan.items if item.shape == "inspection"]


def _item_of(kind: DocumentKind, plan: Plan, settings: DocumentSettings, asked: str) -> str:
    """The one item or obligation that `asked` names; it may be left out where there is only one."""
    known = possible_subjects(kind, plan, settings)
    fitting = [key for key in known if asked in ("", key, _item(key))]
    if len(fitting) != 1:
        raise DocumentError(f"{kind} needs one item; name one of: {', '.join(fitting or known) or 'none in this plan'}")
    return fitting[0]


def _item(key: str) -> str:
    return key.partition("/")[0]


def document_facts(document: WantedDocument, view: PlanView, settings: DocumentSettings) -> dict[str, Any]:
    """Everything the template of that document may show. Raises DocumentError where there is nothing to write."""
    shared: dict[str, Any] = {
        "plan": view.plan,
        "office": view.rules.office,
        "year": view.plan.year,
        "today": view.today,
        "moment": view.moment,
        "head": view.head,
        "settings": settings,
    }
    match document.kind:
        case "reminder":
            return {**shared, **_reminder(view, settings)}
        case "progress":
            return {**shared, **_progress(view, settings, document.period)}
        case "year-summary":
            return {**shared, **_year(view)}
        case _:
            return {**shared, **_of_item(view, settings, document)}


def _reminder(view: PlanView, settings: DocumentSettings) -> dict[str, Any]:
    late = view.late
    if not late:
        raise DocumentError(f"nothing of {view.plan.id} is late on {view.today:%d/%m/%Y}; no letter is needed")
    office = view.rules.office
    units = [unit.id for unit in office.units if any(unit.id in line.units for line in late)]
    return {
        "late": late,
        "units": [office.name_of(unit) for unit in units],
        "by_unit": [(office.name_of(unit), sum(unit in line.units for line in late)) for unit in units],
        "answer_by": view.rules.calendar.add(view.today, settings.reminder.answer_within),
    }


def _progress(view: PlanView, settings: DocumentSettings, label: str) -> dict[str, Any]:
    period = report_period(label, settings.cut_off)
    if period.year != view.plan.year:
        raise DocumentError(f"{view.plan.id} has no report of {label}; give a period of {view.plan.year}")
    lines = view.lines
    due = [line for line in lines if _within(line, period.first, period.last) and line.outcome != "before_adoption"]
    ahead = [
        line for line in lines if line.outcome == "open" and _within(line, period.last, period.ahead, exclusive=True)
    ]
    carried = [line for line in view.late if line.due is not None and line.due < period.first]
    return {
        "period": period,
        "period_words": _period_words(view, settings, period),
        "due": due,
        "carried": carried,
        "late": view.late,
        "done_late": [line for line in due if line.outcome in ("late", "extended_late")],
        "ahead": [line for line in ahead if not line.regular],
        "regular": [line for line in ahead if line.regular],
        "difficult": [line for line in (*carried, *due) if line.difficulty],
        "counts": count("", due),
        "by_unit": counts_by_unit(view, due),
        "whole": count("", lines),
    }


def _within(line: OccurrenceLine, first: date, last: date, *, exclusive: bool = False) -> bool:
    return line.due is not None and (first < line.due if exclusive else first <= line.due) and line.due <= last


def _period_words(view: PlanView, settings: DocumentSettings, period: ReportPeriod) -> str:
    if period.span == "nine-months":
        return settings.nine_months.format(year=period.year)
    return view.wording.period(period.label)


def _year(view: PlanView) -> dict[str, Any]:
    lines = [line for line in view.lines if line.outcome != "before_adoption"]
    sections = dict.fromkeys(line.section for line in lines)
    return {
        "lines": lines,
        "counts": count("", lines),
        "by_unit": counts_by_unit(view, lines),
        "by_section": [count(section, (line for line in lines if line.section == section)) for section in sections],
        "late": view.late,
        "done_late": [line for line in lines if line.outcome in ("late", "extended_late")],
        "missed": [line for line in lines if line.outcome == "missed"],
        "released": [line for line in lines if line.outcome in ("waived", "superseded")],
        "running": [line for line in lines if line.outcome == "open"],
    }


def _of_item(view: PlanView, settings: DocumentSettings, document: WantedDocument) -> dict[str, Any]:
    item_id, _, obligation_id = document.item.partition("/")
    plan, chosen = view.plan, settings.plan_drafts
    try:
        item = plan.item(item_id)
        obligation = item.obligation(obligation_id) if obligation_id else _planned(item, settings)
    except KeyError:
        raise DocumentError(f"{plan.id} has no {document.item} in this version; name another item") from None
    drafted = {found.id for found in item.obligations if is_drafted(found, settings)}
    key = f"{item.id}/{obligation.id}"
    named = spelled(chosen.names.get(key, obligation.deliverable), settings.abbreviations)
    due = next((line.due for line in view.lines if line.occurrence.startswith(f"{plan.id}/{key}/")), None)
    return {
        "item": item,
        "obligation": obligation,
        "named": sentence(named),
        "subject": sentence(_without(chosen.begins, named)),
        "due": due,
        "issuer": "committee" if key in chosen.committee else "office",
        "title_of_item": spelled(item.title, settings.abbreviations),
        "bases": (*settings.bases_of(item.id, obligation.id, view.today), *item.basis),
        "lead": view.wording.names(obligation.lead),
        "leads": [view.rules.office.name_of(unit) for unit in view.rules.office.members(obligation.lead)],
        "coordinating": view.wording.names(obligation.coordinating),
        "steps": [
            line
            for line in view.lines
            if line.occurrence.startswith(f"{plan.id}/{item.id}/")
            and line.outcome not in ("waived", "superseded", "before_adoption")
            and line.occurrence.split("/")[2] not in drafted
        ],
    }


def _planned(item: Item, settings: DocumentSettings) -> Obligation:
    """The plan of an inspection item: the one drafted as such, else its first drafted one, else its first duty."""
    drafted = [found for found in item.obligations if is_drafted(found, settings)]
    special = [found for found in drafted if f"{item.id}/{found.id}" in settings.plan_drafts.templates]
    return next(iter((*special, *drafted, *item.obligations)))


def spelled(text: str, abbreviations: Mapping[str, str]) -> str:
    """`text` with the abbreviations of documents.yaml spelled out."""
    for short, full in abbreviations.items():
        text = re.sub(rf"\b{re.escape(short)}\b", lambda _, full=full: full, text)  # type: ignore[misc]
    return text


def _without(first: str, text: str) -> str:
    """`text` without that first word: it stands above as the document's name."""
    return text[len(first) :].strip() if text.casefold().startswith(first.casefold()) else text


def enclosed(notices: Iterable[Notice], settings: DocumentSettings, today: date) -> list[WantedDocument]:
    """The documents that go with a mail: drafts with the assignment of their plan to its lead unit, the reminder letter
    with an escalation to the tracker, the progress of the last whole month with a leaders' report, the year's with the account of a closed plan. Each once.
    """
    found: dict[WantedDocument, None] = {}
    for notice in notices:
        occurrence = notice.occurrence
        if notice.kind == "assign" and notice.audience == "lead":
            if is_drafted(notice.obligation, settings):
                found[WantedDocument("plan-draft", f"{occurrence.item}/{occurrence.obligation}")] = None
        elif notice.kind == "escalate" and notice.audience == "tracker":
            found[WantedDocument("reminder")] = None
        elif notice.kind == "report" and notice.checkpoint == CLOSING:
            found[WantedDocument("year-summary")] = None
        elif notice.kind == "report":
            found[WantedDocument("progress", period=closed_month(today, settings.cut_off))] = None
    return list(found)
