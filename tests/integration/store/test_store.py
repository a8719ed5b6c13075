"""The store on a real PostgreSQL: migrations, refusals, the chain, the clock, adoption."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from installation import PLAN, Databases, Installation, at

import tasks.store.migrations
from dondoc.foundation.errors import ClockError, LedgerError
from dondoc.foundation.yaml_positions import parse_yaml
from dondoc.ledger.ledger import Break, Draft, Head, timestamp, verify_export
from dondoc.obligations.timing import occurrences
from dondoc.plan.plan_file import read_plan
from tasks.mail.delivery import deliver
from tasks.store import tables
from tasks.store.chain import append, appending, export, head
from tasks.store.connect import DatabaseError, check_version, engine, migrate
from tasks.store.occurrences import UnknownOccurrenceError, tracked_rows
from tasks.store.plans import AdoptionError, adopt, adopted, register_rows
from tasks.store.runs import verify_chain
from tasks.store.settle import check_occurrences

LATEST = max(path.name[:4] for path in (Path(tasks.store.migrations.__file__).parent / "versions").glob("0*.py"))
MIGRATE = "import sys; from tasks.store.connect import migrate; migrate(sys.argv[1])"


def tables_of(url: str) -> set[str]:
    ours = engine(url)
    try:
        return set(sa.inspect(ours).get_table_names())
    finally:
        ours.dispose()


def entry(body: dict[str, Any] | None = None, **changes: Any) -> Draft:
    return replace(Draft("audit.finding", "nho-2024", None, "test", body or {}), **changes)


def count(installation: Installation) -> int:
    return len(installation.ledger())


# -- migrations


def test_an_empty_database_gets_every_table_and_a_second_time_nothing_happens(databases: Databases) -> None:
    owner, _ = databases.empty()
    assert check_version(owner) is None
    migrate(owner)
    first = tables_of(owner)
    migrate(owner)
    assert tables_of(owner) == first == {*tables.metadata.tables, "alembic_version"}
    assert check_version(owner) == LATEST


def test_two_processes_may_migrate_at_once(databases: Databases) -> None:
    owner, _ = databases.empty()
    both = [subprocess.Popen([sys.executable, "-c", MIGRATE, owner], stderr=subprocess.PIPE) for _ in range(2)]
    errors = [child.communicate(timeout=600)[1].decode() for child in both]
    assert [child.returncode for child in both] == [0, 0], errors
    assert check_version(owner) == LATEST


def test_a_database_of_a_newer_version_is_left_alone_with_one_clear_line(databases: Databases) -> None:
    owner, _ = databases.copy()
    with psycopg.connect(owner) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseError, match=r"newer dondoc \(revision 9999\); update dondoc") as caught:
        migrate(owner)
    assert "\n" not in str(caught.value)
    with psycopg.connect(owner) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)


def test_a_database_that_is_not_there_is_one_clear_line(databases: Databases) -> None:
    owner, _ = databases.template
    with pytest.raises(DatabaseError, match="cannot reach the database") as caught:
        migrate(owner.replace("@127.0.0.1", "@127.0.0.1:1", 1).rpartition(":1:")[0] + ":1/nowhere")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("url", ["sqlite:///x.db", "mysql://u@h/d", "", "postgresql"])
def test_another_database_is_refused(url: str) -> None:
    with pytest.raises(DatabaseError, match="must be PostgreSQL"):
        engine(url)


# -- append-only

CHANGES = ("UPDATE ledger SET actor = 'someone'", "DELETE FROM ledger", "TRUNCATE ledger", "TRUNCATE ledger CASCADE")


@pytest.mark.parametrize("statement", CHANGES)
@pytest.mark.parametrize("role", ["owner", "app"])
def test_nobody_changes_the_ledger(installation: Installation, statement: str, role: str) -> None:
    url = installation.owner_url if role == "owner" else installation.app_url
    reason = "append-only" if role == "owner" else "permission denied"
    with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege, match=reason):
        connection.execute(statement)
    assert count(installation) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM notice", "DELETE FROM mail", "DELETE FROM occurrence", "DELETE FROM plan", "DELETE FROM event",
        "UPDATE plan SET year = 2023", "UPDATE plan_version SET body = '{}'", "UPDATE occurrence SET period = ''", "UPDATE mail SET content = ''",
        "UPDATE event SET happened_on = now()", "UPDATE notice SET key = 'x'", "DROP TABLE ledger",
        "ALTER TABLE ledger DISABLE TRIGGER ALL", "UPDATE alembic_version SET version_num = 'x'",
    ],
)  # fmt: skip
def test_the_flows_role_changes_only_what_is_not_evidence(installation: Installation, statement: str) -> None:
    with psycopg.connect(installation.app_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


# -- the chain


def test_stored_columns_equal_the_canonical_bytes(installation: Installation) -> None:
    check_occurrences(installation.engine, installation.rules, installation.plan.id, at("2024-04-05"))
    query = sa.select(tables.ledger).order_by(tables.ledger.c.seq)
    with installation.engine.connect() as connection:
        stored = [dict(found) for found in connection.execute(query).mappings()]
    said = installation.ledger()
    assert len(said) > 20
    for row, entry_said in zip(stored, said, strict=True):
        entry_said.pop("body")
        assert {key: row[key] for key in entry_said} == entry_said


def test_an_export_verifies_offline_and_a_changed_line_breaks_it(installation: Installation) -> None:
    check_occurrences(installation.engine, installation.rules, installation.plan.id, at("2024-04-05"))
    with installation.engine.connect() as connection:
        lines, stands = list(export(connection)), head(connection)
        later = list(export(connection, after=3))
    assert verify_export(lines) == stands == verify_chain(installation.engine)
    assert later == lines[3:]
    lines[4] = lines[4].replace(b'"actor":"dondoc"', b'"actor":"nobody"')
    found = verify_export(lines)
    assert isinstance(found, Break)
    assert found.line == 5


def test_an_edit_by_a_superuser_is_found(installation: Installation) -> None:
    check_occurrences(installation.engine, installation.rules, installation.plan.id, at("2024-01-10"))
    with psycopg.connect(installation.owner_url) as connection:
        connection.execute("ALTER TABLE ledger DISABLE TRIGGER ALL")
        connection.execute("DELETE FROM ledger WHERE seq = 2")
    found = verify_chain(installation.engine)
    assert isinstance(found, Break)
    assert (found.line, found.seq) == (2, 3)


BAD = [
    entry({"score": 0.5}),
    entry({"deep": [{"x": 1.0}]}),
    entry({"half": "\ud800"}),
    entry({"big": 2**53}),
    entry({1: "key"}),  # type: ignore[dict-item]
    entry({"when": datetime.now(UTC)}),
    entry(actor="\ud800"),
    entry(actor="a\0b"),
    entry(run="a\0b"),
    entry(kind="occurrence.invented"),
]


@pytest.mark.parametrize("bad", BAD, ids=lambda draft: f"{draft.kind} {draft.actor!a} {draft.body!a}"[:60])
def test_what_cannot_be_recorded_leaves_nothing_of_its_transaction(installation: Installation, bad: Draft) -> None:
    def decide_badly() -> None:
        with appending(installation.engine) as connection:
            append(connection, at("2024-01-03"), [entry({"fine": 1})])
            connection.execute(tables.occurrence.update().values(last_seq=99))
            append(connection, at("2024-01-03"), [entry(), bad])

    with pytest.raises(LedgerError) as caught:
        decide_badly()
    assert "\n" not in str(caught.value)
    assert count(installation) == 1
    with installation.engine.connect() as connection:
        assert set(connection.scalars(sa.select(tables.occurrence.c.last_seq))) == {1}


def test_odd_texts_that_can_be_recorded_come_back_as_they_were(installation: Installation) -> None:
    odd = {"text": "x\0y \u2028 \x1b[0m ﷺ 👩‍👩‍👧 e\u0301 \ufeff", "": "", "n": -(2**53 - 1), "t": True, "none": None}
    with appending(installation.engine) as connection:
        append(connection, at("2024-01-03"), [entry(odd)])
    assert installation.ledger("audit")[0]["body"] == odd
    assert isinstance(verify_chain(installation.engine), Head)


# -- the clock


def test_a_clock_set_backwards_stops_with_one_line_and_writes_nothing(installation: Installation) -> None:
    check_occurrences(installation.engine, installation.rules, installation.plan.id, at("2024-02-01"))
    before, states = count(installation), installation.states()
    with pytest.raises(ClockError, match="set the clock right, nothing was written") as caught:
        installation.act("ke-hoach/quy-mot/2024-Q1", "submit", at("2024-02-01") - timedelta(minutes=11), document="1")
    assert "\n" not in str(caught.value)
    assert (count(installation), installation.states()) == (before, states)


def test_a_few_seconds_back_are_taken_as_the_last_entrys_time(installation: Installation) -> None:
    check_occurrences(installation.engine, installation.rules, installation.plan.id, at("2024-02-01"))
    installation.act("ke-hoach/quy-mot/2024-Q1", "submit", at("2024-02-01") - timedelta(seconds=5), document="1")
    assert installation.ledger("occurrence.submitted")[0]["at"] == timestamp(at("2024-02-01"))


def test_a_decision_clamped_over_midnight_falls_on_the_day_its_entry_bears(installation: Installation) -> None:
    check_occurrences(installation.engine, installation.rules, installation.plan.id, at("2024-02-01"))
    with appending(installation.engine) as connection:
        append(connection, at("2024-02-02", "00:00"), [entry()])
    installation.act("ke-hoach/quy-mot/2024-Q1", "submit", at("2024-02-01", "23:59"), document="1")
    assert installation.states()["nho-2024/ke-hoach/quy-mot/2024-Q1"]["submitted_on"] == "2024-02-02"
    assert installation.folded() == installation.states()


def test_utc_and_local_clocks_come_to_the_same_states_and_entries(installation: Installation) -> None:
    """At 00:30 in the office it is still the day before in UTC."""
    other = installation.copy()
    told: list[list[tuple[Any, ...]]] = []
    for place, zone in ((installation, None), (other, UTC)):
        for day in ("2024-03-29", "2024-04-01", "2024-04-02", "2024-04-10"):
            now = at(day, "00:30") + timedelta(days=1)
            now = now.astimezone(zone) if zone else now
            check_occurrences(place.engine, place.rules, place.plan.id, now)
            deliver(place.morning(now))
        told.append([(e["at"], e["kind"], e["occurrence"], str(e["body"])) for e in place.ledger()])
        assert place.folded() == place.states()
        assert {mail.morning.isoformat() for mail in place.mails()} == {
            "2024-03-30",
            "2024-04-02",
            "2024-04-03",
            "2024-04-11",
        }
    assert any(state["late_notice_accepted_on"] for state in installation.states().values())
    assert installation.states() == other.states()
    assert told[0] == told[1]


# -- adoption


def test_the_register_in_the_ledger_equals_the_table_and_the_plan(installation: Installation) -> None:
    plan, rules = installation.plan, installation.rules
    (adoption,) = installation.ledger("plan.adopted")
    with installation.engine.connect() as connection:
        table = [row.occurrence for row in tracked_rows(connection, plan.id)]
        assert adopted(connection, plan.id) == plan
    assert adoption["body"]["register"] == register_rows(table)
    assert table == list(occurrences(plan, rules.policy, rules.calendar))


def test_adopting_twice_changes_nothing(installation: Installation) -> None:
    rules = installation.rules
    assert not adopt(installation.engine, installation.plan, rules.policy, rules.calendar, at("2024-01-05"), "test")
    assert count(installation) == 1


def test_another_version_of_an_adopted_plan_is_refused(installation: Installation) -> None:
    rules = installation.rules
    other = read_plan(parse_yaml(PLAN.replace("{quarter: 2}", "{quarter: 3}"), "plan.yaml"), rules.office)
    with pytest.raises(AdoptionError, match="adopted in another version") as caught:
        adopt(installation.engine, other, rules.policy, rules.calendar, at("2024-01-05"), "test")
    assert "\n" not in str(caught.value)
    assert count(installation) == 1


def test_a_plan_nobody_adopted_is_one_clear_line(installation: Installation) -> None:
    with pytest.raises(AdoptionError, match="is not adopted"):
        check_occurrences(installation.engine, installation.rules, "nho-2031", at("2024-01-05"))


def test_an_occurrence_nobody_registered_is_one_clear_line(installation: Installation) -> None:
    with pytest.raises(UnknownOccurrenceError, match="no occurrence 'nho-2024/x/y/z'"):
        installation.act("x/y/z", "submit", at("2024-01-05"), document="1")


# -- a busy stretch


def test_every_state_is_its_fold_after_a_busy_stretch(installation: Installation) -> None:
    """Three months with refused addresses, returns, extensions, waivers and lateness: nothing but the ledger says it."""
    installation.post.refuse("ttcbth@vpub.quangngai.example", "giam-doc-ttcbth@vpub.quangngai.example")
    calendar, day = installation.rules.calendar, at("2024-01-02").date()
    acts: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
        "2024-01-26": [("chi-so/ket-qua/2024-01", "submit", {"note": "đủ số liệu"})],
        "2024-01-30": [("chi-so/ket-qua/2024-01", "return", {"reason": "thiếu"})],
        "2024-02-20": [("chi-so/ket-qua/2024-01", "submit", {"document": "2/BC"})],
        "2024-02-21": [("chi-so/ket-qua/2024-01", "accept", {})],
        "2024-02-23": [
            ("chi-so/ket-qua/2024-02", "extend_request", {"until": at("2024-03-08").date(), "reason": "chờ"}),
            ("chi-so/ket-qua/2024-02", "raise_difficulty", {"reason": "mất mạng"}),
        ],
        "2024-02-26": [("chi-so/ket-qua/2024-02", "extend", {"until": at("2024-03-08").date(), "reason": "được"})],
        "2024-03-20": [("phan-anh/niem-yet/2024-Q1", "acknowledge", {})],
        "2024-04-03": [
            (
                "ke-hoach/quy-mot/2024-Q1",
                "waive",
                {"reason": "gộp", "document": "1/QĐ", "signed": at("2024-04-02").date()},
            )
        ],
    }
    while day <= at("2024-04-12").date():
        for occurrence, name, given in acts.get(day.isoformat(), ()):
            installation.act(occurrence, name, at(day.isoformat(), "07:30"), **given)
        check_occurrences(installation.engine, installation.rules, installation.plan.id, at(day.isoformat(), "08:00"))
        deliver(installation.morning(at(day.isoformat())))
        day = calendar.add(day, 1)
    kinds = {e["kind"] for e in installation.ledger()}
    assert {"notice.failed", "notice.sent", "escalation.raised", "occurrence.waived", "occurrence.returned"} <= kinds
    assert installation.folded() == installation.states()
    assert isinstance(verify_chain(installation.engine), Head)
    assert {notice.status for notice in installation.notices()} <= {"sent", "failed", "withheld"}
    mornings = [(mail.address, mail.morning) for mail in installation.mails() if mail.status == "sent"]
    assert len(mornings) == len(set(mornings)), "one mail an address and morning"


def test_the_migrations_make_the_tables_that_the_code_sees(installation: Installation) -> None:
    with installation.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": False})
        assert compare_metadata(context, tables.metadata) == []
