"""Which way mail goes: only to the guests of a trial, to everybody once the office is live, by the rescue when the first is down.

And what a server that does not take our mail makes red at the first failure, in its own words.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from installation import HCQT, TTCBTH, TTPVKS, Installation, PostOffice, at
from office_portal import Portal, ask
from private_roots import PrivateAuthority

from cli import doctor
from operations import mail_check
from tasks.config.sections import TrialSection
from tasks.config.settings import Settings, Smtp
from tasks.mail.delivery import DeliveryResult, deliver
from tasks.mail.going_live import end_trial, live_since
from tasks.mail.servers import server_troubles
from tasks.mail.ways import server_names
from tasks.store.settle import check_occurrences

MORNING = "2024-04-05"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PostOffice]:
    """The office's mail server, beside the local mailbox."""
    office = PostOffice(tmp_path / "server")
    yield office
    office.stop()


@pytest.fixture
def rescue(tmp_path: Path) -> Iterator[PostOffice]:
    """The server that takes over."""
    office = PostOffice(tmp_path / "rescue")
    yield office
    office.stop()


def at_server(office: PostOffice) -> Smtp:
    return Smtp("127.0.0.1", office.port, tls="none", timeout=10)


def live(installation: Installation, **changes: Any) -> Settings:
    """The settings of an office that was never a trial."""
    return replace(installation.settings, trial=TrialSection(), **changes)


def sweep(installation: Installation, clock: str = "08:30", day: str = MORNING) -> DeliveryResult:
    check_occurrences(installation.engine, installation.rules, installation.plan.id, at(day, clock))
    return deliver(installation.morning(at(day, clock)))


# -- the trial and its end


@pytest.fixture
def trial(installation: Installation, server: PostOffice) -> Installation:
    """A trial with one guest, whose address is written in capitals somewhere."""
    guests = TrialSection(on=True, guests=(HCQT.upper(),))
    installation.settings = replace(installation.settings, smtp=at_server(server), trial=guests)
    return installation


def test_in_a_trial_mail_leaves_to_the_guests_and_is_kept_for_everybody_else(
    trial: Installation, server: PostOffice
) -> None:
    sweep(trial)
    assert set(server.post.boxes()) == {HCQT}
    kept = set(trial.post.boxes())
    assert {TTPVKS, TTCBTH} <= kept
    assert HCQT not in kept
    assert {mail.address: mail.kept for mail in trial.mails()} == {HCQT: False} | dict.fromkeys(kept, True)


def test_going_live_is_one_entry_and_what_was_kept_of_open_duties_goes_out_the_next_morning(
    trial: Installation, server: PostOffice
) -> None:
    sweep(trial)
    zone = trial.rules.policy.zone
    before = set(trial.post.boxes())
    again = end_trial(trial.engine, at(MORNING, "10:00"), "operator", zone, guests=[HCQT])
    assert again
    assert end_trial(trial.engine, at(MORNING, "10:05"), "operator", zone) is None
    (entry,) = trial.ledger("trial.ended")
    assert (entry["actor"], entry["body"]["owed_again"], entry["body"]["guests"]) == ("operator", again, [HCQT])
    with trial.engine.connect() as connection:
        assert live_since(connection) == at(MORNING, "10:00")
    assert server.post.boxes() == [HCQT], "nothing leaves at once"

    trial.post.accepted.clear()
    sweep(trial, day="2024-04-08")
    assert trial.post.boxes() == []
    assert {TTPVKS, TTCBTH} <= set(server.post.boxes()) & before
    assert max(server.post.boxes().count(box) for box in (TTPVKS, TTCBTH)) == 1
    assert {found.status for found in trial.notices()} <= {"sent", "withheld"}


def test_what_was_done_during_the_trial_is_owed_to_nobody_afterwards(trial: Installation, server: PostOffice) -> None:
    sweep(trial)
    done = "chi-so/ket-qua/2024-01"
    trial.submit(done, at(MORNING, "09:00"))
    trial.act(done, "accept", at(MORNING, "09:30"))
    end_trial(trial.engine, at(MORNING, "10:00"), "operator", trial.rules.policy.zone)
    requeued = {entry["occurrence"] for entry in trial.ledger("notice.requeued")}
    assert requeued
    assert f"{trial.plan.id}/{done}" not in requeued
    sweep(trial, day="2024-04-08")
    assert TTPVKS in server.post.boxes()


# -- the rescue


