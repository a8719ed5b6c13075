"""The documents that go with a mail. One that cannot be written is left out and logged: the notice goes all the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dondoc.documents.kinds import WantedDocument, enclosed
from dondoc.documents.lines import PlanView
from dondoc.foundation.errors import DondocError
from dondoc.mail.mail import Attachment
from dondoc.mail.notices import Notice
from dondoc.office.wording import Wording
from tasks.config.loading import words
from tasks.config.run_context import RunContext, log
from tasks.documents.reading import document_file, plan_view
from tasks.documents.templates import document_settings
from tasks.documents.writing import DOCX
from tasks.obligations.snapshot import snapshot
from tasks.reports.workbooks import Chosen, progress_book
from tasks.spreadsheets.reading import XLSX
from tasks.store.files import LostFileError, fetch


def enclosures(context: RunContext, notices: Sequence[Notice]) -> list[Attachment]:
    """What goes with a mail of those notices, as their plans stand now."""
    kept = [file for notice in notices if notice.kind == "draft-plan" for file in _kept(context, notice)]
    for plan in dict.fromkeys(notice.occurrence.plan for notice in notices):
        of_plan = replace(context, plan=plan)
        kept += _of_plan(of_plan, [notice for notice in notices if notice.occurrence.plan == plan])
    return kept


def _of_plan(context: RunContext, notices: Sequence[Notice]) -> list[Attachment]:
    config = context.settings.config
    try:
        settings = document_settings(config, context.rules.office)
        found = enclosed(notices, settings, context.today)
        about = plan_view(context.engine, context.rules, config, context.plan, context.now) if found else None
    except DondocError as error:
        log("documents are left out: %s", error)
        return []
    made = [_made(wanted, wanted.name(settings), context, about) for wanted in found if about]
    if any(notice.kind == "report" for notice in notices):
        made.append(_table(context))
    return [file for file in made if file]


def _kept(context: RunContext, notice: Notice) -> list[Attachment]:
    """The files that a notice itself names, as they were kept."""
    found = []
    for file in notice.body.get("files", ()):
        try:
            content = fetch(context.settings.var / "files", file["sha256"])
        except LostFileError as error:
            log("%s is left out: %s", file["name"], error)
        else:
            found.append(Attachment(file["name"], file["type"], content))
    return found


def _made(wanted: WantedDocument, name: str, context: RunContext, about: PlanView) -> Attachment | None:
    try:
        return Attachment(name, DOCX, document_file(wanted, about, context.settings.config))
    except DondocError as error:
        log("%s is left out: %s", name, error)
        return None


def _table(context: RunContext) -> Attachment | None:
    """The plan's progress table, beside a leaders' report."""
    rules = context.rules
    vocabulary = words(context.settings.config)
    name = vocabulary["tables"]["progress"]["file"].format(plan=context.plan)
    wording = Wording(vocabulary, rules.office, rules.calendar, context.today, portal=True)
    try:
        found = snapshot(context.engine, rules, context.plan, context.now)
        return Attachment(name, XLSX, progress_book(found, wording, rules.policy, Chosen())[0])
    except DondocError as error:
        log("%s is left out: %s", name, error)
        return None
