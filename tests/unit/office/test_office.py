"""office.yaml: whom a printed name means, and what may not stand in the file."""

from __future__ import annotations

import pytest
from factories import OFFICE, make_office
from office_files import CONFIG, real_office

from dondoc.foundation.errors import ConfigurationError
from dondoc.foundation.yaml_positions import parse_yaml
from dondoc.office.office import read_office

UNIT = "{id: a, name: A, email: a@vp.example}"


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read_office(parse_yaml(text, "office.yaml"))
    return [str(fault) for fault in caught.value.faults]


def test_groups_expand_in_order_each_unit_once() -> None:
    assert make_office().members(("ttcbth", "toan-the", "ttcbth")) == ("ttcbth", "hcqt", "ttpvks")


def test_names_ids_and_variants_find_their_party() -> None:
    office = real_office()
    assert office.find("Trung tâm Coogn báo và tin học") == "ttcbth"
    assert office.find("các phòng, ban, đơn vị còn lại") == "toan-the"
    assert office.find("TTPVKS") == "ttpvks"
    assert office.find("Phòng Tổng hợp") is None


def test_a_near_name_is_suggested_and_a_far_one_is_not() -> None:
    assert make_office().suggest("Phong Hanh chinh - Quan tri") == "hcqt"
    assert make_office().suggest("zzz") is None


def test_every_party_has_a_name_to_show() -> None:
    office = make_office()
    assert [office.name_of(party) for party in ("hcqt", "toan-the", "deputy", "ai-do")] == [
        "Phòng Hành chính - Quản trị", "Các phòng, ban, đơn vị trực thuộc", "Phó Chánh Văn phòng", "ai-do",
    ]  # fmt: skip
    assert office.role("nobody") is None
    with pytest.raises(KeyError):
        office.unit("nobody")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"office: O\nunits:\n  - {UNIT}\n  - {UNIT}\n", "office.yaml:4: the id 'a' is used twice"),
        (
            f"office: O\nunits:\n  - {UNIT}\nroles:\n  - {{id: a, title: R}}\n",
            "office.yaml:5: the id 'a' is used twice",
        ),
        (
            f"office: O\nunits:\n  - {UNIT}\n  - {{id: b, name: B, variants: [a ], email: b@vp.example}}\n",
            "office.yaml:4: 'a' names both 'a' and 'b'",
        ),
        (
            f"office: O\nunits:\n  - {UNIT}\ngroups:\n  - {{id: g, name: G, members: [b]}}\n",
            "office.yaml:5: no unit has the id 'b'",
        ),
        (
            f"office: O\nunits:\n  - {UNIT}\ngroups:\n  - {{id: g, name: G, members: []}}\n",
            "office.yaml:5: members: the list is empty",
        ),
        (f"office: O\nunits:\n  - {UNIT[:-1]}, successor: b}}\n", "office.yaml:3: no unit has the id 'b'"),
        ("office: O\nunits:\n  - {id: A, name: A, email: a@vp.example}\n", 'office.yaml:3: id: "A" has letters'),
        ("office: O\nunits:\n  - {id: a, name: A}\n", "office.yaml:3: email is missing"),
        ("office: O\nunits:\n  - {id: a, name: A, email: a@vp.example, phone: 1}\n", "'phone' is not known here"),
        ('office: O\nunits:\n  - {id: a, name: "A\\nB", email: a@vp.example}\n', "line break or control character"),
        ('office: O\nunits:\n  - {id: a, name: "A\\u2028B", email: a@vp.example}\n', "line break or control character"),
    ],
)
def test_a_fault_in_the_office_is_told_with_its_line(text: str, said: str) -> None:
    assert any(said in fault for fault in faults(text))


@pytest.mark.parametrize(
    "address", ["a", "a@", "@b.example", "a b@c.example", "a@c.example, b@c.example", "A <a@c.example>", "á@c.example"]
)
def test_a_mailbox_is_one_plain_address(address: str) -> None:
    assert any(
        "is not a plain mail address" in f
        for f in faults(f'office: O\nunits:\n  - {{id: a, name: A, email: "{address}"}}\n')
    )


def test_a_line_break_cannot_hide_in_an_address() -> None:
    assert faults('office: O\nunits:\n  - {id: a, name: A, email: "a@vp.example\\nBcc: x@y.example"}\n')


def test_all_faults_of_the_office_come_at_once() -> None:
    text = OFFICE.replace("members: [hcqt, ttpvks, ttcbth]", "members: [hcqt, xyz]").replace("id: deputy", "id: hcqt")
    assert len(faults(text)) == 2


def test_the_real_office_uses_only_reserved_addresses() -> None:
    office = real_office()
    found = [u.email for u in office.units] + [u.head_email for u in office.units] + [r.email for r in office.roles]
    assert all(address and address.endswith(".example") for address in found)


def test_an_office_is_in_a_country_whose_holidays_are_known() -> None:
    text = (CONFIG / "office.yaml").read_text(encoding="utf-8")
    assert read_office(parse_yaml(text.replace("country: VN", "country: FR"), "office.yaml")).country == "FR"
    with pytest.raises(ConfigurationError, match=r"office\.yaml:\d+: no holidays of 'Việt Nam' are known"):
        read_office(parse_yaml(text.replace("country: VN", "country: Việt Nam"), "office.yaml"))
