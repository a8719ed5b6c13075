"""Calendar feeds by signed address: one per unit that leads, one of everything for the leaders.

A calendar program signs in nowhere, so the address is the key: it says what it shows, cannot be altered, and is
shown to signed-in people only. A new secret makes every old address void.
"""

from __future__ import annotations

from itsdangerous import BadSignature, Signer
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from dondoc.mail.calendar_parts import Deadline, calendar_text
from dondoc.mail.duties import hashed
from dondoc.obligations.lifecycle import OWED, Status
from dondoc.office.wording import Wording
from portal.office.boards import BoardLine, Boards
from portal.shell.page_context import PageContext, gated, reached
from portal.shell.pages import Pages

LEADERS = "leaders"


def feed_routes(context: PageContext, pages: Pages, boards: Boards) -> list[Route]:
    """/lich and /lich/{signed token}.ics."""
    settings = context.settings
    signer = Signer(settings.secret, salt="dondoc calendar feed")

    def addresses(_request: Request) -> HTMLResponse:
        office = context.rules.office
        names = {LEADERS: "", **{unit.id: unit.name for unit in office.units}}
        feeds = [(name, f"{settings.public_url}/lich/{signer.sign(key).decode()}.ics") for key, name in names.items()]
        return pages.render("feeds.html", feeds=feeds)

    def feed(whose: str) -> Response:
        now = context.now()
        wording = context.wording(now.date())
        latest = boards.of("")
        found = [snapshot for plan in latest.plans if (snapshot := boards.of(plan))] if latest else []
        deadlines = [
            _deadline(context, line, wording)
            for snapshot in found
            for line in snapshot.lines
            if whose in (LEADERS, *line.units) and line.state.status in (Status.PLANNED, *OWED) and line.state.due
        ]
        text = calendar_text(deadlines, now, context.installation.sender)
        return Response(text.encode(), media_type="text/calendar; charset=utf-8")

    async def by_address(request: Request) -> Response:
        try:
            whose = signer.unsign(request.path_params["token"]).decode()
        except (BadSignature, UnicodeError):
            raise HTTPException(404) from None
        return await reached(feed, whose)

    return [Route("/lich", gated("feed", addresses)), Route("/lich/{token:str}.ics", by_address)]


def _deadline(context: PageContext, line: BoardLine, wording: Wording) -> Deadline:
    """The same event as in the mails about it: the same uid, so that a calendar shows it once."""
    due = line.state.due
    assert due is not None
    period = wording.period(line.occurrence.period)
    return Deadline(
        uid=f"{hashed(line.occurrence.id)}@{context.installation.mail_domain}",
        day=due,
        act_by=context.rules.calendar.on_or_before(due),
        look_at=context.rules.policy.look_at,
        sequence=line.state.revision,
        summary=f"{line.item.ref} · {line.item.title}",
        description=f"{line.obligation.deliverable}\n{period}\n{wording.names(line.obligation.lead)}",
        url=f"{context.settings.public_url}/ky/{line.occurrence.id}",
    )
