"""A small installation for tests: its own PostgreSQL database, a real SMTP server in a thread, the real configuration."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from email import message_from_bytes
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
import sqlalchemy as sa
from aiosmtpd.smtp import SMTP, Envelope, Session

import flows.after_event
import flows.collect
import flows.continuous
import flows.daily_check
import flows.inspection
import flows.issue
import flows.next_year
import flows.report
import flows.sweep
from dondoc.foundation.yaml_positions import parse_yaml
from dondoc.ledger.ledger import Draft
from dondoc.obligations.acts import Act
from dondoc.obligations.lifecycle import fold, to_json
from dondoc.office.office import read_office
from dondoc.office.rules import Rules
from dondoc.plan.plan import Plan
from dondoc.plan.plan_file import read_plan
from operations.stack.databases import DatabaseUrls
from tasks.config.loading import load_rules, read_plan_file
from tasks.config.run_context import RunContext
from tasks.config.run_context import own_engine as process_engine
from tasks.config.settings import Settings, read_settings, settings
from tasks.mailbox.server import Mailbox, serve_smtp
from tasks.runs.sweep import check_ledger, send_mail
from tasks.store import tables
from tasks.store.connect import engine, migrate
from tasks.store.occurrences import tracked_rows
from tasks.store.plans import adopt
from tasks.store.settle import Checked, record_act

CONFIG = Path(__file__).parents[2] / "config"
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
PLAN = """
plan: nho
year: 2024
title: Kế hoạch nhỏ năm {year}
office: Văn phòng Ủy ban nhân dân tỉnh Quảng Ngãi
adopted_on: 2024-01-02
events:
  - {id: kh-tinh, title: UBND tỉnh ban hành Kế hoạch chuyển đổi số}
items:
  - id: ke-hoach
    ref: II.1.e
    title: Kế hoạch theo dõi thi hành pháp luật
    text: Ban hành các Kế hoạch
    shape: issue
    lead: [hcqt]
    coordinating: [toan-the]
    obligations:
      - {id: quy-mot, deliverable: Kế hoạch theo dõi, phrase: "Quý I/{year}.", timing: {quarter: 1}}
      - {id: quy-hai, deliverable: Kế hoạch rà soát, phrase: "Quý II/{year}.", timing: {quarter: 2}}
  - id: chi-so
    ref: II.2.c
    title: Chỉ số phục vụ hằng tháng
    text: Chất lượng phục vụ
    shape: collect
    lead: [ttpvks]
    obligations:
      - {id: ket-qua, deliverable: Kết quả đánh giá, phrase: Định kỳ hàng tháng., timing: {every: month}, reading: hạn là ngày cuối tháng}
  - id: kiem-soat
    ref: II.2.a
    title: Kiểm tra và báo cáo
    text: Kiểm soát
    shape: inspection
    lead: [ttpvks]
    obligations:
      - {id: kiem-tra, deliverable: kiểm tra, phrase: trước ngày 30/11, timing: {before: "11-30", opens: "04-01"}}
      - {id: bao-cao, deliverable: báo cáo, phrase: và báo cáo, timing: {by: "12-31", opens: "04-01"}, needs: [kiem-tra]}
  - id: phan-anh
    ref: II.2.k
    title: Niêm yết thông báo tiếp nhận phản ánh
    text: Niêm yết
    shape: continuous
    lead: [ttcbth]
    coordinating: [hcqt]
    obligations:
      - {id: niem-yet, deliverable: Thông báo, phrase: Thường xuyên trong năm., timing: {continuous: true}, reading: không quy định kỳ}
  - id: chuyen-doi-so
    ref: II.6.d
    title: Kế hoạch chuyển đổi số
    text: Ban hành Kế hoạch
    shape: after_event
    lead: [ttcbth]
    obligations:
      - {id: ke-hoach, deliverable: Kế hoạch, phrase: Sau khi UBND tỉnh ban hành., timing: {after: kh-tinh}}
  - id: bao-cao
    ref: III.3
    title: Báo cáo tiến độ
    text: Báo cáo
    shape: report
    lead: [hcqt]
    obligations:
      - {id: tien-do, deliverable: Báo cáo tiến độ, phrase: báo cáo lãnh đạo, timing: {every: policy}, reading: không quy định kỳ}
