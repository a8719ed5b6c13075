"""Whom an SMTP reply concerns: real servers' words, one by one and a whole morning of them."""

from __future__ import annotations

import pytest

from dondoc.mail.smtp_replies import MailReply, ReplyVerdict, Stage, about_us, same_words, verdict


@pytest.mark.parametrize(
    ("reply", "stage", "meant"),
    [
        ("550 5.1.1 <a@b>: Recipient address rejected: User unknown in virtual mailbox table", "recipient", "final"),
        ("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found", "recipient", "final"),
        ("550 5.1.2 <a@b>: domain not found", "recipient", "final"),
        ("550 5.2.1 mailbox disabled, not accepting messages", "recipient", "final"),
        ("550 No such user here", "recipient", "final"),
        ("551 not our user", "recipient", "final"),
        ("552 5.2.2 mailbox full", "recipient", "recipient"),
        ("452 4.2.2 mailbox full", "recipient", "recipient"),
        ("450 4.2.1 mailbox busy", "recipient", "recipient"),
        ("550 5.1.8 <dondoc@b>: Sender address rejected: Domain not found", "recipient", "server"),
        ("554 5.7.1 <a@b>: Relay access denied", "recipient", "doubtful"),
        ("554 5.7.1 <a@b>: Recipient address rejected: sending limit exceeded", "recipient", "doubtful"),
        ("550 5.4.5 Daily user sending limit exceeded", "content", "doubtful"),
        ("554 5.7.1 message looks like spam", "content", "doubtful"),
        ("550 blocked", "content", "doubtful"),
        ("452 4.3.1 insufficient system storage", "recipient", "doubtful"),
        ("451 4.7.1 greylisted", "recipient", "doubtful"),
        ("535 5.7.8 authentication failed", "other", "server"),
        ("550 5.1.1 sender unknown", "other", "server"),
    ],
)
def test_one_reply_by_itself(reply: str, stage: Stage, meant: ReplyVerdict) -> None:
    assert verdict(int(reply[:3]), reply[4:], stage) == meant


def morning(*replies: tuple[ReplyVerdict, str]) -> list[MailReply]:
    return [MailReply(str(n), f"u{n}@b", meant, reply.format(n=n)) for n, (meant, reply) in enumerate(replies)]


TAKEN: tuple[ReplyVerdict, str] = ("taken", "250 2.0.0 Ok: queued as 4F{n}")
POLICY: tuple[ReplyVerdict, str] = ("doubtful", "554 5.7.1 <u{n}@b>: Recipient address rejected: limit exceeded")
UNKNOWN: tuple[ReplyVerdict, str] = ("final", "550 5.1.1 <u{n}@b>: User unknown")
BARE: tuple[ReplyVerdict, str] = ("final", "550 <u{n}@b> rejected")


def test_a_policy_answer_to_everybody_is_about_us_also_on_a_morning_with_one_mail() -> None:
    for number in (1, 2, 12):
        assert len(about_us(morning(*[POLICY] * number))) == number


def test_the_same_answer_to_three_or_more_is_about_us_even_where_it_names_the_address() -> None:
    assert len(about_us(morning(*[UNKNOWN] * 3))) == 3
    assert len(about_us(morning(*[BARE] * 7))) == 7


def test_one_or_two_unknown_mailboxes_are_their_own() -> None:
    for number in (1, 2):
        assert not about_us(morning(*[UNKNOWN] * number))


def test_unknown_mailboxes_among_others_that_were_served_are_their_own_wherever_they_stand() -> None:
    assert not about_us(morning(UNKNOWN, TAKEN, UNKNOWN, UNKNOWN))
    assert not about_us(morning(TAKEN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN))


def test_a_quota_that_ends_on_the_way_is_about_us() -> None:
    assert about_us(morning(TAKEN, TAKEN, BARE, BARE, BARE)) == {"2", "3", "4"}
    assert about_us(morning(TAKEN, POLICY, POLICY, POLICY)) == {"1", "2", "3"}


def test_one_doubtful_mailbox_among_others_that_were_served_is_doubted_itself() -> None:
    assert not about_us(morning(TAKEN, POLICY, TAKEN))
    assert not about_us(morning(POLICY), others_taken=True)
    assert about_us(morning(POLICY, POLICY), others_taken=True) == {"0", "1"}


def test_what_the_server_says_of_us_is_always_about_us() -> None:
    assert about_us(morning(("server", "535 5.7.8 no"), TAKEN)) == {"0"}


def test_words_are_the_same_whatever_address_and_queue_number_they_name() -> None:
    one, two = "550 <a@b>: refused, see ABC123DEF", "550 <long.name@c.example>: refused, see 99FE01AB"
    assert same_words(one) == same_words(two)
    assert same_words(one) != same_words("550 <a@b>: mailbox full")
