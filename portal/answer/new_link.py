"""Asking for a new link where one is old or damaged: mailed at once, to an address of office.yaml, told to nobody else.

What the screen says is the same whether a mail goes or not, and is said before anything is looked up.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dondoc.foundation.errors import DondocError
from dondoc.mail.links import Link, LinkError, expiry, read_link, sign
from dondoc.mail.mail import Address
from dondoc.obligations.checkpoints import closing_day
from dondoc.obligations.decision_input import Facts
from dondoc.obligations.timing import owed_obligation
from dondoc.office.wording import clean, party_name
from portal.answer.answering import Answering
from portal.shell.fields import posted
from portal.shell.form_body import same_origin
from portal.shell.immediate_mail import send_now
from portal.shell.pages import Pages
from portal.shell.rate_limit import Allowance
from tasks.config.loading import words
from tasks.store.delivered import record_new_link
from tasks.store.occurrences import UnknownOccurrenceError, facts_of, tracked_row, tracked_rows
from tasks.store.plans import adopted, adopted_ids

LASTS = timedelta(days=14)  # at least: the plan of an old link may be closed
_HOUR = 3600.0
_MOST = 60  # duties of one mail, those due first
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WantedLink:
    """A new link for `party` to one duty, or one to each that the unit owes; `to` is office.yaml's address."""

    party: str
    to: str
    facts: Facts
    everything: bool

    def token(self, secret: str, now: datetime) -> str:
        """The link's token, good for two weeks or as long as one in a mail would be."""
        known = self.facts
        closes = closing_day(known.year, known.policy, known.calendar)
        until = max(expiry(known.state.due, closes, known.policy.zone), now + LASTS)
        return sign(secret, known.occurrence.id, self.party, until)


class NewLinks:
    """POST /a/new-link."""

    def __init__(self, answering: Answering, pages: Pages) -> None:
        self._answering, self._pages = answering, pages
        self._by_client = Allowance(10, _HOUR, self._seconds)
        self._by_address = Allowance(3, _HOUR, self._seconds)

    def route(self) -> Route:
        """Before `/a/{token}`: no token is spelt so."""
        return Route("/a/new-link", self.ask, methods=["POST"])

    async def ask(self, request: Request) -> Response:
        """Answer at once, look and send afterwards; 503 where the configuration cannot be read."""
        try:
            return await self._asked(request)
        except DondocError as error:
            raise HTTPException(503) from error

    async def _asked(self, request: Request) -> Response:
        if not same_origin(request, self._answering.settings.base_url or ""):
            return self._page("foreign", 403)
        client = request.client.host if request.client else ""
        wait = self._by_client.take(client)
        if wait:
            answer = self._page("often", 429)
            answer.headers["Retry-After"] = str(int(wait) + 1)
            return answer
        fields = await posted(request)
        answer = await run_in_threadpool(self._page, "sent", 200)
        answer.background = BackgroundTask(self.send, fields.get("token", "")[:700], fields.get("address", "")[:254])
        return answer

    def send(self, token: str, address: str) -> None:
        """Find whose link it was, or whose the address is, and mail a new one there; or do nothing."""
        try:
            self._send(token, address)
        except (DondocError, sa.exc.SQLAlchemyError):
            _log.warning("a new link was asked for and could not be mailed: the store or the configuration is unread")

    def _send(self, token: str, address: str) -> None:
        chosen, now = self._answering.settings, self._answering.now()
        if not chosen.base_url or not chosen.link_secret or self._answering.engine is None:
            return
        link = self._link(token, now)
        wanted = self._of_link(link) if link else self._of_address(address)
        if wanted is None or self._by_address.take(wanted.to.casefold()):
            return
        rules = self._answering.rules
        to = Address(wanted.to, party_name(wanted.party, rules.office, words(chosen.config)))
        base = chosen.base_url.rstrip("/")
        if wanted.party.startswith("role:"):
            links = [f"{base}/ky/{wanted.facts.occurrence.id}"]
        else:
            links = [f"{base}/a/{one.token(chosen.link_secret, now)}" for one in self._each(wanted)]
        titles = [clean(one.facts.item.heading) for one in self._each(wanted)]
        duty = "" if wanted.everything else titles[0]
        found = list(zip(titles, links, strict=True))
        sent = send_now(chosen, self._answering.engine, rules, to, "new-link", now, links=found, duty=duty)
        body = {
            "kind": "new-link",
            "checkpoint": "new-link",
            "recipient": wanted.party,
            "address": sent.address,
            "message_id": sent.message_id,
            "mail_sha256": sent.sha256,
            "reply": sent.reply,
        }
        record_new_link(
            self._answering.engine, wanted.facts.occurrence.id, body, now, rules.policy.zone, taken=sent.taken
        )  # fmt: skip

    def _each(self, wanted: WantedLink) -> list[WantedLink]:
        """One for each duty: a link opens its own and no other."""
        if not wanted.everything:
            return [wanted]
        owed, waiting = self._answering.owed(wanted.party)
        return [replace(wanted, facts=one.facts) for one in (*owed, *waiting)][:_MOST] or [wanted]

    def _link(self, token: str, now: datetime) -> Link | None:
        try:
            return read_link(self._answering.settings.link_secret, token, now)
        except LinkError as error:
            return error.link

    def _of_link(self, link: Link) -> WantedLink | None:
        assert self._answering.engine is not None
        rules = self._answering.rules
        to = rules.office.address(link.party) or rules.office.address(link.party.replace("head:", "unit:", 1))
        with self._answering.engine.connect() as connection:
            try:
                found = tracked_row(connection, link.occurrence)
            except UnknownOccurrenceError:
                return None
            known = facts_of(connection, rules, adopted(connection, found.occurrence.plan), found)
        return WantedLink(link.party, to, known, False) if to else None

    def _of_address(self, address: str) -> WantedLink | None:
        office, wanted = self._answering.rules.office, address.strip().casefold()
        parties = [p for p in office.parties() if not p.startswith("role:")]
        for party in parties:
            to = office.address(party) or ""
            if wanted and to.casefold() == wanted:
                known = self._first_duty(party)
                return WantedLink(party, to, known, True) if known else None
        return None

    def _first_duty(self, party: str) -> Facts | None:
        """What the unit owes first; else the last duty it leads: the page then says that nothing is owed."""
        owed, waiting = self._answering.owed(party)
        if owed or waiting:
            return (owed or waiting)[0].facts
        assert self._answering.engine is not None
        rules, unit = self._answering.rules, party.partition(":")[2]
        with self._answering.engine.connect() as connection:
            for plan in reversed([adopted(connection, plan_id) for plan_id in adopted_ids(connection)]):
                for found in reversed(tracked_rows(connection, plan.id)):
                    lead = owed_obligation(plan.item(found.occurrence.item), found.occurrence).lead
                    if unit in rules.office.members(lead):
                        return facts_of(connection, rules, plan, found)
        return None

    def _page(self, why: str, status: int) -> Response:
        answer = self._pages.render("answer_new_link.html", status, why=why, tracker=self._answering.tracker())
        answer.headers["Referrer-Policy"] = "same-origin"
        answer.headers["X-Robots-Tag"] = "noindex"
        return answer

    def _seconds(self) -> float:
        return self._answering.now().timestamp()