"""

HCQT = "hcqt@vpub.quangngai.example"
TTPVKS = "ttpvks@vpub.quangngai.example"
TTCBTH = "ttcbth@vpub.quangngai.example"
HEAD_HCQT = TRACKER = "truong-hcqt@vpub.quangngai.example"
HEAD_TTPVKS = "giam-doc-ttpvks@vpub.quangngai.example"


def at(day: str, clock: str = "08:30") -> datetime:
    """That day at that time in the office's zone."""
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZONE)


class Post(Mailbox):
    """The local mailbox, and what a test wants it to say: `replies[address]` are given one a mail, then it accepts."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.accepted: list[tuple[str, str, bytes]] = []  # address, Message-ID, content
        self.senders: list[str] = []  # the envelope sender of each
        self.replies: dict[str, list[str]] = defaultdict(list)
        self.on_data: Callable[[str], None] = lambda _moment: None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Offered, then kept, then answered."""
        self.on_data("offered")
        (address,) = envelope.rcpt_tos
        if self.replies[address]:
            return self.replies[address].pop(0)
        await super().handle_DATA(server, session, envelope)
        content = envelope.original_content or b""
        self.senders.append(envelope.mail_from or "")
        self.accepted.append((address, str(message_from_bytes(content)["Message-ID"]), content))
        self.on_data("kept")
        return "250 2.0.0 kept"

    def refuse(self, *addresses: str) -> None:
        """No such mailbox, from now on."""
        for address in addresses:
            self.replies[address] = ["550 5.1.1 no such mailbox"] * 99

    def boxes(self) -> list[str]:
        """The address of every mail accepted so far, in order."""
        return [address for address, _, _ in self.accepted]

    def ids(self, address: str) -> set[str]:
        """The Message-IDs that address was sent."""
        return {message_id for to, message_id, _ in self.accepted if to == address}

    def text(self, address: str) -> str:
        """Everything that address was told, as plain text."""
        return "\n".join(
            part.get_payload(decode=True).decode()  # type: ignore[union-attr]
            for to, _, content in self.accepted
            if to == address
            for part in message_from_bytes(content).walk()
            if part.get_content_type() == "text/plain"
        )


