"""The documents an office completes and signs, for the tracker and the leaders: what can be written, and each as .docx."""

from __future__ import annotations

from datetime import date, datetime, time

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dondoc.calendar.typed_days import typed_day
from dondoc.documents.form_settings import DocumentSettings
from dondoc.documents.kinds import OF_ITEMS, WantedDocument, possible_subjects, wanted
from dondoc.documents.marked_text import DocumentError
from dondoc.plan.plan import Plan
from portal.shell.page_context import PageContext, gated
from portal.shell.pages import Pages
from tasks.documents.reading import document_file, plan_view
from tasks.documents.templates import document_settings
from tasks.documents.writing import DOCX
from tasks.obligations.snapshot import SnapshotError
from tasks.store.plan_years import default_plan
from tasks.store.plans import adopted, adopted_ids, closed_at


def document_routes(context: PageContext, pages: Pages) -> list[Route]:
    """/van-ban and /van-ban/tai."""

    def settings() -> DocumentSettings:
        return document_settings(context.installation.config, context.rules.office)

    def plan_of(request: Request) -> tuple[Plan, list[str]] | None:
        with context.engine.connect() as connection:
            known = adopted_ids(connection)
            if not known:
                return None
            asked = request.query_params.get("plan", "")
            usual = default_plan(connection, context.rules, context.now().date()) or known[-1]
            return adopted(connection, asked if asked in known else usual), known

    def last_day(plan: Plan) -> date:
        """The day that its reports are usually made up to: today, or the day a closed plan was closed."""
        with context.engine.connect() as connection:
            ended = closed_at(connection, plan.id)
        return ended.astimezone(context.rules.policy.zone).date() if ended else context.now().date()

    def listed(request: Request, status: int = 200, *, refused: bool = False) -> Response:
        found = plan_of(request)
        if found is None:
            return pages.render("board_empty.html")
        plan, known = found
        items = {kind: possible_subjects(kind, plan, settings()) for kind in sorted(OF_ITEMS)}
        return pages.render(
            "documents.html",
            status,
            plan=plan,
            plans=known,
            items=items,
            today=context.now().date(),
            day=last_day(plan),
            asked=dict(request.query_params),
            refused=refused,
        )

    def one(request: Request) -> Response:
        found, query = plan_of(request), request.query_params
        if found is None:
            raise HTTPException(404)
        try:
            chosen = wanted(query.get("kind", ""), found[0], settings(), query.get("item", ""), query.get("period", ""))
            content = _written(context, chosen, found[0], query.get("day", ""))
        except (DocumentError, SnapshotError):
            return listed(request, 422, refused=True)
        named = f'attachment; filename="{chosen.name(settings())}"'
        return Response(content, media_type=DOCX, headers={"Content-Disposition": named, "Cache-Control": "no-store"})

    return [Route("/van-ban", gated("document", listed)), Route("/van-ban/tai", gated("document", one))]


def _written(context: PageContext, chosen: WantedDocument, plan: Plan, day: str) -> bytes:
    """The document as of now, or of the end of a past day. Raises DocumentError."""
    now, config = context.now(), context.installation.config
    as_of = None
    if day and day != now.date().isoformat():
        try:
            as_of = datetime.combine(typed_day(day) or now.date(), time(23, 59, 59), now.tzinfo)
        except ValueError:
            raise DocumentError("the day is no date; write it as 2024-03-14") from None
        if as_of > now:
            raise DocumentError("nothing is known of a day to come; give today or a day before")
    return document_file(chosen, plan_view(context.engine, context.rules, config, plan.id, now, as_of), config)
