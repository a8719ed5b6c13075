"""The outbox over real SMTP: one mail a mailbox and morning, other routes, later attempts, nothing lost."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from installation import HCQT, HEAD_HCQT, HEAD_TTPVKS, TRACKER, TTCBTH, TTPVKS, Installation, at

from dondoc.ledger.ledger import Head
from dondoc.obligations.acts import Act
from tasks.mail.delivery import DeliveryResult, deliver
from tasks.mail.routes import routes
from tasks.mail.sending import MOST_ATTEMPTS
from tasks.store import tables
from tasks.store.outbox import next_attempt
from tasks.store.runs import verify_chain
from tasks.store.settle import check_occurrences, record_act

Q1 = "ke-hoach/quy-mot/2024-Q1"
JANUARY = "chi-so/ket-qua/2024-01"
QUARTER = "phan-anh/niem-yet/2024-Q1"


def sweep(installation: Installation, day: str, clock: str = "08:30") -> DeliveryResult:
    now = at(day, clock)
    check_occurrences(installation.engine, installation.rules, installation.plan.id, now)
    return deliver(installation.morning(now))


def recorded(installation: Installation, kind: str) -> list[dict[str, Any]]:
    return [entry["body"] for entry in installation.ledger(kind)]


def assert_whole(installation: Installation) -> None:
    """The chain holds, the states are its fold, and every notice that left was recorded exactly once."""
    assert isinstance(verify_chain(installation.engine), Head)
    assert installation.folded() == installation.states()
    sent = Counter(
        (e["occurrence"], e["body"]["checkpoint"], e["body"]["recipient"]) for e in installation.ledger("notice.sent")
    )
    assert all(number == 1 for number in sent.values())
    assert set(sent) == {(n.occurrence, n.checkpoint, n.recipient) for n in installation.notices(status="sent")}


# -- one mail a mailbox and morning


def test_each_mailbox_gets_one_mail_with_everything_owed(installation: Installation) -> None:
    posted = sweep(installation, "2024-04-05")
    boxes = installation.post.boxes()
    assert posted.sent == len(boxes) == len(set(boxes))
    assert {HCQT, TTPVKS, TTCBTH} <= set(boxes)
    assert len(installation.notices()) > len(boxes)
    assert {notice.status for notice in installation.notices()} == {"sent"}
    assert_whole(installation)
    assert sweep(installation, "2024-04-05").sent == 0


def test_two_hats_on_one_mailbox_get_one_mail(installation: Installation) -> None:
    """head:hcqt and role:tracker share truong-hcqt@: the unit head's escalation and the tracker's news go together."""
    sweep(installation, "2024-04-01")
    installation.submit(JANUARY, at("2024-04-04", "07:30"))
    installation.post.accepted.clear()
    sweep(installation, "2024-04-04")
    owed = [n for n in installation.notices() if n.recipient in ("head:hcqt", "role:tracker")]
    assert {n.recipient for n in owed} == {"head:hcqt", "role:tracker"}
    assert installation.post.boxes().count(TRACKER) == 1
    assert len({n.mail for n in owed}) == 1
    assert_whole(installation)


def test_a_mailbox_written_in_capitals_is_the_same_mailbox(installation: Installation) -> None:
    installation.with_office(
        lambda text: text.replace(f"tracker, title: Trưởng phòng Hành chính - Quản trị, email: {TRACKER}",
                                  f"tracker, title: Trưởng phòng Hành chính - Quản trị, email: {TRACKER.title()}")
    )  # fmt: skip
    sweep(installation, "2024-04-01")
    installation.submit(JANUARY, at("2024-04-04", "07:30"))
    installation.post.accepted.clear()
    sweep(installation, "2024-04-04")
    assert [box.lower() for box in installation.post.boxes()].count(TRACKER) == 1


def test_a_notice_key_is_unique(installation: Installation) -> None:
    sweep(installation, "2024-04-05")
    copy = "INSERT INTO notice (key, plan, occurrence, checkpoint, kind, recipient, body, seq, status) SELECT key, plan, occurrence, checkpoint, kind, recipient, body, seq, 'queued' FROM notice LIMIT 1"
    with psycopg.connect(installation.app_url) as connection, pytest.raises(psycopg.errors.UniqueViolation):
        connection.execute(copy)


# -- refused


def test_a_refused_mail_goes_by_the_next_route_in_the_same_sweep(installation: Installation) -> None:
    installation.post.refuse(TTPVKS)
    posted = sweep(installation, "2024-04-05")
    assert posted.refused == 1
    assert installation.post.boxes().count(HEAD_TTPVKS) == 1
    failures = recorded(installation, "notice.failed")
    assert {(f["recipient"], f["address"], f["final"]) for f in failures} == {("unit:ttpvks", TTPVKS, False)}
    assert {f["reply"] for f in failures} == {"550 5.1.1 no such mailbox"}
    assert not installation.notices(kind="undelivered")
    assert {n.status for n in installation.notices()} == {"sent"}
    assert installation.states()[f"nho-2024/{JANUARY}"]["late_notice_accepted_on"] == "2024-04-05"
    assert_whole(installation)


def test_a_refusal_gives_nobody_a_second_mail_that_morning(installation: Installation) -> None:
    """hcqt's notices go on to truong-hcqt@, which has the tracker's own mail to get as well."""
    check_occurrences(installation.engine, installation.rules, "nho-2024", at("2024-04-01", "08:00"))
    installation.submit(JANUARY, at("2024-04-01", "08:10"))
    installation.post.refuse(HCQT, TTCBTH, "giam-doc-ttcbth@vpub.quangngai.example")
    sweep(installation, "2024-04-01")
    assert set(Counter(installation.post.boxes()).values()) == {1}
    assert {"unit:hcqt", "role:tracker"} <= {n.recipient for n in installation.notices() if TRACKER in (n.mail or "")}
    assert_whole(installation)


def test_with_no_route_left_the_failure_is_final_and_the_tracker_is_told_once(installation: Installation) -> None:
    installation.post.refuse(TTPVKS, HEAD_TTPVKS)
    posted = sweep(installation, "2024-04-05")
    assert posted.refused == 2
    final = [f for f in recorded(installation, "notice.failed") if f["final"]]
    assert {(f["recipient"], f["address"]) for f in final} == {("unit:ttpvks", HEAD_TTPVKS)}
    told = installation.notices(kind="undelivered")
    assert len(told) == len(final)
    assert {(n.recipient, n.status) for n in told} == {("role:tracker", "sent")}
    assert installation.post.boxes().count(TRACKER) == 1
    assert TTPVKS in installation.post.text(TRACKER) or HEAD_TTPVKS in installation.post.text(TRACKER)
    state = installation.states()[f"nho-2024/{JANUARY}"]
    assert (state["late_notice_accepted_on"], state["late_notice_failed_on"]) == (None, "2024-04-05")
    assert_whole(installation)
    sweep(installation, "2024-04-08")
    assert len(
        [n for n in installation.notices(kind="undelivered") if n.checkpoint in {t.checkpoint for t in told}]
    ) == len(told)


def test_a_tracker_nobody_reaches_ends_without_a_circle(installation: Installation) -> None:
    installation.post.refuse(TTPVKS, HEAD_TTPVKS, TRACKER)
    sweep(installation, "2024-04-05")
    assert {n.status for n in installation.notices(kind="undelivered")} == {"failed"}
    assert not any("undelivered:undelivered" in n.key for n in installation.notices())
    assert sweep(installation, "2024-04-05", "09:30").sent == 0
    assert_whole(installation)


def test_a_head_who_shares_the_units_mailbox_is_one_route(installation: Installation) -> None:
    installation.with_office(lambda text: text.replace(f"head_email: {HEAD_TTPVKS}", f"head_email: {TTPVKS.upper()}"))
    assert [a.address for a in routes(installation.morning(at("2024-04-05")), "unit:ttpvks")] == [TTPVKS]
    installation.post.refuse(TTPVKS)
    assert sweep(installation, "2024-04-05").refused == 1
    assert all(f["final"] for f in recorded(installation, "notice.failed"))
    assert_whole(installation)


def test_an_address_corrected_back_is_offered_the_same_mail_again(installation: Installation) -> None:
    """Refused at A, office.yaml then names A as the next route: no clash of keys, and no notice is stuck."""
    installation.post.refuse(TTPVKS)
    installation.post.replies[HEAD_TTPVKS] = ["451 4.3.0 later"]
    sweep(installation, "2024-04-05")
    with psycopg.connect(installation.owner_url) as connection:  # as if killed between the refusal and the new letter
        connection.execute("UPDATE notice SET status = 'queued', mail = NULL WHERE recipient = 'unit:ttpvks'")
        connection.execute("DELETE FROM mail WHERE address = %s", [HEAD_TTPVKS])
    installation.with_office(
        lambda text: text.replace(f"email: {TTPVKS}", "email: moi@x.example", 1).replace(HEAD_TTPVKS, TTPVKS, 1)
    )
    installation.post.replies.clear()
    deliver(installation.morning(at("2024-04-05", "10:00")))
    assert {n.status for n in installation.notices(recipient="unit:ttpvks")} == {"sent"}


def test_a_unit_that_office_yaml_no_longer_knows_does_not_stop_the_others(installation: Installation) -> None:
    check_occurrences(installation.engine, installation.rules, "nho-2024", at("2024-04-05"))
    installation.with_office(lambda text: text.replace("ttcbth", "ttcbth-moi"))
    posted = deliver(installation.morning(at("2024-04-05")))
    assert posted.sent >= 2
    assert {w["reason"] for w in recorded(installation, "notice.withheld") if w.get("recipient") == "unit:ttcbth"} == {
        "no_address"
    }
    assert_whole(installation)


# -- later


def test_a_temporary_failure_sends_the_kept_bytes_later_under_the_same_id(installation: Installation) -> None:
    installation.post.replies[TTPVKS] = ["451 4.7.1 greylisted"]
    posted = sweep(installation, "2024-04-05")
    assert posted.waiting == 1
    (kept,) = [mail for mail in installation.mails() if mail.address == TTPVKS]
    assert (kept.status, kept.attempts, kept.reply) == ("ready", 1, "451 4.7.1 greylisted")
    assert sweep(installation, "2024-04-05", "08:30").sent == 0, "its minute is not over"
    assert sweep(installation, "2024-04-05", "08:32").sent == 1
    assert [(m, c) for a, m, c in installation.post.accepted if a == TTPVKS] == [(kept.message_id, kept.content)]
    assert_whole(installation)


def test_the_wait_grows_with_every_attempt(installation: Installation) -> None:
    installation.post.replies[TTPVKS] = ["451 later"] * 3
    moment = at("2024-04-05")
    check_occurrences(installation.engine, installation.rules, "nho-2024", moment)
    waits = []
    for _ in range(3):
        deliver(installation.morning(moment))
        (kept,) = [mail for mail in installation.mails() if mail.address == TTPVKS]
        waits.append(kept.next_attempt - moment)
        moment = kept.next_attempt.astimezone(moment.tzinfo)
    assert waits == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]


def test_a_later_try_of_the_same_morning_sends_what_was_kept_and_writes_nobody_a_second_mail(
    installation: Installation,
) -> None:
    installation.post.replies[TTPVKS] = ["451 4.7.1 greylisted"]
    sweep(installation, "2024-04-05")
    before = len(installation.mails())
    given = Act("submit", document="9/BC", channel="test")  # owes the tracker a notice, which waits for tomorrow
    record_act(
        installation.engine, installation.rules, f"nho-2024/{JANUARY}", given, at("2024-04-05", "08:31"), "unit:hcqt"
    )
    assert deliver(installation.morning(at("2024-04-05", "08:32")), kept_only=True).sent == 1
    assert len(installation.mails()) == before
    assert [n.kind for n in installation.notices(status="queued")] == ["submitted"]


def test_a_mailbox_that_is_never_ready_counts_as_refused_in_the_end(installation: Installation) -> None:
    installation.post.replies[TTPVKS] = ["451 later"] * (MOST_ATTEMPTS + 1)
    moment = at("2024-04-05")
    check_occurrences(installation.engine, installation.rules, "nho-2024", moment)
    for _ in range(MOST_ATTEMPTS):
        deliver(installation.morning(moment), kept_only=moment != at("2024-04-05"))
        waiting = next_attempt(installation.engine)
        if waiting is None:
            break
        moment = waiting.astimezone(moment.tzinfo)
    (kept,) = [mail for mail in installation.mails() if mail.address == TTPVKS]
    assert (kept.status, kept.attempts) == ("failed", MOST_ATTEMPTS)
    assert timedelta(days=4) < moment - at("2024-04-05") < timedelta(days=7)
    assert recorded(installation, "notice.failed")


def test_a_server_that_is_down_leaves_everything_waiting_and_loses_nothing(installation: Installation) -> None:
    installation.office.close()
    for day in ("2024-03-27", "2024-03-29", "2024-04-01"):
        posted = sweep(installation, day)
        assert (posted.sent, posted.refused) == (0, 0)
    assert not recorded(installation, "notice.sent")
    assert not recorded(installation, "notice.failed")
    owed = {n.key for n in installation.notices()}
    assert {n.status for n in installation.notices()} == {"queued", "mailed"}
    installation.office.open()
    sweep(installation, "2024-04-02")
    assert owed <= {n.key for n in installation.notices(status="sent")} | {
        n.key for n in installation.notices(status="withheld")
    }
    assert max(Counter(installation.post.boxes()).values()) <= 2, "an outage of days is not answered with a mail a day"
    assert_whole(installation)


def test_a_server_that_answers_with_odd_octets_is_recorded_all_the_same(installation: Installation) -> None:
    installation.post.replies[TTPVKS] = ["550 5.1.1 no\0such \x07 mailbox"]
    installation.post.replies[TTCBTH] = ["451 later\0"]
    sweep(installation, "2024-04-05")
    assert {f["reply"] for f in recorded(installation, "notice.failed")} == {"550 5.1.1 no?such ? mailbox"}
    assert_whole(installation)


# -- no longer true


def test_a_notice_that_is_no_longer_true_is_withheld_and_that_is_recorded(installation: Installation) -> None:
    check_occurrences(installation.engine, installation.rules, "nho-2024", at("2024-04-05"))
    installation.submit(JANUARY, at("2024-04-05", "08:35"))
    deliver(installation.morning(at("2024-04-05", "08:40")))
    (kept_back,) = [w for w in recorded(installation, "notice.withheld") if w["reason"] == "no_longer_true"]
    assert kept_back == {"checkpoints": ["overdue"], "recipient": "unit:ttpvks", "reason": "no_longer_true"}
    (notice,) = installation.notices(status="withheld")
    assert notice.occurrence == f"nho-2024/{JANUARY}"
    assert notice.mail is None
    assert_whole(installation)


# -- at least once


def test_a_mail_taken_but_not_recorded_is_sent_again_under_the_same_id(
    installation: Installation,
) -> None:
    check_occurrences(installation.engine, installation.rules, "nho-2024", at("2024-04-05"))

    class Died(BaseException):
        pass

    def dies(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("UPDATE mail"):
            raise Died

    sa.event.listen(installation.engine, "before_cursor_execute", dies)
    with pytest.raises(Died):
        deliver(installation.morning(at("2024-04-05")))
    sa.event.remove(installation.engine, "before_cursor_execute", dies)
    assert len(installation.post.accepted) == 1
    assert not recorded(installation, "notice.sent")
    deliver(installation.morning(at("2024-04-05", "08:45")))
    (box, first, content), *rest = installation.post.accepted
    again = [(m, c) for a, m, c in rest if a == box]
    assert again == [(first, content)]
    assert_whole(installation)


def test_every_kept_mail_says_what_its_entry_says(installation: Installation) -> None:
    sweep(installation, "2024-04-05")
    with installation.engine.connect() as connection:
        kept = {mail.message_id: mail for mail in connection.execute(sa.select(tables.mail))}
    for body in recorded(installation, "notice.sent"):
        mail = kept[body["message_id"]]
        assert body["mail_sha256"] == mail.sha256 == hashlib.sha256(mail.content).hexdigest()
        assert body["address"] == mail.address
        assert mail.content in [content for _, _, content in installation.post.accepted]
    assert HEAD_HCQT == TRACKER
