"""The board and the tracker's inbox as pages."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from portal.board import board, read_choice
from portal.desk import Desk, gated
from portal.marks import MARKS, SOON_WORKING_DAYS, TONE
from portal.pages import Pages
from portal.snapshot import Line, Snapshots


def board_routes(desk: Desk, pages: Pages) -> list[Route]:
    """/bang and /viec."""
    snapshots = Snapshots(desk)

    def table(request: Request) -> HTMLResponse:
        choice = read_choice(request.query_params)
        snapshot = snapshots.of(choice.plan)
        if snapshot is None:
            return pages.render("board_empty.html")
        return pages.render(
            "board.html",
            **board(snapshot, choice),
            office=desk.house.office,
            wording=desk.wording(snapshot.today),
            outcome_words={**desk.words["verdicts"], **desk.words["outcomes"]},
            all_marks=[(mark, TONE[mark]) for mark in MARKS],
            soon=SOON_WORKING_DAYS,
        )

    def inbox(_request: Request) -> Response:
        """What waits for a decision, in every adopted plan; the longest waiting first."""
        latest = snapshots.of("")
        if latest is None:
            return pages.render("board_empty.html")
        every = [found for plan in reversed(latest.plans) if (found := snapshots.of(plan))]
        lines = [line for snapshot in every for line in snapshot.lines]
        waiting: dict[str, list[Line]] = {
            "review": [line for line in lines if line.mark == "review"],
            "extension": [line for line in lines if line.state.extension_asked and not line.state.ended_on],
            "difficulty": [line for line in lines if line.state.difficulty and not line.state.ended_on],
        }
        waiting["review"].sort(key=lambda line: line.state.submitted_on or latest.today)
        return pages.render(
            "inbox.html", snapshot=latest, waiting=waiting, wording=desk.wording(latest.today), office=desk.house.office
        )

    return [Route("/bang", gated("board", table)), Route("/viec", gated("inbox", inbox))]
