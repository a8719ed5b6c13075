"""After an amendment, whatever is asked for the day before shows the plan as it was then, and names the same entry."""

from __future__ import annotations

import json
import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner
from docx import Document as open_docx
from installation import PLAN, Installation, at
from office_portal import Portal

from cli import cli, documents, evidence, tables
from dondoc.foundation.yaml_positions import parse_yaml
from dondoc.plan.plan_file import read_plan
from dondoc.planning.amendment import Ruling
from tasks.mail.delivery import deliver
from tasks.obligations.snapshot import snapshot
from tasks.store.amending import amend_plan
from tasks.store.settle import check_occurrences

OLD, NEW = "Kế hoạch theo dõi thi hành", "Kế hoạch giám sát thi hành"
DAY = "2024-04-09"  # the day before


@pytest.fixture
def amended(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """Open since January, late since April, reworded on 10 April; what happened since belongs to no earlier day."""
    for day in ("2024-01-02", "2024-04-01", "2024-04-09"):
        check_occurrences(installation.engine, installation.rules, installation.plan.id, at(day, "08:00"))
        deliver(installation.morning(at(day)))
    text = PLAN.replace("Kế hoạch theo dõi,", f"{NEW},").replace(OLD, NEW)
    plan = read_plan(parse_yaml(text, "plan.yaml"), installation.rules.office)
    ruling = Ruling("21/QĐ-VP", date(2024, 4, 9), "Theo chỉ đạo")
    amend_plan(installation.engine, plan, ruling, installation.rules, at("2024-04-10", "15:00"), "operator")
    installation.submit("ke-hoach/quy-mot/2024-Q1", at("2024-04-11", "09:00"))
    for module in (tables, documents, evidence):
        monkeypatch.setattr(module, "store", lambda: installation.engine)
        monkeypatch.setattr(module, "own_rules", lambda: installation.rules)
    monkeypatch.setattr(evidence, "prepare", lambda: installation.settings)
    return installation


def run(*arguments: str) -> str:
    done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def cells(path: Path) -> str:
    return "\n".join(str(c.value) for page in openpyxl.load_workbook(path).worksheets for row in page.iter_rows() for c in row)  # fmt: skip


def paragraphs(path: Path) -> str:
    found = open_docx(str(path))
    rows = [cell.text for table in found.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(p.text for p in found.paragraphs), *rows])


async def test_every_output_of_the_day_before_shows_the_plan_as_it_was_and_names_one_entry(
    amended: Installation, tmp_path: Path
) -> None:
    entry = max(e["seq"] for e in amended.ledger() if e["at"] < "2024-04-09T17:00")  # its end in Việt Nam, UTC
    out = {name: tmp_path / name for name in ("a.xlsx", "b.xlsx", "c.docx", "d.zip")}

    assert run("progress", str(out["a.xlsx"]), "--as-of", DAY).strip().endswith(f"ledger entry {entry}")
    told = json.loads(run("scorecard", "--json", "--as-of", DAY, "--xlsx", str(out["b.xlsx"])).partition("\n")[2])
    assert told["seq"] == entry
    said = run("document", "year-summary", "--as-of", DAY, "--output", str(out["c.docx"]))
    assert said.strip().endswith(f"ledger entry {entry}")
    assert f"up to entry {entry}\n" in run("evidence", "pack", str(out["d.zip"]), "--as-of", DAY)

    portal = Portal(amended, tmp_path / "mail", at("2024-04-12", "09:00"))
    async with portal.signed_in("tracker") as client:
        board = (await client.get(f"/bang?ngay={DAY}")).text
        today = (await client.get("/bang")).text
        assert (await client.get("/bang?ngay=2023-12-31")).status_code == 404
        book = (await client.get(f"/bang.xlsx?ngay={DAY}")).content
    (tmp_path / "e.xlsx").write_bytes(book)
    with zipfile.ZipFile(out["d.zip"]) as pack:
        register = pack.read("danh-muc.jsonl").decode()
        state = json.loads(next(line for line in register.splitlines() if "quy-mot" in line))

    shown = [cells(out["a.xlsx"]), paragraphs(out["c.docx"]), register, board, cells(tmp_path / "e.xlsx")]
    for text in shown:
        assert OLD in text
        assert NEW not in text
    assert NEW in today
    assert OLD not in today
    assert f"mục {entry} của sổ chứng cứ" in board
    assert (state["status"], state["outcome"]) == ("open", "overdue")


def test_what_ended_before_an_amendment_keeps_the_words_it_ended_under(installation: Installation) -> None:
    done = "ke-hoach/quy-mot/2024-Q1"
    check_occurrences(installation.engine, installation.rules, installation.plan.id, at("2024-01-02", "08:00"))
    installation.submit(done, at("2024-03-20", "09:00"))
    installation.act(done, "accept", at("2024-03-21", "09:00"))
    plan = read_plan(parse_yaml(PLAN.replace(OLD, NEW), "plan.yaml"), installation.rules.office)
    ruling = Ruling("21/QĐ-VP", date(2024, 4, 9), "Theo chỉ đạo")
    amend_plan(installation.engine, plan, ruling, installation.rules, at("2024-04-10", "15:00"), "operator")

    def titles(upto: int | date | None) -> dict[str, str]:
        now = at("2024-04-12", "09:00")
        found = snapshot(installation.engine, installation.rules, installation.plan.id, now, upto)
        assert found.plan.item("ke-hoach").title == (OLD if upto == date(2024, 4, 9) else NEW) + " pháp luật"
        return {each.obligation.id: each.item.title for each in found.tracked if each.item.id == "ke-hoach"}

    last = len(installation.ledger())
    assert titles(None) == titles(date(2024, 4, 10)) == titles(last)
    assert titles(None) == {"quy-mot": f"{OLD} pháp luật", "quy-hai": f"{NEW} pháp luật"}
    assert set(titles(date(2024, 4, 9)).values()) == {f"{OLD} pháp luật"}
