"""One row that cannot be read, or a kept mail that is not what it was, stops only itself and is told."""

from __future__ import annotations

import psycopg
from installation import HCQT, TTCBTH, TTPVKS, Installation, at
from psycopg.types.json import Jsonb

from flows.sweep import sweep
from tasks.mail.delivery import deliver
from tasks.store.runs import verify_chain
from tasks.store.settle import check_occurrences

DAMAGED = "nho-2024/chi-so/ket-qua/2024-01"


def spoil(installation: Installation, table: str, where: str, column: str, value: object) -> None:
    """Change a row as a failing disk or somebody's hand would: past the limited role's rights."""
    with psycopg.connect(installation.owner_url) as owner:
        done = owner.execute(f"UPDATE {table} SET {column} = %s WHERE {where}", (value,))
        assert done.rowcount


def queue(installation: Installation, day: str = "2024-04-05") -> None:
    check_occurrences(installation.engine, installation.rules, installation.plan.id, at(day, "08:00"))


def test_a_notice_of_an_unknown_kind_stays_and_all_others_leave(installation: Installation) -> None:
    queue(installation)
    spoil(installation, "notice", f"occurrence = '{DAMAGED}'", "kind", "khong-ro")
    spoiled = {found.key for found in installation.notices(kind="khong-ro")}
    posted = deliver(installation.morning(at("2024-04-05")))
    assert {HCQT, TTCBTH} <= set(installation.post.boxes())
    assert {found.status for found in installation.notices() if found.key not in spoiled} == {"sent"}
    assert {found.status for found in installation.notices(kind="khong-ro")} == {"queued"}
    assert set(posted.unreadable) == spoiled
    assert "unknown kind 'khong-ro'" in posted.fault


def test_an_occurrence_whose_state_is_damaged_stops_neither_look_nor_mail_of_the_others(
    installation: Installation,
    plain_tasks: None,  # noqa: ARG001
) -> None:
    spoil(installation, "occurrence", f"id = '{DAMAGED}'", "state", Jsonb({"status": "khong-ro"}))
    state = sweep.fn(installation.plan.id, as_of=at("2024-04-05"))
    assert state.name == "Failed"
    assert DAMAGED in state.message
    assert {HCQT, TTCBTH, TTPVKS} <= set(installation.post.boxes())
    assert {found.status for found in installation.notices()} == {"sent"}
    assert DAMAGED not in {found.occurrence for found in installation.notices()}
    assert verify_chain(installation.engine)


def test_an_occurrence_damaged_after_its_notice_was_queued_keeps_that_one_back(installation: Installation) -> None:
    queue(installation)
    spoil(installation, "occurrence", f"id = '{DAMAGED}'", "state", Jsonb({}))
    posted = deliver(installation.morning(at("2024-04-05")))
    left = {found.occurrence for found in installation.notices(status="queued")}
    assert left == {DAMAGED}
    assert {key.partition("|")[0] for key in posted.unreadable} == {DAMAGED}
    assert HCQT in installation.post.boxes()


def test_a_kept_mail_is_compared_with_its_hash_before_it_leaves(installation: Installation) -> None:
    installation.post.replies[HCQT] = ["451 4.3.0 later"]
    queue(installation)
    deliver(installation.morning(at("2024-04-05", "08:30")))
    (kept,) = [mail for mail in installation.mails() if mail.status == "ready"]
    spoil(
        installation, "mail", f"id = '{kept.id}'", "content", bytes(kept.content).replace(b"Message-ID", b"Message-Id")
    )
    posted = deliver(installation.morning(at("2024-04-05", "10:30")))
    assert posted.damaged == [kept.message_id]
    assert "were not the bytes they had been" in posted.fault
    assert b"Message-Id:" not in b"".join(content for _, _, content in installation.post.accepted)
    # What it said is written anew and arrives, and the damage stands in the ledger.
    deliver(installation.morning(at("2024-04-05", "10:35")))
    assert installation.post.boxes().count(HCQT) == 1
    assert {found.status for found in installation.notices()} == {"sent"}
    (finding,) = [entry["body"] for entry in installation.ledger("audit.finding")]
    assert finding["message_id"] == kept.message_id
