"""Naming who stands in during an absence: recorded with its days and reason, told to both, revoked when it is over early."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dondoc.calendar.typed_days import typed_day
from dondoc.mail.mail import Address
from dondoc.office.delegation import Delegation, DelegationError, may_delegate, may_name
from dondoc.office.wording import party_name
from portal.shell.fields import posted
from portal.shell.immediate_mail import send_now
from portal.shell.page_context import PageContext, gated, reached
from portal.shell.pages import Pages
from portal.shell.signin import ask_to_sign_in
from portal.shell.visitors import Visitor, Visitors, current
from tasks.store.authority import delegate, delegations, refuse_impossible, revoke


def absence_routes(context: PageContext, visitors: Visitors, pages: Pages) -> list[Route]:
    """/vang and /vang/{entry}/thoi."""

    def page(status: int = 200, said: str = "", fields: dict[str, str] | None = None) -> Response:
        office, today = context.rules.office, context.now().date()
        with context.engine.connect() as connection:
            known = delegations(connection)
        return pages.render(
            "absence.html",
            status,
            today=today,
            ahead=[one for one in known if one.last >= today],
            past=[one for one in known if one.last < today][-20:],
            parties={
                party: party_name(party, office, context.words) for party in office.parties() if may_delegate(party)
            },
            absent={party for party in office.parties() if may_name(current.get().actor("delegate"), party)},
            names=lambda party: party_name(party, office, context.words),
            token=visitors.token(current.get(), "vang"),
            said=said,
            fields=fields or {},
        )

    def shown(request: Request) -> Response:
        done = request.query_params.get("xong", "")
        return page(said=done if done in ("recorded", "revoked") else "")

    def record(visitor: Visitor, fields: dict[str, str]) -> Response:
        if not visitors.token_fits(visitor, "vang", fields.get("token", "")):
            return page(403, "form", fields)
        try:
            first, last = typed_day(fields.get("first", "")), typed_day(fields.get("last", ""))
        except ValueError:
            first = last = None
        if first is None or last is None:
            return page(422, "day", fields)
        wanted = Delegation(
            fields.get("absent", ""), fields.get("stand_in", ""), first, last, fields.get("reason", "")
        )  # fmt: skip
        now, actor = context.now(), visitor.actor("delegate")
        try:
            refuse_impossible(context.engine, context.rules, wanted, now, actor)
            told = tell(wanted, actor)
            if told is None:
                return page(503, "untold", fields)
            delegate(context.engine, context.rules, wanted, now, actor, told)
        except DelegationError as error:
            return page(422, error.fault, fields)
        return RedirectResponse("/vang?xong=recorded", 303)

    def tell(made: Delegation, actor: str) -> list[dict[str, str]] | None:
        """Both read it before it holds: the mails that went, None where one of the others did not get his."""
        rules, told = context.rules, list[dict[str, str]]()
        for party in (made.stand_in, made.absent):
            to = Address(rules.office.address(party) or "", party_name(party, rules.office, context.words))
            sent = send_now(
                context.installation, context.engine, rules, to, "delegation", context.now(),
                absent=party_name(made.absent, rules.office, context.words),
                stand_in=party_name(made.stand_in, rules.office, context.words),
                first=made.first, last=made.last, reason=made.reason, decides=made.absent.startswith("role:"),
                link=f"{context.settings.public_url}/viec",
            )  # fmt: skip
            if sent.taken:
                told.append(
                    {"party": party, "address": sent.address, "message_id": sent.message_id, "mail_sha256": sent.sha256}
                )
            elif party != actor:
                return None
        return told

    def end(seq: int, visitor: Visitor, fields: dict[str, str]) -> Response:
        if not visitors.token_fits(visitor, "vang", fields.get("token", "")):
            return page(403, "form")
        try:
            revoke(context.engine, seq, context.now(), visitor.actor("delegate"))
        except DelegationError as error:
            return page(409, error.fault)
        return RedirectResponse("/vang?xong=revoked", 303)

    async def post(request: Request) -> Response:
        visitor, fields = current.get(), await posted(request)
        if not visitor.session:
            return ask_to_sign_in(request)
        if not visitor.may("delegate"):
            raise HTTPException(403)
        seq = request.path_params.get("seq")
        return await (reached(record, visitor, fields) if seq is None else reached(end, seq, visitor, fields))

    return [
        Route("/vang", gated("delegate", shown)),
        Route("/vang", post, methods=["POST"]),
        Route("/vang/{seq:number}/thoi", post, methods=["POST"]),
    ]