class PostOffice:
    """A real SMTP server on a port of its own, in a thread; it can be closed and opened again on the same port."""

    def __init__(self, folder: Path) -> None:
        self.post = Post(folder)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.open()

    def open(self) -> None:
        """Listen."""
        self._server = self._await(serve_smtp(self.post, self.port))
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Refuse connections."""
        assert self._server is not None
        server = self._server

        async def closing() -> None:
            server.close()

        self._await(closing())

    def stop(self) -> None:
        """Close and end the thread."""

        async def leave() -> None:
            left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            await asyncio.sleep(0)

        self.close()
        self._await(leave())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _await(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(20)


@dataclass
class Installation:
    """One database with one adopted plan, and everything a run needs."""

    engine: sa.Engine
    app_url: str
    owner_url: str
    settings: Settings
    rules: Rules
    plan: Plan
    office: PostOffice
    copy: Callable[[], Installation] = field(repr=False)

    @property
    def post(self) -> Post:
        return self.office.post

    def morning(self, now: datetime, item: str | None = None, dry_run: bool = False) -> RunContext:
        """A run's surroundings at that moment."""
        return RunContext(self.settings, self.rules, self.engine, self.plan.id, item, now, None, dry_run)

    def with_office(self, change: Callable[[str], str]) -> None:
        """Change an office.yaml text, as an operator would."""
        text = change((CONFIG / "office.yaml").read_text(encoding="utf-8"))
        self.rules = replace(self.rules, office=read_office(parse_yaml(text, "office.yaml")))

    def act(self, occurrence: str, name: str, now: datetime, actor: str = "test", **given: Any) -> Checked:
        """Somebody acts on `item/obligation/period`."""
        return record_act(self.engine, self.rules, f"{self.plan.id}/{occurrence}", Act(name, **given), now, actor)  # type: ignore[arg-type]

    def submit(self, occurrence: str, now: datetime) -> Checked:
        """The unit hands in."""
        return self.act(occurrence, "submit", now, document="1/KH")

    def ledger(self, kind: str = "") -> list[dict[str, Any]]:
        """The entries whose kind starts so, in order, as read from their canonical bytes."""
        query = sa.select(tables.ledger.c.line).order_by(tables.ledger.c.seq)
        with self.engine.connect() as connection:
            found = [json.loads(bytes(line)) for line in connection.scalars(query)]
        return [entry for entry in found if entry["kind"].startswith(kind)]

    def notices(self, **where: str) -> list[Any]:
        """Rows of the outbox."""
        query = sa.select(tables.notice).order_by(tables.notice.c.key).filter_by(**where)
        with self.engine.connect() as connection:
            return list(connection.execute(query))

    def mails(self) -> list[Any]:
        """The kept mails."""
        with self.engine.connect() as connection:
            return list(connection.execute(sa.select(tables.mail).order_by(tables.mail.c.id)))

    def states(self) -> dict[str, dict[str, Any]]:
        """The kept state of every occurrence, as JSON."""
        with self.engine.connect() as connection:
            return {found.occurrence.id: to_json(found.state) for found in tracked_rows(connection, self.plan.id)}

    def folded(self) -> dict[str, dict[str, Any]]:
        """The state of every occurrence folded anew from the ledger, each entry on its local day."""
        entries: dict[str, list[tuple[Draft, date]]] = defaultdict(list)
        for e in self.ledger():
            if e["occurrence"]:
                day = datetime.fromisoformat(e["at"]).astimezone(ZONE).date()
                draft = Draft(e["kind"], e["plan"], e["occurrence"], e["actor"], e["body"], e["run"])
                entries[e["occurrence"]].append((draft, day))
        with self.engine.connect() as connection:
            found = [row.occurrence for row in tracked_rows(connection, self.plan.id)]
        return {occurrence.id: to_json(fold(occurrence, entries[occurrence.id])) for occurrence in found}


