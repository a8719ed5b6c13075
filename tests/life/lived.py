"""An office's whole installation lived through morning by morning by a moved clock: real services, real mail servers.

Every run is one that Prefect scheduled and the worker took. A morning on which the machine is off is left out as Prefect
leaves it out: its runs are not there afterwards, and the next sweep does what was owed.
"""

from __future__ import annotations

import json
import time
import urllib.request
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import psycopg
from installation_of_another_office import Place
from mail_servers import MailServers
from moved_clock import MovedClock
from psycopg.rows import dict_row

from operations.stack.databases import database_urls
from operations.stack.settings import Stack, from_environment

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
PDF = b"%PDF-1.4\n1 0 obj <</Type /Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n"
_UNFINISHED = ["SCHEDULED", "PENDING", "RUNNING", "CANCELLING"]
_QUIET_LOOKS = 2
Answer = TypeVar("Answer")


def at(day: str, clock: str) -> datetime:
    """That day and time in the office's zone."""
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZONE)


def eventually(question: Callable[[], Answer], seconds: float = 60) -> Answer:
    """The first true answer; fails the test when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)
    return answer


@dataclass
class Running:
    """One installation and its clock."""

    place: Place
    clock: MovedClock
    stack: Stack = field(init=False)
    _paused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.stack = from_environment(self.place.environment, Path(self.place.environment["DONDOC_VAR"]))

    def until(self, moment: datetime, *, off: bool = False) -> None:
        """Let everything take place that Prefect has scheduled up to `moment`, each at its own time, then show `moment`.

        `off`: the machine was off up to that day, and Prefect creates no run afterwards for a time it slept through.
        """
        self._forget(moment.replace(hour=0, minute=0, second=0) if off else None)
        while (due := self._next_due()) and due <= moment:
            if due > self.clock.now():
                self.clock.move(due)
            self.settled()
        if moment > self.clock.now():
            self.clock.move(moment)

    def settled(self, seconds: float = 180) -> None:
        """Wait until no run is due or under way."""
        looks = 0

        def quiet() -> bool:
            nonlocal looks
            looks = looks + 1 if self._due() == 0 else 0
            return looks >= _QUIET_LOOKS

        eventually(quiet, seconds)

    def run(self, entrypoint: str, **parameters: Any) -> str:
        """Start a deployed flow by hand, as in Prefect's pages; its run's state, by name."""
        (found,) = (one for one in self.ask("deployments/filter", {}) if one["entrypoint"] == entrypoint)
        run = self.ask(f"deployments/{found['id']}/create_flow_run", {"parameters": parameters})["id"]

        def ended() -> str:
            (row,) = self.ask("flow_runs/filter", {"flow_runs": {"id": {"any_": [run]}}})
            return "" if row["state_type"] in _UNFINISHED else str(row["state_name"])

        return eventually(ended, 120)

    def pause(self, entrypoint: str) -> None:
        """Switch a deployment's schedule off, as in Prefect's pages."""
        (found,) = (one for one in self.ask("deployments/filter", {}) if one["entrypoint"] == entrypoint)
        for schedule in found["schedules"]:
            self.ask(f"deployments/{found['id']}/schedules/{schedule['id']}", {"active": False}, "PATCH")
        self._paused.append(found["id"])

    def ask(self, path: str, question: dict[str, Any] | None = None, method: str = "") -> Any:
        """A question to Prefect's API."""
        secret = b64encode(self.stack.prefect_auth_string.encode()).decode()
        body = None if question is None else json.dumps(question).encode()
        headers = {"content-type": "application/json", "authorization": f"Basic {secret}"}
        address = f"{self.stack.prefect_api_url}/{path}"
        request = urllib.request.Request(address, body, headers, method=method or ("POST" if body else "GET"))
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as response:
            content = response.read()
        return json.loads(content) if content else None

    def names_of_runs(self, state: str) -> list[str]:
        """`flow · state's name` of Prefect's runs of a state type, the latest first."""
        with psycopg.connect(database_urls(self.stack).prefect) as connection:
            rows = connection.execute(
                "SELECT f.name, r.state_name FROM flow_run r JOIN flow f ON f.id = r.flow_id"
                " WHERE r.state_type::text = %s ORDER BY r.expected_start_time DESC",
                (state,),
            ).fetchall()
        return [f"{flow} · {name}" for flow, name in rows]

    def asked_again(self) -> int:
        """How many runs were asked for in place of dead ones."""
        with psycopg.connect(database_urls(self.stack).prefect) as connection:
            row = connection.execute("SELECT count(*) FROM flow_run WHERE idempotency_key LIKE 'again:%'").fetchone()
        return int(row[0]) if row else 0

    def said(self, *words: str) -> str:
        """What a command prints, whatever it ends with."""
        return self.place.said(*words)

    def statuses(self, plan: str) -> dict[str, str]:
        """Every occurrence of a plan with its status."""
        rows = self.rows("SELECT id, status FROM occurrence WHERE plan = %s", plan)
        return {row["id"]: row["status"] for row in rows}

    def notices(self, plan: str) -> Counter[tuple[str, str]]:
        """(key, status) of every notice of a plan."""
        rows = self.rows("SELECT key, status FROM notice WHERE plan = %s", plan)
        return Counter((row["key"], row["status"]) for row in rows)

    def rows(self, query: str, *given: Any) -> list[dict[str, Any]]:
        """What a query of our database finds."""
        with psycopg.connect(database_urls(self.stack).app, row_factory=dict_row) as connection:
            return connection.execute(query, given).fetchall()

    def _forget(self, moment: datetime | None) -> None:
        """What is scheduled before `moment` goes, and what a scheduler that was just at work left of a paused schedule."""
        with psycopg.connect(database_urls(self.stack).prefect) as connection:
            connection.execute(
                "DELETE FROM flow_run WHERE state_type = 'SCHEDULED' AND auto_scheduled"
                " AND (expected_start_time < %s OR deployment_id = ANY(%s::uuid[]))",
                (moment, self._paused),
            )

    def _next_due(self) -> datetime | None:
        with psycopg.connect(database_urls(self.stack).prefect) as connection:
            row = connection.execute(
                "SELECT min(expected_start_time) FROM flow_run WHERE state_type = 'SCHEDULED'"
            ).fetchone()
        return row[0].astimezone(ZONE) if row and row[0] else None

    def _due(self) -> int:
        with psycopg.connect(database_urls(self.stack).prefect) as connection:
            row = connection.execute(
                "SELECT count(*) FROM flow_run WHERE state_type::text = ANY(%s) AND expected_start_time <= %s",
                (_UNFINISHED, self.clock.now()),
            ).fetchone()
        return int(row[0]) if row else 0


