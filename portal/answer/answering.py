"""The portal's side of answering: opening a link, reading its duty from the store, recording an act."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from dondoc.mail.links import Link, LinkError, LinkMaker, read_link
from dondoc.obligations.act_table import ACTS, ActName
from dondoc.obligations.actors import on_behalf
from dondoc.obligations.allowed_answers import choices, may_answer
from dondoc.obligations.checkpoints import links_hold_until
from dondoc.obligations.decision_input import Facts
from dondoc.obligations.lifecycle import ENDS, OWED, Status
from dondoc.office.delegation import stands_for
from dondoc.office.rules import Rules
from dondoc.office.wording import Wording, clean
from portal.answer.forms import AnswerForm
from portal.answer.kept_files import put_by, taken_back
from tasks.config.loading import clock, load_rules, read_words, words
from tasks.config.settings import Settings, read_settings
from tasks.obligations.act_followup import follow_soon
from tasks.store import files as shelf
from tasks.store.answers import OccurrenceEntry, entries_about, refuse_second
from tasks.store.connect import engine
from tasks.store.occurrences import UnknownOccurrenceError, facts_of, tracked_row, tracked_rows
from tasks.store.plans import adopted, adopted_ids
from tasks.store.settle import record_act


@dataclass(frozen=True)
class OpenedLink:
    """An opened link: the duty as it stands, its history, and what its holder may answer now."""

    token: str
    link: Link
    facts: Facts
    history: list[OccurrenceEntry]
    now: datetime
    office_words: Mapping[str, Any]
    plan_title: str

    @property
    def today(self) -> date:
        """The office's calendar day."""
        return self.now.date()

    @property
    def seq(self) -> int:
        """The last entry about the occurrence that this page knows."""
        return self.history[-1].seq if self.history else 0

    @property
    def ended(self) -> bool:
        """Whether the duty is over, and with it every link to it."""
        return self.facts.state.status in ENDS

    @property
    def leads(self) -> bool:
        """Whether the holder answers for the duty; else the page only shows it."""
        return bool(self.actor)

    @property
    def actor(self) -> str:
        """Who answers, as the ledger names them: the holder, also for a head they stand in for; "" who only looks."""
        party = self.link.party
        if may_answer(self.facts, party):
            return party
        absent = stands_for(self.facts.delegations, party, self.today)
        return next((on_behalf(party, other) for other in absent if may_answer(self.facts, other)), "")

    @property
    def choices(self) -> tuple[ActName, ...]:
        """What the holder may answer now."""
        if not self.leads:
            return ()
        since = max((e.seq for e in self.history if e.kind == "occurrence.opened"), default=0)
        return choices(self.facts, self.today, {e.kind for e in self.history if e.seq > since})

    @cached_property
    def wording(self) -> Wording:
        """The office's words today."""
        return Wording(self.office_words, self.facts.office, self.facts.calendar, self.today, portal=True)

    @property
    def party(self) -> str:
        """Whose link this is, in words."""
        return self.wording.party(self.link.party)


@dataclass(frozen=True)
class Owed:
    """One line of what a unit owes. `token` is for the unit's own mailbox, never for a page that another link opens."""

    facts: Facts
    token: str
    here: bool = False  # whether it is the duty of the link that shows the line