class Mortal:
    """The process that forks sweeps (`mortal.py`)."""

    def __init__(self) -> None:
        command = [sys.executable, str(Path(__file__).with_name("mortal.py"))]
        home = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=home)
        self._answer()
        self.pid = 0

    def sweep(self, installation: Installation, now: datetime, *die: Any, copies: int = 1) -> int:
        """Run a sweep that dies as told, or several side by side; how it ended (the gravest of them)."""
        environ = {
            "DONDOC_VAR": str(installation.settings.var),
            "DONDOC_STORE_URL": installation.app_url,
            "DONDOC_MAIL_PORT": str(installation.office.port),
        }
        order = {"environ": environ, "plan": installation.plan.id, "as_of": now.isoformat(), "die": die or None,
                 "copies": copies}  # fmt: skip
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps(order) + "\n")
        self._child.stdin.flush()
        self.pid = self._answer()["pid"]
        return int(self._answer()["status"])

    def stop(self) -> None:
        """No more sweeps."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.close()
        self._child.wait(10)
        self._child.stdout.close()

    def _answer(self) -> dict[str, int]:
        assert self._child.stdout is not None
        return dict(json.loads(self._child.stdout.readline()))


_numbers = itertools.count(1)


class Databases:
    """Copies of one migrated database: 50 ms each."""

    def __init__(self, urls: DatabaseUrls) -> None:
        self._urls = urls
        # Clients are killed here, the server and the machine are not: nothing has to reach the disk.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            self._admin(f"ALTER SYSTEM SET {setting} = off")
        self._admin("SELECT pg_reload_conf()")
        self.template = self.empty()
        migrate(self.template[0])

    def empty(self) -> tuple[str, str]:
        """A new database without tables: the owner's URL and the limited role's."""
        name = f"dondoc_{next(_numbers)}"
        self._admin(f"CREATE DATABASE {name} OWNER dondoc_owner")
        return self._named(name)

    def copy(self, of: tuple[str, str] | None = None) -> tuple[str, str]:
        """A new database as `of` (or the migrated, empty one) is; nobody may be connected to that."""
        name = f"dondoc_{next(_numbers)}"
        source = (of or self.template)[0].rpartition("/")[2]
        self._admin(f"CREATE DATABASE {name} TEMPLATE {source} OWNER dondoc_owner")
        return self._named(name)

    def _named(self, name: str) -> tuple[str, str]:
        return tuple(url.rpartition("/")[0] + f"/{name}" for url in (self._urls.owner, self._urls.app))  # type: ignore[return-value]

    def _admin(self, statement: str) -> None:
        with psycopg.connect(self._urls.admin, autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture(scope="session")
def databases(postgres: DatabaseUrls) -> Databases:
    """Where tests get a database of their own."""
    return Databases(postgres)


@pytest.fixture(scope="session")
def mortal() -> Iterator[Mortal]:
    """Sweeps in processes of their own."""
    started = Mortal()
    yield started
    started.stop()


@pytest.fixture
def post_office(tmp_path: Path) -> Iterator[PostOffice]:
    """A running SMTP server."""
    office = PostOffice(tmp_path / "mail")
    yield office
    office.stop()


@contextmanager
def installations(
    databases: Databases, post_office: PostOffice, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Installation]]:
    """Installations on databases of their own; the last one made is what this process's settings name."""
    engines: list[sa.Engine] = []
    apps: list[str] = []

    def make(plan: Plan | None = None, of: Installation | None = None) -> Installation:
        if of:
            of.engine.dispose()
            process_engine(of.app_url).dispose()
        owner, app = databases.copy((of.owner_url, of.app_url) if of else None)
        environ = {
            "DONDOC_VAR": str(folder / "var"),
            "DONDOC_STORE_URL": app,
            "DONDOC_MAIL_PORT": str(post_office.port),
            "DONDOC_FIGURES": str(folder / "figures"),
        }
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        rules = load_rules(CONFIG)
        chosen = plan or (of.plan if of else read_plan(parse_yaml(PLAN, "plan.yaml"), rules.office))
        ours = engine(app)
        engines.append(ours)
        apps.append(app)
        if not of:
            adopt(ours, chosen, rules.policy, rules.calendar, at("2024-01-02", "07:30"), "test")
        made = Installation(
            ours, app, owner, read_settings(environ), rules, chosen, post_office, lambda: make(chosen, made)
        )
        return made

    yield make
    for ours in engines:
        ours.dispose()
    settings.cache_clear()
    for app in apps:
        process_engine(app).dispose()
    process_engine.cache_clear()


@pytest.fixture
def make_installation(
    databases: Databases, post_office: PostOffice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Installation]]:
    """Installations for one test."""
    with installations(databases, post_office, tmp_path, monkeypatch) as make:
        yield make


@pytest.fixture
def installation(make_installation: Callable[..., Installation]) -> Installation:
    """The small plan, adopted, nothing looked at yet."""
    return make_installation()


@pytest.fixture
def whole_plan(make_installation: Callable[..., Installation]) -> Installation:
    """The real plan of 2024, adopted, nothing looked at yet."""
    return make_installation(read_plan_file(CONFIG / "plans/2024.yaml", load_rules(CONFIG).office))


@pytest.fixture
def plain_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flows call the functions behind their Prefect tasks: no Prefect server is asked."""
    monkeypatch.setattr(flows.sweep, "send_mail", send_mail.fn)
    monkeypatch.setattr(flows.sweep, "check_ledger", check_ledger.fn)
    monkeypatch.setattr(flows.daily_check, "check_ledger", check_ledger.fn)
