"""The turn of an office's year, lived on a whole installation: what is done, what goes wrong, and what was seen."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import psutil
import yaml
from installation_of_another_office import DOMAIN, mailboxes, prepare, small_plan
from lived import Life, at, eventually
from mail_servers import mail_servers
from moved_clock import MovedClock
from portal_visitor import Visitor

from dondoc.obligations.checkpoints import closing_day
from operations.stack import children
from tasks.config.loading import load_rules

PLAN, NEXT = "huyen-2026", "huyen-2027"
HCQT, TTPVKS, TTCBTH = (f"{unit}@{DOMAIN}" for unit in ("hcqt", "ttpvks", "ttcbth"))
TRACKER, LEADER, OPERATOR = (f"{name}@{DOMAIN}" for name in ("truong-hcqt", "chanh-van-phong", "van-hanh"))
# What the server says on a bad morning, as far as it is ours to expect.
OUTAGE, REFUSED = "Connect call failed", "daily sending limit exceeded"
EVERY_MORNING = os.environ.get("LIFE") == "all"
WHOLE_YEAR = os.environ.get("LIFE") in ("year", "all")
AFTER_THE_DAILY_CHECK = "08:50"
AFTER_THE_SWEEP = AFTER_THE_DAILY_CHECK if EVERY_MORNING else "08:33"


@dataclass
class Lived:
    """What a year's turn left behind."""

    statuses: dict[str, str] = field(default_factory=dict)
    notices: Counter[tuple[str, str]] = field(default_factory=Counter)
    delivered: Counter[tuple[str, str]] = field(default_factory=Counter)
    sent: set[str] = field(default_factory=set)  # Message-IDs the outbox counts as taken
    unsent: int = 0
    said: dict[str, str] = field(default_factory=dict)  # what commands and pages said, by moment
    closed_on: dict[str, date] = field(default_factory=dict)
    awaited: Counter[str] = field(default_factory=Counter)
    verified: str = ""


