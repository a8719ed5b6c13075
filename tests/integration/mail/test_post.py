"""Delivery against a real aiosmtpd on a socket whose answers a test scripts. Nothing sleeps; time is an argument."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import timedelta
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP as Session

from bench.mail import sample
from dondoc.mail.mime import MailError, build
from tasks.smtp.sender import (
    Accepted,
    Outgoing,
    Permanent,
    Result,
    Smtp,
    Temporary,
    Throttle,
    backoff,
    post,
    send_mails,
)

FROM = "dondoc@office.example"
CUT = "cut the connection"
HANG = "never answer"


class Script:
    """What the server answers, command by command; with nothing scripted it accepts. Method names are aiosmtpd's."""

    def __init__(self) -> None:
        self.answers: dict[str, list[str | None]] = {"MAIL": [], "RCPT": [], "DATA": []}
        self.got: list[tuple[str, bytes]] = []
        self.connections = 0
        self.resets = 0

    async def answer(self, server: Session, command: str) -> str | None:
        waiting = self.answers[command]
        answer = waiting.pop(0) if waiting else None
        if answer == CUT:
            server.transport.abort()
        if answer in (CUT, HANG):
            await asyncio.Event().wait()  # aiosmtpd cancels this when the connection is gone
        return answer

    async def handle_MAIL(self, server: Session, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        refused = await self.answer(server, "MAIL")
        envelope.mail_from = None if refused else address
        return refused or "250 OK"

    async def handle_RCPT(self, server: Session, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        refused = await self.answer(server, "RCPT")
        if not refused:
            envelope.rcpt_tos.append(address)
        return refused or "250 OK"

    async def handle_DATA(self, server: Session, _session: Any, envelope: Any) -> str:
        refused = await self.answer(server, "DATA")
        if not refused:
            self.got.append((envelope.rcpt_tos[0], envelope.original_content))
        return refused or "250 2.0.0 queued"

    async def handle_RSET(self, _server: Session, _session: Any, _envelope: Any) -> str:
        self.resets += 1
        return "250 OK"


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def smtp(script: Script) -> Iterator[Smtp]:
    """The server in a thread with its own loop, so that both `send_mails` and the blocking `post` can talk to it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def session() -> Session:
        script.connections += 1
        return Session(script, loop=loop, hostname="localhost")

    async def stop() -> None:
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    server = asyncio.run_coroutine_threadsafe(loop.create_server(session, "127.0.0.1", 0), loop).result()
    yield Smtp("127.0.0.1", server.sockets[0].getsockname()[1], tls="none", timeout=5)
    asyncio.run_coroutine_threadsafe(stop(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def mails(count: int) -> list[Outgoing]:
    return [Outgoing(str(number), f"unit-{number}@office.example", build(sample(number))) for number in range(count)]


async def results_of(smtp: Smtp, outgoing: list[Outgoing], throttle: Throttle | None = None) -> list[Result]:
    results: list[tuple[str, Result]] = []
    await send_mails(smtp, FROM, outgoing, lambda mail_id, result: results.append((mail_id, result)), throttle)
    assert [mail_id for mail_id, _ in results] == [mail.id for mail in outgoing]
    return [result for _, result in results]


async def test_all_mails_go_over_one_connection_unchanged(smtp: Smtp, script: Script) -> None:
    outgoing = mails(5)
    assert await results_of(smtp, outgoing) == [Accepted("250 2.0.0 queued")] * 5
    assert script.got == [(mail.recipient, mail.content) for mail in outgoing]
    assert script.connections == 1


async def test_each_result_is_reported_before_the_next_mail_is_sent(smtp: Smtp, script: Script) -> None:
    sent_when_reported: list[int] = []
    await send_mails(smtp, FROM, mails(3), lambda _id, _result: sent_when_reported.append(len(script.got)))
    assert sent_when_reported == [1, 2, 3]


async def test_a_temporary_refusal_succeeds_when_tried_again(smtp: Smtp, script: Script) -> None:
    script.answers["RCPT"] = ["450 4.2.1 busy"]
    assert await results_of(smtp, mails(2)) == [Temporary("450 4.2.1 busy"), Accepted("250 2.0.0 queued")]
    assert await results_of(smtp, mails(1)) == [Accepted("250 2.0.0 queued")]
    assert script.resets == 1


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
async def test_a_permanent_refusal_concerns_that_mail_only(smtp: Smtp, script: Script, command: str) -> None:
    script.answers[command] = [None, "550 5.1.1 unknown"]
    accepted = Accepted("250 2.0.0 queued")
    assert await results_of(smtp, mails(3)) == [accepted, Permanent("550 5.1.1 unknown"), accepted]
    assert script.connections == 1


@pytest.mark.parametrize("answer", ["550 5.7.1 sender not allowed", "530 5.7.0 authentication required"])
async def test_a_refusal_of_us_is_no_fault_of_the_recipient(smtp: Smtp, script: Script, answer: str) -> None:
    script.answers["MAIL"] = [answer]
    assert await results_of(smtp, mails(1)) == [Temporary(answer, "server")]


async def test_a_connection_closed_between_mails_is_opened_again(smtp: Smtp, script: Script) -> None:
    script.answers["MAIL"] = [None, CUT]
    assert await results_of(smtp, mails(3)) == [Accepted("250 2.0.0 queued")] * 3
    assert script.connections == 2


async def test_a_server_that_closes_with_421_gets_a_new_connection(smtp: Smtp, script: Script) -> None:
    script.answers["MAIL"] = [None, "421 4.4.2 idle too long"]
    assert await results_of(smtp, mails(2)) == [Accepted("250 2.0.0 queued")] * 2
    assert script.connections == 2


async def test_a_connection_lost_after_the_content_is_temporary_and_the_next_mail_goes(
    smtp: Smtp, script: Script
) -> None:
    script.answers["DATA"] = [CUT]
    lost, then = await results_of(smtp, mails(2))
    assert isinstance(lost, Temporary)
    assert then == Accepted("250 2.0.0 queued")
    assert len(script.got) == 1  # the lost one was not sent twice


async def test_a_server_that_keeps_losing_mails_is_left_alone(smtp: Smtp, script: Script) -> None:
    script.answers["DATA"] = [CUT] * 10
    assert all(isinstance(result, Temporary) for result in await results_of(smtp, mails(10)))
    assert script.connections == 3


async def test_a_silent_server_is_temporary(smtp: Smtp, script: Script) -> None:
    script.answers["RCPT"] = [HANG]
    hasty = Smtp(smtp.host, smtp.port, tls="none", timeout=0.2)
    (result,) = await results_of(hasty, mails(1))
    assert isinstance(result, Temporary)
    assert "Timed out" in result.reply


async def test_a_server_that_is_down_makes_everything_temporary() -> None:
    results = await results_of(Smtp("127.0.0.1", 9, tls="none", timeout=5), mails(3))
    assert all(isinstance(result, Temporary) for result in results)
    assert "127.0.0.1" in results[0].reply


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_nothing_is_sent_in_clear_when_tls_is_asked_for(smtp: Smtp, script: Script, tls: Any) -> None:
    (result,) = await results_of(Smtp(smtp.host, smtp.port, tls=tls, timeout=5), mails(1))
    assert isinstance(result, Temporary)
    assert not script.got


async def test_a_sign_in_that_cannot_be_is_temporary(smtp: Smtp, script: Script) -> None:
    signed = Smtp(smtp.host, smtp.port, "dondoc", "secret", tls="none", timeout=5)
    assert "secret" not in repr(signed)
    (result,) = await results_of(signed, mails(1))
    assert isinstance(result, Temporary)
    assert not script.got


async def test_what_is_no_address_is_permanent_without_asking_the_server(smtp: Smtp, script: Script) -> None:
    wrong = Outgoing("x", "a@b.example>\r\nRCPT TO:<c@d.example", b"")
    assert isinstance((await results_of(smtp, [wrong]))[0], Permanent)
    assert script.connections == 0
    with pytest.raises(MailError):
        await send_mails(smtp, "no address", mails(1), lambda _id, _result: None)


async def test_what_on_result_raises_stops_the_delivery(smtp: Smtp, script: Script) -> None:
    def fail(_id: str, _result: Result) -> None:
        raise OSError("the database is gone")

    with pytest.raises(OSError, match="database"):
        await send_mails(smtp, FROM, mails(3), fail)
    assert len(script.got) == 1


class Clock:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


async def test_the_limit_waits_only_when_it_is_reached(smtp: Smtp) -> None:
    clock = Clock()
    throttle = Throttle(3, clock, clock.sleep)
    await results_of(smtp, mails(3), throttle)
    assert clock.slept == []
    clock.now += 20
    await results_of(smtp, mails(4), throttle)
    assert clock.slept == [40.0, 60.0]


async def test_no_limit_never_waits() -> None:
    clock = Clock()
    throttle = Throttle(0, clock, clock.sleep)
    for _ in range(1000):
        await throttle.turn()
    assert clock.slept == []


def test_post_works_without_an_event_loop(smtp: Smtp, script: Script) -> None:
    results: list[Result] = []
    post(smtp, FROM, mails(2), lambda _id, result: results.append(result))
    assert results == [Accepted("250 2.0.0 queued")] * 2
    assert script.connections == 1


run_of: ContextVar[str] = ContextVar("run_of")


async def test_post_works_inside_an_event_loop_with_the_callers_context(smtp: Smtp) -> None:
    run_of.set("flow run 7")
    results: list[tuple[str, Result]] = []
    post(smtp, FROM, mails(1), lambda _id, result: results.append((run_of.get(), result)))
    assert results == [("flow run 7", Accepted("250 2.0.0 queued"))]


async def test_post_inside_an_event_loop_raises_what_went_wrong(smtp: Smtp) -> None:
    def fail(_id: str, _result: Result) -> None:
        raise OSError("the database is gone")

    with pytest.raises(OSError, match="database"):
        post(smtp, FROM, mails(1), fail)


def test_backoff_doubles_up_to_four_hours() -> None:
    minutes = [backoff(attempts) / timedelta(minutes=1) for attempts in range(11)]
    assert minutes == [0, 1, 2, 4, 8, 16, 32, 64, 128, 240, 240]
    assert backoff(10**9) == timedelta(hours=4)