class Answering:
    """What the answer pages stand on. `now` is an argument so that a test owns the time."""

    def __init__(self, settings: Settings, now: Callable[[], datetime] | None = None) -> None:
        self.settings = settings
        self._now = now
        self.engine = engine(settings.store_url) if settings.store_url else None

    @property
    def rules(self) -> Rules:
        """Office, policy and calendar as the files say now."""
        return load_rules(self.settings.config)

    def now(self) -> datetime:
        """The present, in the office's zone."""
        return clock(self.rules.policy, self._now() if self._now else None)

    @cached_property
    def words(self) -> Mapping[str, Any]:
        """portal/answer.yaml of the office's language, with what the acts and the kinds of mail are called in a history."""
        own, office = read_words(self.settings.config, "portal/answer.yaml").value, words(self.settings.config)
        acts = {rule.entry: office["acts"][name] for name, rule in ACTS.items()}
        kinds = {kind: said["told"] for kind, said in office["kinds"].items() if "told" in said}
        return {
            **own,
            "history": {**own["history"], **{entry: said["history"] for entry, said in acts.items()}},
            "fields_of": {entry: said.get("told", {}) for entry, said in acts.items()},
            "waits": {entry: said.get("next", "") for entry, said in acts.items()},
            "told": {**own["told"], **kinds},
        }

    def tracker(self) -> str:
        """Whom to ask where a link does not help: the tracker's title and address."""
        office = self.rules.office
        known = office.role("tracker")
        return f"{clean(known.title)} ({known.email})" if known and known.email else office.office

    def open(self, token: str) -> OpenedLink:
        """The duty of a link. Raises LinkError; database errors pass through."""
        now = self.now()
        link = read_link(self.settings.link_secret, token, now)
        if self.engine is None:
            raise sa.exc.OperationalError("no database is set", None, Exception("DONDOC_STORE_URL is empty"))
        # History and state from one snapshot: an answer recorded in between would show in one and not in the other.
        with self.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            history = entries_about(connection, link.occurrence)
            try:
                found = tracked_row(connection, link.occurrence)
            except UnknownOccurrenceError:
                raise LinkError("wrong") from None
            plan = adopted(connection, found.occurrence.plan)
            known = facts_of(connection, self.rules, plan, found)
        return OpenedLink(token, link, known, history, now, words(self.settings.config), plan.title)

    def owed(self, party: str, here: str = "") -> tuple[list[Owed], list[Owed]]:
        """What a party's unit owes in every adopted plan, earliest due first; and what of it waits for review."""
        assert self.engine is not None
        found: list[Facts] = []
        with self.engine.connect() as connection:
            for plan_id in adopted_ids(connection):
                plan = adopted(connection, plan_id)
                for candidate in tracked_rows(connection, plan_id):
                    if candidate.state.status in (*OWED, Status.SUBMITTED):
                        known = facts_of(connection, self.rules, plan, candidate)
                        found += [known] if may_answer(known, party) else []
        found.sort(key=lambda known: (known.state.due or date.max, known.occurrence.id))
        lines = [(known, Owed(known, self._token(known, party), known.occurrence.id == here)) for known in found]
        return (
            [line for known, line in lines if known.state.status in OWED],
            [line for known, line in lines if known.state.status is Status.SUBMITTED],
        )

    def _token(self, known: Facts, party: str) -> str:
        closes = links_hold_until(known.year, self.now().date(), known.policy, known.calendar)
        maker = LinkMaker("", self.settings.link_secret, closes, known.policy.zone)
        return maker.token(known.occurrence.id, party, known.state.due)

    def put_by(self, token: str, form: AnswerForm) -> None:
        """Store the files of a form that asks back, so that they need not be chosen again."""
        if form.ask and len(form.names) == len(form.contents):
            folder, secret = self.settings.var / "files", self.settings.link_secret
            form.kept = put_by(folder, secret, token, form.names, form.contents)

    def taken_back(self, token: str, line: str) -> tuple[tuple[str, bytes], ...]:
        """The files of the form before this one, by its line."""
        return taken_back(self.settings.var / "files", self.settings.link_secret, token, line)

    def record(self, opened: OpenedLink, form: AnswerForm, after: int) -> int:
        """Store the files, then record the act; the number of its ledger entry.

        Raises AnsweredError where the holder did the same after entry `after`, and what the act raises.
        """
        assert self.engine is not None
        assert form.act is not None
        occurrence, actor = opened.link.occurrence, opened.actor
        for content in form.contents:
            shelf.keep_file(self.settings.var / "files", content)

        def first(connection: sa.Connection) -> None:
            refuse_second(connection, occurrence, after, ACTS[form.choice].entry, actor)

        checked = record_act(self.engine, self.rules, occurrence, form.act, opened.now, actor, first=first)
        follow_soon(self.engine, self.settings, checked.seqs[0])
        return checked.seqs[0]


def answering_here() -> Answering:
    """The answering of this process's environment. Raises ConfigurationError or SettingsError."""
    return Answering(read_settings(os.environ))