def test_the_rescue_takes_over_in_the_same_delivery_and_gives_back(
    installation: Installation, server: PostOffice, rescue: PostOffice
) -> None:
    chosen = live(installation, smtp=at_server(server), rescue=at_server(rescue))
    installation.settings = chosen
    server.close()
    posted = sweep(installation)
    assert (posted.waiting, posted.refused) == (0, 0)
    assert {HCQT, TTPVKS, TTCBTH} <= set(rescue.post.boxes())
    by = {entry["body"].get("server") for entry in installation.ledger("notice.sent")}
    assert by == {at_server(rescue).name}
    with installation.engine.connect() as connection:
        (trouble,) = server_troubles(connection, server_names(chosen))
    assert trouble.name == chosen.smtp.name

    server.open()
    sweep(installation, day="2024-04-12")
    assert server.post.boxes()
    with installation.engine.connect() as connection:
        assert server_troubles(connection, server_names(chosen)) == []
    everything = [(box, message) for office in (server, rescue) for box, message, _ in office.post.accepted]
    assert len(everything) == len(set(everything))


def test_a_rescue_that_is_down_too_leaves_everything_waiting(
    installation: Installation, server: PostOffice, rescue: PostOffice
) -> None:
    installation.settings = live(installation, smtp=at_server(server), rescue=at_server(rescue))
    server.close()
    rescue.close()
    posted = sweep(installation)
    rescue.open()
    server.open()
    assert posted.sent == posted.refused == 0
    assert posted.waiting > 0
    assert sweep(installation, "10:30").sent == len(set(server.post.boxes())) > 0


# -- a server that does not take our mail


class Strict:
    """Takes nothing: whoever signs in is refused."""

    def __call__(self, *_: Any) -> AuthResult:
        return AuthResult(success=False, handled=False, message="535 5.7.8 Error: authentication failed")


@contextmanager
def tls_server(folder: Path) -> Iterator[tuple[int, Path]]:
    """A server over TLS by a private root, that knows no password; its port, and the root's file."""
    authority = PrivateAuthority(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.server("mail.example"))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def session() -> SMTP:
        return SMTP(object(), loop=loop, hostname="localhost", authenticator=Strict(), auth_require_tls=False)

    async def stop() -> None:
        listening.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    listening = asyncio.run_coroutine_threadsafe(
        loop.create_server(session, "127.0.0.1", 0, ssl=context), loop
    ).result()
    yield listening.sockets[0].getsockname()[1], authority.root
    asyncio.run_coroutine_threadsafe(stop(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.mark.parametrize(
    ("fault", "words"),
    [("password", "535"), ("certificate", "certificate"), ("down", "Connect call failed")],
)
async def test_the_first_failure_is_red_everywhere_in_the_servers_words_and_green_after(
    installation: Installation,
    server: PostOffice,
    tmp_path: Path,
    fault: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with tls_server(tmp_path) as (port, root):
        bad = {
            "password": Smtp("127.0.0.1", port, "dondoc", "sai", tls="tls", ca=root, timeout=10),
            "certificate": Smtp("127.0.0.1", port, "dondoc", "sai", tls="tls", timeout=10),
            "down": Smtp("127.0.0.1", 9, tls="none", timeout=10),
        }[fault]
        portal = Portal(installation, tmp_path / "mail", now=at(MORNING, "09:00"))
        async with portal.signed_in("tracker") as tracker:
            installation.settings = live(installation, smtp=bad)
            ill = Portal(installation, tmp_path / "mail", now=at(MORNING, "09:00"), secret=portal.secret)
            posted = await asyncio.to_thread(sweep, installation)
            assert (posted.sent, posted.refused) == (0, 0)
            assert words in posted.fault, "the sweep's state"
            with installation.engine.connect() as connection:
                assert words in server_troubles(connection, [bad.name])[0].words, "status and doctor"
            monkeypatch.setattr(doctor, "prepare", lambda: installation.settings)
            monkeypatch.setattr(doctor, "store", lambda: installation.engine)
            assert any(words in line for line in doctor._waiting_mail())
            steps = await asyncio.to_thread(lambda: list(mail_check.mail_steps(installation.settings)))
            (step,) = [step for step in steps if not step.well]
            assert words in step.words, "doctor without sending"
            async with ill.browser() as stranger:
                answer = await ask(stranger, "van-hanh@vpub.quangngai.example")
                assert "Thư chưa gửi được" in answer.text
                assert words in answer.text, "the sign-in page"
            async with ill.browser() as browser:
                browser.cookies = tracker.cookies
                page = await browser.get("/bang")
                assert f"Máy chủ thư {bad.name} không nhận thư" in page.text
                assert words in page.text, "the banner"
    installation.settings = replace(installation.settings, smtp=at_server(server))
    again = await asyncio.to_thread(sweep, installation, "10:30")
    assert again.fault == ""
    with installation.engine.connect() as connection:
        assert server_troubles(connection, server_names(installation.settings)) == []
