"""Witness lines in folders and by mail, their time stamps, and what a destination that fails leaves behind."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from authority import Authority, Served
from installation import CONFIG, Installation, at

from dondoc.ledger.findings import Finding, finding_words
from dondoc.ledger.witness import read_witness
from tasks.audit.time_stamps import StampError, verify_stamp, wrong_stamps
from tasks.audit.witnessing import WITNESS_FILE, publish_witness
from tasks.config.loading import words
from tasks.config.run_context import RunContext
from tasks.config.settings import WitnessSection

AUDITOR = "kiem-tra-thanh-tra@vpub.quangngai.example"


def morning(installation: Installation, day: str = "2024-01-10", **witness: Any) -> RunContext:
    settings = replace(installation.settings, witness=WitnessSection(**witness))
    return replace(installation.morning(at(day)), settings=settings)


def lines(folder: Path) -> list[str]:
    return [
        line for line in (folder / WITNESS_FILE).read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    ]


def text(finding: Finding) -> str:
    return finding_words(finding, words(CONFIG))


def test_a_line_a_day_in_every_folder_and_an_entry_that_says_so(installation: Installation, tmp_path: Path) -> None:
    elsewhere = tmp_path / "may-khac"
    for day in ("2024-01-10", "2024-01-10", "2024-01-11"):
        assert publish_witness(morning(installation, day, folders=("gan", str(elsewhere)))) == []
    near = installation.settings.var / "gan"
    assert lines(near) == lines(elsewhere)
    published = installation.ledger("witness")
    said = [f"{e['body']['seq']} {e['body']['hash']} {e['at']} nho-2024" for e in published]
    assert lines(near) == said
    assert [place["place"] for place in published[0]["body"]["to"]] == ["gan", str(elsewhere)]


def test_a_witness_goes_to_the_auditor_by_mail(installation: Installation) -> None:
    assert publish_witness(morning(installation, mail_to=("auditor",))) == []
    (entry,) = installation.ledger("witness")
    (place,) = entry["body"]["to"]
    assert place["message_id"] in installation.post.ids(AUDITOR)
    assert f"{entry['body']['seq']} {entry['body']['hash']}" in installation.post.text(AUDITOR)


def test_a_folder_that_cannot_be_written_stops_nothing_and_is_tried_again(
    installation: Installation, tmp_path: Path
) -> None:
    blocked = tmp_path / "la-tep"
    blocked.write_text("not a folder")
    wanted: dict[str, Any] = {"folders": (str(blocked), "gan"), "mail_to": ("nobody",)}
    one, two = publish_witness(morning(installation, **wanted))
    assert (one.code, one.subject, two.subject) == ("witness_failed", str(blocked), "role:nobody")
    assert str(blocked) in text(one)
    assert len(lines(installation.settings.var / "gan")) == 1
    blocked.unlink()
    publish_witness(morning(installation, **wanted))
    assert len(lines(blocked)) == 1
    assert len(lines(installation.settings.var / "gan")) == 1, "it had today's line"


def test_a_line_cut_by_a_crash_is_closed_before_the_next(installation: Installation) -> None:
    publish_witness(morning(installation, folders=("gan",)))
    file = installation.settings.var / "gan" / WITNESS_FILE
    file.write_bytes(file.read_bytes() + b"17 abc")
    (finding,) = publish_witness(morning(installation, "2024-01-11", folders=("gan",)))
    assert finding.code == "witness_unreadable"


def test_a_witness_is_compared_also_when_it_has_todays_line(installation: Installation) -> None:
    publish_witness(morning(installation, folders=("gan",)))
    file = installation.settings.var / "gan" / WITNESS_FILE
    file.write_text(file.read_text(encoding="utf-8").replace("1 ", "2 ", 1), encoding="utf-8")
    (finding,) = publish_witness(morning(installation, folders=("gan",)))
    assert finding.code == "witness_rewritten"


def test_a_ledger_cut_behind_its_witness_is_found_by_the_next_sweep_and_the_witness_is_left_as_it_is(
    installation: Installation,
) -> None:
    for day in ("2024-01-10", "2024-01-11"):
        publish_witness(morning(installation, day, folders=("gan",)))
    before = lines(installation.settings.var / "gan")
    with psycopg.connect(installation.owner_url) as connection:
        connection.execute("ALTER TABLE ledger DISABLE TRIGGER ALL")
        connection.execute("DELETE FROM ledger WHERE seq > 1")
    (found,) = publish_witness(morning(installation, "2024-01-12", folders=("gan",)))
    assert "nay chỉ còn đến mục 1" in text(found)
    assert lines(installation.settings.var / "gan") == before


# -- time stamps


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def served(authority: Authority) -> Iterator[Served]:
    found = Served(authority)
    yield found
    found.stop()


@pytest.fixture
def stamped(authority: Authority, served: Served, tmp_path: Path) -> dict[str, Any]:
    root = tmp_path / "goc.pem"
    root.write_bytes(authority.pem)
    return {"folders": ("gan",), "stamp_url": served.url, "stamp_ca": str(root)}


def test_a_line_is_stamped_and_the_stamp_proves_it(
    installation: Installation, authority: Authority, stamped: dict[str, Any]
) -> None:
    today = morning(installation, **stamped)
    assert publish_witness(today) == []
    folder = installation.settings.var / "gan"
    (token,) = folder.glob("*.tsr")
    (entry,) = installation.ledger("witness")
    assert entry["body"]["to"][0]["stamp_sha256"] == hashlib.sha256(token.read_bytes()).hexdigest()
    (line,) = lines(folder)
    verify_stamp(token.read_bytes(), line, [authority.root])
    witness = read_witness(WITNESS_FILE, [line])
    assert list(wrong_stamps(today.settings, witness, folder)) == []
    other = read_witness(WITNESS_FILE, [line.replace("nho-2024", "nho-2025")])
    (wrong,) = wrong_stamps(today.settings, other, folder)
    assert "another line" in text(wrong)
    with pytest.raises(StampError):
        verify_stamp(token.read_bytes(), line, [Authority().root])


def test_any_byte_of_a_stamp_changed_proves_nothing(
    installation: Installation, authority: Authority, stamped: dict[str, Any]
) -> None:
    publish_witness(morning(installation, **stamped))
    folder = installation.settings.var / "gan"
    (token,), (line,) = list(folder.glob("*.tsr")), lines(folder)
    content = token.read_bytes()
    at_signature = [len(content) - 5, content.index(hashlib.sha256(line.encode()).digest()) + 3]
    for place in at_signature:
        with pytest.raises(StampError):
            verify_stamp(
                content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :], line, [authority.root]
            )  # fmt: skip


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda stamp: stamp.update(nonce=7), "nonce"),
        (
            lambda stamp: stamp.update(
                message_imprint={"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": b"x" * 32}
            ),
            "another line",
        ),
    ],
    ids=["another nonce", "another imprint"],
)
def test_an_authority_that_answers_another_question_is_not_believed(
    installation: Installation, authority: Authority, stamped: dict[str, Any], edit: Any, says: str
) -> None:
    authority.edit = edit
    (found,) = publish_witness(morning(installation, **stamped))
    assert found.code == "stamp_failed"
    assert says in text(found)
    assert len(lines(installation.settings.var / "gan")) == 1, "the line stands without its stamp"
    assert list((installation.settings.var / "gan").glob("*.tsr")) == []


def test_an_authority_under_another_root_or_out_of_reach_is_said(
    installation: Installation, stamped: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "goc.pem").write_bytes(Authority().pem)
    (found,) = publish_witness(morning(installation, **stamped))
    assert found.code == "stamp_failed"
    (found,) = publish_witness(morning(installation, "2024-01-11", **{**stamped, "stamp_url": "http://127.0.0.1:9/"}))
    assert "ConnectError" in text(found)