@dataclass
class Life(Running):
    """One installation on mail servers of its own."""

    servers: MailServers = field(kw_only=True)

    def answer(self, unit: str, *, machine: bool = False) -> None:
        """A unit answers its last mail with a document attached; a machine does so without an envelope sender."""
        last = self.servers.mails(unit)[-1]
        reply = EmailMessage()
        reply["From"], reply["To"] = unit, str(last["Reply-To"])
        reply["Subject"], reply["In-Reply-To"] = "Re: Đôn đốc", str(last["Message-ID"])
        reply["Message-ID"] = f"<{self.clock.now():%Y%m%d%H%M%S}.{unit}>"
        reply["Date"] = self.clock.now()
        if machine:
            reply["Auto-Submitted"] = "auto-replied"
        reply.set_content("Kính gửi kết quả.")
        reply.add_attachment(PDF, maintype="application", subtype="pdf", filename="Báo cáo.pdf")
        self.servers.send(unit, reply, envelope="" if machine else unit)

    def read_answers(self) -> str:
        """The reply mailbox is read now."""
        state = self.run("flows.receive.receive_mail")
        self.settled()
        return state

    def delivered(self) -> Counter[tuple[str, str]]:
        """(mailbox, Message-ID) of every mail that lies in the office's mailboxes."""
        return Counter(
            (box, str(mail["Message-ID"])) for box in self.servers.boxes() for mail in self.servers.mails(box)
        )
