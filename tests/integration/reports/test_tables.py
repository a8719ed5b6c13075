"""Progress table and scorecard on a real store: the same figures in command, page and file; a unit sees its own card."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import AsyncIterator
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner
from httpx import AsyncClient
from installation import CONFIG, Installation, at
from office_portal import Portal

from cli import cli
from cli import tables as commands
from dondoc.obligations.outcomes import outcome_counts
from dondoc.obligations.snapshot import Snapshot
from dondoc.office.wording import Wording
from dondoc.reports.scorecard import OUTCOMES, scorecards
from dondoc.reports.sheet_model import Column, Sheet
from tasks.config.loading import words
from tasks.obligations.snapshot import SnapshotError, snapshot, traces
from tasks.reports.workbooks import Chosen, progress_book
from tasks.spreadsheets.writing import workbook
from tasks.store.settle import check_occurrences

Q1 = "ke-hoach/quy-mot/2024-Q1"
JANUARY = "chi-so/ket-qua/2024-01"


@pytest.fixture
def walked(installation: Installation) -> Installation:
    """Looked at until 10 April: the first plan is done in time, January's figures late, the rest is owed."""
    for day in ("2024-01-02", "2024-02-01", "2024-02-05", "2024-03-01", "2024-04-01", "2024-04-10"):
        if day == "2024-02-05":
            installation.act(JANUARY, "submit", at(day), document="=2+5/BC", signed=date(2024, 2, 5))
            installation.act(JANUARY, "accept", at(day, "09:00"))
        if day == "2024-03-01":
            installation.act(Q1, "submit", at(day), document="12/KH-VP", signed=date(2024, 2, 29))
            installation.act(Q1, "return", at(day, "09:00"), reason="thiếu phụ lục")
            installation.act(Q1, "submit", at(day, "10:00"), document="13/KH-VP", signed=date(2024, 3, 1))
            installation.act(Q1, "accept", at(day, "11:00"))
        check_occurrences(installation.engine, installation.rules, installation.plan.id, at(day, "12:00"))
    return installation


def stood(installation: Installation, day: str, as_of: str | None = None) -> Snapshot:
    asked = date.fromisoformat(as_of) if as_of else None
    return snapshot(installation.engine, installation.rules, installation.plan.id, at(day, "23:00"), asked)


def wording(installation: Installation, found: Snapshot) -> Wording:
    return Wording(words(CONFIG), installation.rules.office, installation.rules.calendar, found.day, True)


def table(content: bytes) -> list[list[object]]:
    page = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    return [[cell.value for cell in line] for line in page.iter_rows()]


# -- the snapshot


def test_a_snapshot_is_the_stored_states_and_an_earlier_one_is_folded_from_the_ledger(walked: Installation) -> None:
    now = stood(walked, "2024-04-10")
    kept = walked.states()
    assert {each.occurrence.id: each.state.status.value for each in now.tracked} == {
        k: v["status"] for k, v in kept.items()
    }
    assert now.head.seq == len(walked.ledger())
    before = stood(walked, "2024-04-10", "2024-01-31")
    assert before.day == date(2024, 1, 31)
    assert outcome_counts((each.state for each in before.tracked), before.day)["open"] == len(now.tracked)
    with pytest.raises(SnapshotError, match="was not adopted by 01/01/2024"):
        stood(walked, "2024-04-10", "2024-01-01")


# -- the progress table


def test_the_progress_table_has_real_dates_and_never_a_formula(walked: Installation) -> None:
    found = stood(walked, "2024-04-10")
    content, number = progress_book(found, wording(walked, found), walked.rules.policy, Chosen())
    rows = table(content)
    assert number == len(found.tracked)
    top = next(n for n, row in enumerate(rows) if row[0] == "STT")
    assert str(found.head.hash) in str(rows[top - 1][0])
    late = next(row for row in rows if "=2+5/BC" in str(row[7]))
    assert isinstance(late[6], datetime)
    assert (late[6].date(), late[7], late[8]) == (
        date(2024, 1, 31),
        "Hoàn thành trễ: số =2+5/BC, ký ngày 05/02/2024",
        3,
    )
    page = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    assert page.freeze_panes == f"A{top + 2}"
    assert page.auto_filter.ref.startswith(f"A{top + 1}:J")
    assert page.print_title_rows == f"${top + 1}:${top + 1}"
    assert (page.page_setup.orientation, page.page_setup.fitToHeight) == ("landscape", 0)
    assert {cell.font.name for line in page.iter_rows() for cell in line if cell.value is not None} == {
        "Times New Roman"
    }
    assert {cell.data_type for line in page.iter_rows() for cell in line} <= {"s", "inlineStr", "n", "d"}
    dated = [row[6] for row in rows[top + 1 :] if isinstance(row[6], datetime)]
    assert len(dated) > 20


