"""The board as .xlsx, and the scorecard of each unit as page and .xlsx: the ledger's figures, each leading to its entries.

A unit has no account: it sees its own card, and no other, at a signed address that the tracker hands it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from itsdangerous import BadSignature, Signer
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from dondoc.obligations.snapshot import Snapshot
from dondoc.reports.scorecard import FIGURES, RESPONSES, Card, CardRole, scorecards
from dondoc.reports.scorecard_sheets import decimal, period_line, rules, times, unit_name
from dondoc.reports.sheet_model import CountedFrom
from portal.office.board import read_choice
from portal.office.boards import Boards
from portal.shell.page_context import PageContext, gated, reached
from portal.shell.pages import Pages
from tasks.obligations.snapshot import Traces, traces
from tasks.reports.workbooks import Chosen, score_book, table_book
from tasks.spreadsheets.reading import XLSX


@dataclass(frozen=True, slots=True)
class WantedCard:
    """What the address asks of the scorecard: a plan, a quarter (None: the year), and one figure of one card."""

    plan: str = ""
    quarter: int | None = None
    unit: str = ""
    role: CardRole = "lead"
    figure: str = ""

    def address(self, path: str, **changes: object) -> str:
        """This with some of it changed."""
        wanted = replace(self, **changes)  # type: ignore[arg-type]
        said = {
            "plan": wanted.plan, "quarter": wanted.quarter, "unit": wanted.unit,
            "role": wanted.role if wanted.figure and wanted.role != "lead" else "", "so": wanted.figure,
        }  # fmt: skip
        query = urlencode({name: value for name, value in said.items() if value not in (None, "")})
        return f"{path}?{query}" if query else path


def read_wanted(query: Mapping[str, str]) -> WantedCard:
    """The wishes of a query string; anything unknown counts as not said."""
    quarter, figure = query.get("quarter", ""), query.get("so", "")
    return WantedCard(
        plan=query.get("plan", "").replace("\0", "")[:100],
        quarter=int(quarter) if quarter in ("1", "2", "3", "4") else None,
        unit=query.get("unit", "").replace("\0", "")[:100],
        role="coordinating" if query.get("role") == "coordinating" else "lead",
        figure=figure if figure in FIGURES else "",
    )


class TracedPlans:
    """What the ledger's columns say of each plan's occurrences; entries that come later are added to what is known."""

    def __init__(self, context: PageContext) -> None:
        self._desk = context
        self._kept: dict[str, Traces] = {}
        self._lock = threading.Lock()

    def of(self, found: Snapshot) -> Traces:
        """The entries up to a snapshot."""
        with self._lock:
            known = self._kept.get(found.plan.id)
        if known is None or known.upto != found.head.seq:
            with self._desk.engine.connect() as connection:
                known = traces(connection, self._desk.rules, found, known)
            with self._lock:
                self._kept[found.plan.id] = known
        return known


def table_routes(context: PageContext, pages: Pages, boards: Boards) -> list[Route]:
    """/bang.xlsx, /diem, /diem.xlsx and /diem/{signed token} of one unit."""
    traced = TracedPlans(context)
    signer = Signer(context.settings.secret, salt="dondoc scorecard")

    def progress(request: Request) -> Response:
        choice = read_choice(request.query_params)
        board = boards.of(choice.plan, choice.day)
        if board is None:
            raise HTTPException(404)
        wording = context.wording(board.today)
        tracked = [line.tracked for line in board.lines if choice.fits(line)]
        shown = {**pages.said_in("_marks.html", "tone_words"), **pages.said_in("_marks.html", "mark_words")}
        chosen = Chosen(choice.unit, choice.quarter, shown.get(choice.state, ""), choice.q)
        content = table_book(board.plan, tracked, CountedFrom.of(board.snapshot), wording, context.rules.policy, chosen)
        return _file(content, wording.words["tables"]["progress"]["file"].format(plan=board.plan.id))

    def cards_of(found: Snapshot, wanted: WantedCard) -> tuple[Card, ...]:
        known = traced.of(found)
        every = scorecards(found.tracked, known.entries, known.registered, context.rules, found.day, wanted.quarter)
        return tuple(card for card in every if not wanted.unit or wanted.figure or card.unit == wanted.unit)

    def page(wanted: WantedCard, path: str, own: str = "") -> HTMLResponse:
        board = boards.of(wanted.plan)
        if board is None:
            return pages.render("board_empty.html")
        found, seen = board.snapshot, CountedFrom.of(board.snapshot)
        cards = tuple(card for card in cards_of(found, wanted) if not own or card.unit == own)
        wording, scoring = context.wording(found.day), context.rules.policy.scoring
        words = wording.words["tables"]["scorecard"]
        behind = next((c for c in cards if (c.unit, c.role) == (wanted.unit, wanted.role)), None)
        return pages.render(
            "scorecard.html",
            cards=cards,
            wanted=wanted,
            path=path,
            own=own,
            plans=board.plans,
            seen=seen,
            words=words,
            responses=RESPONSES,
            period=period_line(seen, wanted.quarter, wording),
            rules=rules(scoring, words),
            name=lambda card: unit_name(card, context.rules.office, words),
            decimal=decimal,
            times=times,
            proofs=behind.figures[wanted.figure] if behind and wanted.figure else (),
            behind=behind if wanted.figure else None,
            tracked={each.occurrence.id: each for each in found.tracked},
            wording=wording,
            addresses={
                card.unit: f"{context.settings.public_url}/diem/{signer.sign(card.unit).decode()}"
                for card in cards
                if card.unit and card.role == "lead" and not own
            },
        )

    def card_page(request: Request) -> HTMLResponse:
        return page(read_wanted(request.query_params), "/diem")

    def book(request: Request) -> Response:
        wanted = replace(read_wanted(request.query_params), figure="")
        board = boards.of(wanted.plan)
        if board is None:
            raise HTTPException(404)
        found = board.snapshot
        wording, scoring = context.wording(found.day), context.rules.policy.scoring
        content = score_book(found, cards_of(found, wanted), wanted.quarter, wording, scoring)
        return _file(content, wording.words["tables"]["scorecard"]["file"].format(plan=found.plan.id))

    async def by_address(request: Request) -> Response:
        token = request.path_params["token"]
        try:
            unit = signer.unsign(token).decode()
        except (BadSignature, UnicodeError):
            raise HTTPException(404) from None
        wanted = replace(read_wanted(request.query_params), unit=unit)
        return await reached(page, wanted, f"/diem/{token}", unit)

    return [
        Route("/bang.xlsx", gated("board", progress)),
        Route("/diem", gated("scorecard", card_page)),
        Route("/diem.xlsx", gated("scorecard", book)),
        Route("/diem/{token:str}", by_address),
    ]


def _file(content: bytes, name: str) -> Response:
    return Response(
        content, media_type=XLSX, headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    )  # fmt: skip
