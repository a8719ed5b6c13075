"""One comparison of names, however they are typed; what may mean two parties means none."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from office_files import real_office

from dondoc.foundation.names import mentions, name_key, named, one_spelling, shortens
from dondoc.office.office import Office, Unit

CASES = Path(__file__).parent / "cases"
OFFICE = real_office()


def office(*names: str) -> Office:
    units = [Unit(id=f"u{i}", name=name, email=f"u{i}@vp.example") for i, name in enumerate(names)]
    return Office(office="O", units=tuple(units))


@pytest.mark.parametrize("name", (CASES / "15-names.txt").read_text(encoding="utf-8").splitlines())
def test_every_printed_way_of_the_public_case_finds_the_unit(name: str) -> None:
    assert OFFICE.find(name) == "hcqt"


@pytest.mark.parametrize(
    "name",
    [
        "PHÒNG HÀNH CHÍNH - QUẢN TRỊ", "Phong Hanh chinh - Quan tri", unicodedata.normalize("NFD", "Phòng Hành chính - Quản trị"),
        "Phòng\u00a0Hành  chính \u2011 Quản trị", "Phòng Hành chính, Quản trị", "P.HC-QT", "Phòng HCQT", "Ph. HC&QT",
        "phòng hành chính quản trị.", "Phòng Hành chính và Quản trị", "\ufeffPhòng Hành chính - Quản trị",
    ],
)  # fmt: skip
def test_a_unit_is_found_however_its_name_is_typed(name: str) -> None:
    assert OFFICE.find(name) == "hcqt"


@pytest.mark.parametrize(
    ("short", "name"),
    [
        ("UBND tỉnh", "Ủy ban nhân dân tỉnh"), ("Uỷ ban ND tỉnh", "Ủy ban nhân dân tỉnh"),
        ("VP UBND tỉnh", "Văn phòng Ủy ban nhân dân tỉnh"), ("Sở TT&TT", "Sở Thông tin và Truyền thông"),
        ("Sở LĐ-TB&XH", "Sở Lao động - Thương binh và Xã hội"), ("TT.CNTT", "Trung tâm Công nghệ thông tin"),
        ("HĐND", "Hội đồng nhân dân"), ("Sở NN & PTNT", "Sở Nông nghiệp và Phát triển nông thôn"),
    ],
)  # fmt: skip
def test_first_letters_stand_for_their_words(short: str, name: str) -> None:
    assert shortens(short, name)
    assert office("Phòng Tổng hợp", name).find(short) == "u1"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Uỷ ban nhân dân", "Ủy ban nhân dân"),
        ("Phòng Qui hoạch", "Phòng Quy hoạch"),
        ("Ðội xe", "Đội xe"),
        ("Hoà", "Hòa"),
    ],
)
def test_two_ways_to_spell_a_word_are_one(first: str, second: str) -> None:
    assert name_key(first) == name_key(second)


@pytest.mark.parametrize("name", ["Sở Tư pháp", "P", "Phòng", "PQT", "HC", "Phòng Hành chính", "---", ""])
def test_a_name_that_is_nobodys_finds_nobody(name: str) -> None:
    assert OFFICE.find(name) is None


def test_a_short_name_that_may_mean_two_means_none_and_its_own_spelling_one() -> None:
    both = office("Phòng Tổng hợp", "Phòng Tin học", "Phòng Tư vấn", "Phòng Tu vấn")
    assert both.find("P. TH") is None
    assert both.find("phong tu van") is None
    assert (both.find("Phòng Tư vấn"), both.find("Phòng Tu vấn")) == ("u2", "u3")


def test_roles_and_bodies_outside_are_found_by_the_same_comparison() -> None:
    assert OFFICE.find_role("phó chánh văn phòng") == "deputy"
    assert OFFICE.find_role("Phó CVP") == "deputy"
    assert OFFICE.find_body("Sở TT & TT") == "Sở Thông tin và Truyền thông"


def test_names_of_one_table_get_one_spelling() -> None:
    names = ["Sở TTTT", "Sở Thông tin và Truyền thông", "Sở Y tế", "SỞ Y TẾ"]
    assert set(one_spelling(names).values()) == {"Sở Thông tin và Truyền thông", "Sở Y tế"}


def test_a_name_is_mentioned_by_its_words_not_by_parts_of_them() -> None:
    assert mentions("gửi UBND Huyện, thị xã", "ubnd huyện")
    assert not mentions("cách uyển chuyển", "các huyện")


def test_equal_names_of_two_parties_mean_neither() -> None:
    assert named("a b", [("A-B", "x"), ("a b", "y")]) is None