@pytest.mark.parametrize("text", ["=1+1", "+84 255", "-5", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x")'])
def test_text_that_looks_like_a_formula_stays_text(walked: Installation, text: str) -> None:
    found = stood(walked, "2024-04-10")
    sheet = Sheet("x", text, text, (text,), (Column(text, 9),), ((text,),))
    content = workbook([sheet], found.at, "&P")
    xml = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in xml
    assert [row[0] for row in table(content)][-1] == text.strip()


def test_the_same_snapshot_the_same_bytes(walked: Installation) -> None:
    found = stood(walked, "2024-04-10")
    first, second = (progress_book(found, wording(walked, found), walked.rules.policy, Chosen())[0] for _ in "12")
    assert first == second


# -- page, file and command show the same


@pytest.fixture
def portal(walked: Installation, tmp_path: Path) -> Portal:
    return Portal(walked, tmp_path / "mail", at("2024-04-10", "14:00"), public_url="https://dondoc.example")


@pytest.fixture
async def tracker(portal: Portal) -> AsyncIterator[AsyncClient]:
    async with portal.signed_in("tracker") as client:
        yield client


async def test_the_board_as_a_file_keeps_its_filters(tracker: AsyncClient) -> None:
    answer = await tracker.get("/bang.xlsx?unit=ttpvks&quarter=1")
    assert answer.headers["content-disposition"] == 'attachment; filename="tien-do-nho-2024.xlsx"'
    rows = table(answer.content)
    said = [str(row[0]) for row in rows]
    assert "Đơn vị chủ trì: Trung tâm Phục vụ - Kiểm soát thủ tục hành chính." in said
    assert "Đến hạn trong quý I/2024." in said
    assert [row[0] for row in rows if re.fullmatch(r"\d+\.\d+", str(row[0]))] == ["1.1", "1.2", "1.3"]
    late = table((await tracker.get("/bang.xlsx?state=late")).content)
    assert sum(bool(re.fullmatch(r"\d+\.\d+", str(row[0]))) for row in late) == 1
    page = (await tracker.get("/bang?unit=ttpvks&quarter=1")).text
    assert 'href="/bang.xlsx?unit=ttpvks&amp;quarter=1"' in page


async def test_every_number_of_the_page_opens_what_it_was_counted_from(
    tracker: AsyncClient, walked: Installation
) -> None:
    found = stood(walked, "2024-04-10")
    with walked.engine.connect() as connection:
        traced = traces(connection, walked.rules, found)
    cards = scorecards(found.tracked, traced.entries, traced.registered, walked.rules, found.day)
    page = (await tracker.get("/diem")).text
    assert found.head.hash in page
    links = [link.replace("&amp;", "&") for link in re.findall(r'href="(/diem\?[^"]*so=[^"]*)#behind"', page)]
    numbers = [int(n) for n in re.findall(r"</span>(\d+)</a>", page)]
    assert sum(numbers) == sum(c.number(f) for c in cards for f in (*OUTCOMES, "returned", "extended"))
    assert len(links) == sum(1 for c in cards for f in c.figures if c.figures[f])
    for link in links[:12]:
        behind = (await tracker.get(link)).text
        assert int(re.findall(r'id="behind">[^<]*: (\d+)<', behind)[0]) == len(
            re.findall(r'role="rowheader"><a href="/ky/', behind)
        )
    returned = (await tracker.get("/diem?unit=hcqt&so=returned")).text
    (seq,) = re.findall(r"#m(\d+)", returned)
    entry = next(e for e in walked.ledger() if e["seq"] == int(seq))
    assert entry["kind"] == "occurrence.returned"
    assert f'id="m{seq}"' in (await tracker.get(f"/ky/{entry['occurrence']}")).text


async def test_a_unit_sees_its_own_card_and_no_other_without_signing_in(portal: Portal, tracker: AsyncClient) -> None:
    page = (await tracker.get("/diem")).text
    own = next(a for a in re.findall(r'href="https://dondoc.example(/diem/[^"]+)"', page) if "/diem/hcqt" in a)
    async with portal.browser() as unit:
        card = await unit.get(f"{own}?so=on_time")
        assert card.status_code == 200
        assert "Phòng Hành chính - Quản trị" in card.text
        assert "Trung tâm Phục vụ" not in card.text
        assert 'href="/ky/' not in card.text
        assert (await unit.get(own.replace("hcqt", "ttpvks"))).status_code == 404
        assert (await unit.get("/diem")).status_code == 303


async def test_no_question_breaks_the_scorecard(tracker: AsyncClient) -> None:
    for query in ("quarter=9&so=x", "unit=%00&so=late", "plan=nobody", "role=x&unit=hcqt&so=submitted", "quarter=2"):
        assert (await tracker.get(f"/diem?{query}")).status_code == 200
        assert (await tracker.get(f"/diem.xlsx?{query}")).status_code == 200


def test_the_commands_write_the_same_figures(
    walked: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "store", lambda: walked.engine)
    out = tmp_path / "tien-do.xlsx"
    done = CliRunner().invoke(cli, ["progress", str(out), "--unit", "hcqt", "--quarter", "1", "--as-of", "2024-04-10"])
    assert done.exit_code == 0, done.output
    assert done.output.startswith(f"wrote {out}: nho-2024, 2 occurrences")
    done = CliRunner().invoke(cli, ["scorecard", "--json", "--as-of", "2024-04-10"])
    told = json.loads(done.output)
    office = told["cards"][0]
    assert office["figures"]["late"] == {
        "number": 1,
        "of": [{"occurrence": f"nho-2024/{JANUARY}", "entries": office["figures"]["late"]["of"][0]["entries"]}],
    }
    assert office["expected"] == len(walked.states())
    done = CliRunner().invoke(cli, ["scorecard", "--unit", "nobody"])
    assert "no unit 'nobody'; the units are: hcqt" in str(done.exception)
