"""The board and the tracker's inbox as pages."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from portal.office.board import board, read_choice
from portal.office.boards import Boards
from portal.office.inbox import inbox_page, read_inbox_choice
from portal.office.received_pages import address_of
from portal.office.status_marks import MARKS, SOON_WORKING_DAYS, TONE
from portal.shell.page_context import PageContext, gated
from portal.shell.pages import Pages
from tasks.obligations.snapshot import SnapshotError
from tasks.store import received


def board_routes(context: PageContext, pages: Pages, boards: Boards) -> list[Route]:
    """/bang and /viec."""

    def table(request: Request) -> HTMLResponse:
        choice = read_choice(request.query_params)
        try:
            snapshot = boards.of(choice.plan, choice.day)
        except SnapshotError as error:  # a day before the plan was adopted
            raise HTTPException(404) from error
        if snapshot is None:
            return pages.render("board_empty.html")
        return pages.render(
            "board.html",
            **board(snapshot, choice),
            office=context.rules.office,
            wording=context.wording(snapshot.today),
            outcome_words={**context.words["verdicts"], **context.words["outcomes"]},
            all_marks=[(mark, TONE[mark]) for mark in MARKS],
            soon=SOON_WORKING_DAYS,
        )

    def waiting(request: Request) -> Response:
        """What waits for a decision, in every adopted plan."""
        latest, office = boards.of(""), context.rules.office
        if latest is None:
            return pages.render("board_empty.html")
        every = [found for plan in reversed(latest.plans) if (found := boards.of(plan))]
        asked = read_inbox_choice(request.query_params, {unit.id for unit in office.units})
        own_units = office.own_units("role:tracker")
        with context.engine.connect() as connection:
            mails = received.waiting(connection)
        return pages.render(
            "inbox.html",
            **inbox_page((line for snapshot in every for line in snapshot.lines), mails, asked, own_units),
            reasons=context.words["letters"],
            address_of=address_of,
            said=request.query_params.get("xong", "") == "thu",
            own_units=own_units,
            snapshot=latest,
            wording=context.wording(latest.today),
            office=office,
        )

    return [Route("/bang", gated("board", table)), Route("/viec", gated("inbox", waiting))]
