"""Links: what is signed is read back, whatever is altered is refused, and what is over is over."""

from __future__ import annotations

import string
from datetime import UTC, date, datetime, timedelta

import pytest
from factories import ZONE
from hypothesis import given
from hypothesis import strategies as st

from dondoc.mail.links import Link, LinkError, LinkMaker, expiry, read_form_mark, read_link, sign, sign_form

SECRET = "a secret of tests"
NOW = datetime(2024, 3, 22, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=60)
OCCURRENCE = "cchc-2024/ke-hoach-thi-hanh/ke-hoach-theo-doi/2024-Q1"
TOKEN = sign(SECRET, OCCURRENCE, "unit:hcqt", LATER)
SAFE = string.ascii_letters + string.digits + "-_"


def refused(token: str, now: datetime = NOW, secret: str = SECRET) -> str:
    with pytest.raises(LinkError) as found:
        read_link(secret, token, now)
    return found.value.kind


@given(st.from_regex(r"[a-z0-9/.-]{1,80}", fullmatch=True), st.from_regex(r"(unit|head|role):[a-z-]{1,20}", fullmatch=True),
       st.integers(1, 4_000_000_000))  # fmt: skip
def test_what_was_signed_is_read(occurrence: str, party: str, moment: int) -> None:
    expires = datetime.fromtimestamp(moment, UTC)
    token = sign(SECRET, occurrence, party, expires)
    assert set(token) <= set(SAFE)
    assert read_link(SECRET, token, expires - timedelta(seconds=1)) == Link(occurrence, party, expires)


@given(st.integers(0, len(TOKEN) - 1), st.sampled_from(SAFE + "=/+. \u00e9\u0111\0"))
def test_any_altered_character_is_refused(place: int, other: str) -> None:
    altered = TOKEN[:place] + other + TOKEN[place + 1 :]
    if altered != TOKEN:
        assert refused(altered) == "wrong"


def test_every_single_character_of_the_alphabet_at_every_place_is_refused() -> None:
    for place, was in enumerate(TOKEN):
        for other in set(SAFE) - {was}:
            with pytest.raises(LinkError):
                read_link(SECRET, TOKEN[:place] + other + TOKEN[place + 1 :], NOW)


@given(st.text(max_size=700))
def test_any_other_text_is_refused(text: str) -> None:
    assert refused(text) == "wrong"


@given(st.integers(0, len(TOKEN) - 1))
def test_a_cut_link_is_refused(length: int) -> None:
    assert refused(TOKEN[:length]) == "wrong"
    assert refused(TOKEN[length + 1 :]) == "wrong"


def test_a_link_ends_when_it_says() -> None:
    assert read_link(SECRET, TOKEN, LATER - timedelta(seconds=1)).party == "unit:hcqt"
    assert refused(TOKEN, LATER) == "old"


def test_an_old_link_still_says_whose_it_was_and_a_forged_old_one_does_not() -> None:
    with pytest.raises(LinkError) as old:
        read_link(SECRET, TOKEN, LATER)
    assert old.value.link == Link(OCCURRENCE, "unit:hcqt", LATER)
    with pytest.raises(LinkError) as forged:
        read_link("another", TOKEN, LATER)
    assert (forged.value.kind, forged.value.link) == ("wrong", None)


def test_without_a_secret_nothing_is_taken() -> None:
    assert refused(sign("", OCCURRENCE, "unit:hcqt", LATER), secret="") == "wrong"


def test_a_token_is_short_enough_for_a_mail() -> None:
    assert len(TOKEN) < 140


def test_a_forms_mark_is_of_one_link_one_act_and_one_state() -> None:
    mark = sign_form(SECRET, TOKEN, "submit", 41)
    assert read_form_mark(SECRET, TOKEN, "submit", mark) == 41
    assert read_form_mark(SECRET, TOKEN, "acknowledge", mark) is None
    assert read_form_mark(SECRET, TOKEN + "A", "submit", mark) is None
    assert read_form_mark(SECRET, TOKEN, "submit", mark.replace("41.", "42.")) is None
    assert read_form_mark("another", TOKEN, "submit", mark) is None


@given(st.text(max_size=60))
def test_any_other_text_is_no_mark(text: str) -> None:
    assert read_form_mark(SECRET, TOKEN, "submit", text) is None
    assert read_form_mark(SECRET, TOKEN, "submit", f"41.{text}") is None


def test_a_mark_is_no_link() -> None:
    assert refused(sign_form(SECRET, TOKEN, "submit", 41).partition(".")[2]) == "wrong"


def test_a_link_holds_through_the_closing_day_or_sixty_days_after_due() -> None:
    closes = date(2025, 1, 22)
    assert expiry(date(2024, 3, 31), closes, ZONE) == datetime(2025, 1, 23, tzinfo=ZONE)
    assert expiry(date(2024, 12, 31), closes, ZONE) == datetime(2025, 3, 2, tzinfo=ZONE)
    assert expiry(None, closes, ZONE) == datetime(2025, 1, 23, tzinfo=ZONE)


def test_an_address_has_one_slash_before_it() -> None:
    for base in ("https://vp.example", "https://vp.example/"):
        made = LinkMaker(base, SECRET, date(2025, 1, 22), ZONE).address(OCCURRENCE, "unit:hcqt", None)
        assert made.startswith("https://vp.example/a/")