@dataclass
class Year:
    """One walk: `disturbed` things go wrong, `adopted` next year's plan comes in December."""

    life: Life
    disturbed: bool
    adopted: bool
    seen: Lived = field(default_factory=Lived)

    def walk(self) -> None:
        """Three mornings, and where the whole year is asked for what comes after them."""
        self.answers_by_mail()
        self.outage(at("2026-11-27", "08:33"))
        self.dead_worker(at("2026-11-30", "08:33"))
        self.refused_morning(at("2026-12-01", "08:33"))
        if WHOLE_YEAR:
            self.turn_of_the_year()
        self.look()

    def turn_of_the_year(self) -> None:
        """From December to ten days beyond the closing of the plan."""
        self.on("2026-12-18", "16:00")
        if self.adopted:
            self.adopt()
        self.on("2026-12-30")
        self.life.place.dondoc("submit", f"{PLAN}/mot/ket-qua/2026-12", "--document", "9/BC", "--actor", "unit:hcqt")
        self.on("2027-01-04")
        close = self.close()
        self.on(close.isoformat(), AFTER_THE_DAILY_CHECK)
        self.seen.said["at the close"] = self.life.place.dondoc("status")
        self.on((close + timedelta(days=4)).isoformat(), AFTER_THE_DAILY_CHECK)
        self.life.place.dondoc("accept", f"{PLAN}/mot/ket-qua/2026-12", "--actor", "role:tracker")
        self.on((close + timedelta(days=7)).isoformat(), AFTER_THE_DAILY_CHECK)
        self.on((close + timedelta(days=10)).isoformat(), AFTER_THE_DAILY_CHECK)

    def on(self, day: str, clock: str = AFTER_THE_SWEEP) -> None:
        """Up to that moment; every morning between takes place, or only the last, the machine being off before."""
        self.life.until(at(day, clock), off=not EVERY_MORNING)
        self.life.settled()

    def close(self) -> date:
        """The day on which the plan of 2026 closes."""
        rules = load_rules(self.life.place.config)
        return closing_day(2026, rules.policy, rules.calendar)

    def answers_by_mail(self) -> None:
        """A unit answers its duty by mail; of another the machine answers, without an envelope sender."""
        self.on("2026-11-26")
        self.life.answer(HCQT)
        self.life.answer(TTPVKS, machine=True)
        reply_box = f"dondoc@{DOMAIN}"
        eventually(lambda: len(self.life.servers.mails(reply_box)) == 2)
        self.seen.said["read"] = self.life.read_answers()
        self.seen.said["answered"] = json.dumps(self.life.statuses(PLAN))
        self.seen.said["letters"] = json.dumps(
            [row["outcome"] for row in self.life.rows("SELECT convert_from(line, 'UTF8')::jsonb->'body'->>'outcome' AS outcome"
                                                      " FROM ledger WHERE kind = 'mail.received' ORDER BY seq")]
        )  # fmt: skip
        self.life.place.dondoc("accept", f"{PLAN}/mot/ket-qua/2026-11", "--actor", "role:tracker")

    def outage(self, moment: datetime) -> None:
        """A morning on which the mail server refuses connections."""
        if not self.disturbed:
            return self.on(f"{moment:%Y-%m-%d}")
        with self._red(moment, "outage"):
            self.life.servers.stop_postfix()
        self.life.servers.start_postfix()
        return self._green(moment, "outage")

    def refused_morning(self, moment: datetime) -> None:
        """A morning on which the mail server answers 5xx to everybody."""
        if not self.disturbed:
            return self.on(f"{moment:%Y-%m-%d}")
        with self._red(moment, "refused"):
            self.life.servers.refuse_everybody(f"554 5.7.1 {REFUSED}")
            # A server process that is idle may serve one more client by the old table.
            self.life.servers.stop_postfix()
            self.life.servers.start_postfix()
        self.life.servers.refuse_everybody("")
        return self._green(moment, "refused")

    def dead_worker(self, moment: datetime) -> None:
        """A morning on which the worker is killed while the sweep runs."""
        if not self.disturbed:
            return self.on(f"{moment:%Y-%m-%d}")
        life = self.life
        life.until(moment.replace(hour=8, minute=29), off=not EVERY_MORNING)
        life.clock.move(moment.replace(hour=8, minute=30, second=1))
        eventually(lambda: life.names_of_runs("RUNNING"))
        before = life.asked_again()
        worker = children.find_child(life.stack, "worker")
        assert worker
        for one in [*worker.process.children(recursive=True), worker.process]:
            kill(one)
        # What died is tried again a minute later, once the worker is there to ask for it.
        eventually(lambda: life.asked_again() > before, 240)
        life.until(moment + timedelta(minutes=10))
        self.seen.said["dead worker"] = " ".join(life.names_of_runs("CRASHED"))
        self.seen.said["keeper"] = life.stack.log_file("keeper").read_text(encoding="utf-8")
        return None

    def adopt(self) -> None:
        """Next year's plan, by the commands of the handbook."""
        plan = small_plan(date(2027, 1, 1)) | {"adopted_on": "2027-01-04"}
        file = self.life.place.config / "plans" / "huyen-2027.yaml"
        file.write_text(yaml.safe_dump(plan, allow_unicode=True), encoding="utf-8")
        self.life.place.dondoc("plan", "adopt", str(file))
        self.life.place.dondoc("deploy")

    def look(self) -> None:
        """What is there in the end."""
        life, seen = self.life, self.seen
        seen.statuses, seen.notices, seen.delivered = life.statuses(PLAN), life.notices(PLAN), life.delivered()
        seen.sent = {row["message_id"] for row in life.rows("SELECT message_id FROM mail WHERE status = 'sent'")}
        seen.unsent = len(life.rows("SELECT 1 FROM mail WHERE status = 'ready'"))
        entries = life.rows("SELECT convert_from(line, 'UTF8')::jsonb AS e FROM ledger"
                            " WHERE kind IN ('plan.closed', 'plan.awaited')")  # fmt: skip
        for entry in (row["e"] for row in entries):
            if entry["kind"] == "plan.closed":
                seen.closed_on[entry["plan"]] = date.fromisoformat(entry["at"][:10])
            else:
                seen.awaited[entry["body"]["recipient"]] += 1
        seen.said["doctor at the end"] = life.said("doctor")
        seen.verified = life.said("ledger", "verify")
        seen.said["deploy"] = life.said("deploy", "--dry-run")

    @contextmanager
    def _red(self, moment: datetime, name: str) -> Iterator[None]:
        life = self.life
        life.until(moment.replace(hour=7, minute=0), off=not EVERY_MORNING)
        visitor = Visitor(life, TRACKER)
        visitor.sign_in()
        yield
        life.until(moment)
        life.settled()
        stranger = Visitor(life, OPERATOR)
        self.seen.said |= {
            f"{name}: status": life.said("status"),
            f"{name}: doctor": life.said("doctor"),
            f"{name}: banner": visitor.page(),
            f"{name}: sign-in": stranger.ask_for_link(),
            f"{name}: sweep": " ".join(life.names_of_runs("FAILED")),
        }
        stranger.close()
        self._visitor = visitor

    def _green(self, moment: datetime, name: str) -> None:
        life = self.life
        life.until(moment + timedelta(minutes=17))
        life.settled()
        self.seen.said |= {
            f"{name}: status after": life.said("status"),
            f"{name}: doctor after": life.said("doctor"),
            f"{name}: banner after": self._visitor.page(),
        }
        self._visitor.close()


def kill(process: psutil.Process) -> None:
    """kill -9; who has ended already has ended."""
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return


def lived(*, disturbed: bool, adopted: bool) -> Lived:
    """Walk one year's turn on an installation of its own, and take everything away again."""
    folder = Path(tempfile.mkdtemp(prefix="dondoc-life-"))
    folder.chmod(0o755)  # PostgreSQL's, Postfix's and Dovecot's accounts read the clock
    clock = MovedClock(folder, at("2026-11-25", "16:00"))
    try:
        with mail_servers(DOMAIN, f"dondoc@{DOMAIN}", *mailboxes(), clock=clock) as servers:
            place = prepare(folder, servers, small_plan(date(2026, 11, 2)) | {"adopted_on": "2026-11-02"}, clock)
            life = Life(place, clock, servers=servers)
            try:
                place.dondoc("up")
                # Read when the test says so: every quarter of an hour would be forty runs a day.
                life.pause("flows.receive.receive_mail")
                year = Year(life, disturbed, adopted)
                year.walk()
                return year.seen
            finally:
                place.dondoc("down")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
