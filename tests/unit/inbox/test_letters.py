"""Small letters with the right value, each of a kind that was once misread: `cases/` holds one file a case."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import pytest
import yaml
from factories import make_facts, make_occurrence, make_state

from dondoc.inbox.incoming import AutoReply, Bounce, Reply, Setting, read_mail
from dondoc.inbox.own_words import manners
from dondoc.inbox.weighing import Weighed, weigh
from dondoc.obligations.lifecycle import Status

CONFIG = Path(__file__).parents[3] / "config"
CASES = Path(__file__).parent / "cases"
SETTING = Setting(
    "dondoc@vpub.quangngai.example",
    "vpub.quangngai.example",
    manners(yaml.safe_load((CONFIG / "words/vi/inbound.yaml").read_text(encoding="utf-8"))),
    10_000_000,
)
LATE = date(2024, 6, 10)


def read(name: str, mail_from: str | None = None) -> object:
    return read_mail((CASES / f"{name}.eml").read_bytes(), SETTING, mail_from)


def reply(name: str) -> Reply:
    found = read(name)
    assert isinstance(found, Reply), found
    return found


def weighed(name: str, today: date = LATE) -> Weighed:
    occurrence = make_occurrence("ke-hoach-thi-hanh")
    facts = make_facts("ke-hoach-thi-hanh", state=make_state(occurrence, Status.OPEN))
    return weigh(facts, "unit:hcqt", reply(name), today)


def names(found: Weighed) -> list[str]:
    return [file[0] for file in found.act.files] if found.act else []


@pytest.mark.parametrize(
    "name",
    [
        "00-roundcube-same-domain", "01-cover-names-the-plan", "02-cover-names-plan-and-report",
        "04-person-x-auto-response-suppress", "05-person-through-a-group", "16-outlook-vi-no-address",
        "17-gmail-vi-wrapped-twice", "cte-trailing-space", "pdf-with-bom", "pdf-with-newline-first",
        "person-forwards-bounce-with-document", "person-through-list", "smime-detached", "smime-opaque-signed", "uuencode",
    ],
)  # fmt: skip
def test_a_persons_letter_with_its_document_is_a_submission(name: str) -> None:
    assert names(weighed(name)) == ["bao-cao.pdf"]


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("docm", ("bao-cao.docm", "macro")),
        ("empty-pdf", ("bao-cao.pdf", "empty")),
        ("zip", ("bao-cao.zip", "archive")),
        ("rar", ("bao-cao.rar", "archive")),
    ],
)
def test_what_is_not_taken_is_named_with_its_own_reason(name: str, refused: tuple[str, str]) -> None:
    found = weighed(name)
    assert (found.why, [(file.name, file.fault) for file in found.refused]) == ("bad_files", [refused])


@pytest.mark.parametrize("name", ["logo-attached-no-cid", "own-mail-attached"])
def test_a_letter_without_a_document_of_the_unit_is_none(name: str) -> None:
    found = weighed(name)
    assert (found.act, found.why) == (None, "no_file")


def test_a_file_that_we_mailed_ourselves_is_no_result() -> None:
    (file,) = reply("cte-trailing-space").files
    occurrence = make_occurrence("ke-hoach-thi-hanh")
    facts = make_facts("ke-hoach-thi-hanh", state=make_state(occurrence, Status.OPEN))
    own = {hashlib.sha256(file.content).hexdigest()}
    found = weigh(facts, "unit:hcqt", reply("cte-trailing-space"), LATE, own)
    assert (found.why, [(one.name, one.fault) for one in found.refused]) == ("bad_files", [("bao-cao.pdf", "own")])


def test_a_picture_with_a_wrong_ending_is_taken_under_the_right_one() -> None:
    assert names(weighed("jpg-is-png")) == ["scan.png"]


def test_a_photograph_that_a_telephone_puts_into_the_text_is_handed_in() -> None:
    assert names(weighed("06-iphone-photo-inline")) == ["IMG_0001.jpeg"]


def test_an_old_servers_report_is_a_bounce() -> None:
    found = read("bounce-exim-old", "")
    assert isinstance(found, Bounce)
    assert [failure.recipient for failure in found.report.failed] == ["ttpvks@vpub.quangngai.example"]
    assert found.report.failed[0].permanent


def test_absences_are_machines() -> None:
    assert isinstance(read("oof-null-sender-with-logo", ""), AutoReply)
    assert isinstance(read("oof-unmarked-with-logo"), AutoReply)


def test_a_cited_plan_is_not_the_result_and_the_cover_explains_the_lateness() -> None:
    found = weighed("01-cover-names-the-plan")
    assert found.act
    assert (found.act.document, found.act.signed) == (None, None)
    assert found.act.reason
    assert found.mentioned == ("12/KH-VP",)


def test_the_document_that_is_said_to_be_sent_is_the_result() -> None:
    found = weighed("02-cover-names-plan-and-report")
    assert found.act
    assert (found.act.document, found.act.signed) == ("45/BC-HCQT", date(2024, 6, 7))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("16-outlook-vi-no-address", "Gửi báo cáo."),
        ("17-gmail-vi-wrapped-twice", "Gửi báo cáo"),
        ("cs-wrong-latin1", "Kính gửi báo cáo tiến độ"),
        ("cs-tcvn3", "Kính gửi báo cáo"),
        ("cs-1258", "Kính gởi báo cáo tiến độ"),
        ("cs-utf7", "Kính gửi báo cáo tiến độ"),
        ("cs-2022jp", "報告書を送ります"),
        ("uuencode", "Kinh gui bao cao."),
    ],
)
def test_the_senders_own_words_are_read(name: str, text: str) -> None:
    assert reply(name).text == text


def test_a_header_that_broke_the_parser_is_read() -> None:
    assert reply("recursion-to").envelope.sender == "ttpvks@vpub.quangngai.example"
