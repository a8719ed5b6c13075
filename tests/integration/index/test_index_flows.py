"""The monthly index on a real database: versions, corrections, publication, holding, the form, an address, the mail."""

from __future__ import annotations

import csv
import json
import threading
from collections.abc import Iterator
from datetime import date
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import psycopg
import pytest
from installation import CONFIG, TTPVKS, Installation, at

import tasks.index.figures_entry
import tasks.index.months
from dondoc.index.rules import Source
from flows.collect import collect
from flows.continuous import continuous
from flows.enter_figures import enter_figures
from flows.sweep import sweep
from tasks.config.loading import load_rules as read_house
from tasks.index.artifacts import index_artifacts
from tasks.index.figure_source import from_address
from tasks.index.figures_form import FigureRow, FiguresForm
from tasks.index.months import index_months, index_rules
from tasks.index.sources import read_figures
from tasks.store.audit import verify_store
from tasks.store.figures import versions

pytestmark = pytest.mark.usefixtures("plain_tasks")
PLAN = "nho-2024"
METRICS, RULES = index_rules(CONFIG)
DEMO = CONFIG / "demo" / "figures" / "2024"


@pytest.fixture
def figures(installation: Installation) -> Path:
    folder = installation.settings.figures / "2024"
    folder.mkdir(parents=True)
    run("2024-01-02")
    return folder


def run(day: str, clock: str = "08:00", **given: Any) -> Any:
    return collect.fn(PLAN, item="chi-so", as_of=at(day, clock), **given)


def drop(folder: Path, *names: str) -> None:
    for name in names:
        sample = next(DEMO.glob(f"so-lieu-{name}.*"))
        (folder / sample.name).write_bytes(sample.read_bytes())


def known(installation: Installation, month: str) -> list[Any]:
    with installation.engine.connect() as connection:
        return versions(connection, PLAN, month)


def notices(installation: Installation, kind: str) -> dict[str, Any]:
    return {notice.recipient: notice for notice in installation.notices(kind=kind)}


# -- versions


def test_a_month_is_recorded_once_and_a_changed_file_is_a_correction(installation: Installation, figures: Path) -> None:
    drop(figures, "2024-01")
    run("2024-01-30")
    run("2024-01-31")
    (first,) = installation.ledger("figures.recorded")
    assert (first["body"]["version"], first["body"]["corrects"], first["body"]["source"]) == (1, None, "folder")
    assert first["body"]["files"][0]["name"] == "so-lieu-2024-01.csv"
    kept = (
        installation.settings.var
        / "files"
        / first["body"]["files"][0]["sha256"][:2]
        / first["body"]["files"][0]["sha256"]
    )
    assert kept.read_bytes() == (figures / "so-lieu-2024-01.csv").read_bytes(), "what was read is kept"
    path = figures / "so-lieu-2024-01.csv"
    path.write_text(path.read_text("utf-8").replace(",16,16,6.00", ",15,16,5.63", 1), "utf-8")
    run("2024-02-01")
    _, second = installation.ledger("figures.recorded")
    assert (second["body"]["version"], second["body"]["changed"]) == (2, ["PUBLISH_ON_TIME"])
    assert second["body"]["corrects"] == {"version": 1, "seq": first["seq"], "sha256": first["body"]["sha256"]}
    assert [version.version for version in known(installation, "2024-01")] == [1, 2]
    assert len(installation.ledger("occurrence.submitted")) == 1, "a correction is no second submission"
    with installation.engine.connect() as connection:
        recounted, broken = verify_store(connection)
    assert (broken, recounted.found.kept) == (None, [])
    assert installation.folded() == installation.states()


def test_the_same_numbers_in_another_file_are_no_version(installation: Installation, figures: Path) -> None:
    drop(figures, "2024-01")
    run("2024-01-30")
    (figures / "so-lieu-2024-01.csv").rename(figures / "khac.csv")
    text = (figures / "khac.csv").read_text("utf-8").replace("29/01/2024", "30/01/2024").replace(",6.00,", ',"6,0",')
    (figures / "khac.csv").write_text(text, "utf-8")
    run("2024-01-31")
    assert len(installation.ledger("figures.recorded")) == 1


@pytest.mark.parametrize("statement", ["UPDATE figures SET sha256 = ''", "DELETE FROM figures", "TRUNCATE figures"])
def test_recorded_figures_cannot_be_changed_even_by_their_owner(
    installation: Installation, figures: Path, statement: str
) -> None:
    drop(figures, "2024-01")
    run("2024-01-30")
    with psycopg.connect(installation.owner_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)
    with installation.engine.connect() as connection, pytest.raises(Exception, match="permission denied"):
        connection.exec_driver_sql(statement)


# -- publication


def test_a_whole_month_is_published_to_the_unit_and_the_leaders_once(installation: Installation, figures: Path) -> None:
    drop(figures, "2024-01")
    state = run("2024-01-30")
    run("2024-01-31")
    (published,) = installation.ledger("figures.published")
    assert (published["body"]["total"], published["body"]["version"]) == ("82.99", 1)
    assert set(notices(installation, "index")) == {"unit:ttpvks", "role:deputy", "role:head"}
    assert state.name
    sweep.fn(PLAN, as_of=at("2024-01-31", "08:30"))
    mail = next(message_from_bytes(content) for to, _, content in installation.post.accepted if to == TTPVKS)
    kinds = [part.get_content_type() for part in mail.walk()]
    assert [kind for kind in kinds if kind in ("multipart/related", "text/html", "image/png")] == [
        "multipart/related", "text/html", "image/png",
    ]  # fmt: skip
    picture = next(part for part in mail.walk() if part.get_content_type() == "image/png")
    html = (
        next(part for part in mail.walk() if part.get_content_type() == "text/html").get_payload(decode=True).decode()
    )  # type: ignore[union-attr]
    assert picture.get_payload(decode=True)[:4] == b"\x89PNG"  # type: ignore[index]
    assert f"cid:{str(picture['Content-ID']).strip('<>')}" in html
    told = installation.post.text(TTPVKS)
    assert "Tổng điểm: 82,99/100 điểm" in told
    assert "Tháng 1: 82,99 điểm" in " ".join(told.split()), "the picture in words"
    assert "Tổng điểm trên Cổng Dịch vụ công quốc gia: 82,99; chênh lệch 0,00" in " ".join(told.split())


def test_a_missing_count_holds_the_month_and_the_unit_is_told_which(installation: Installation, figures: Path) -> None:
    drop(figures, "2024-08")
    run("2024-08-30")
    assert not installation.ledger("figures.published")
    (held,) = installation.ledger("figures.held")
    assert held["body"]["reasons"] == ["ELECTRONIC_CERTIFIED_COPY (Chứng thực bản sao điện tử): chưa có tử số, mẫu số"]
    assert set(notices(installation, "figures")) == {"unit:ttpvks"}
    run("2024-09-04")
    assert len(installation.notices(kind="figures")) == 1, "not again the next working day"
    run("2024-09-06")
    assert len(installation.notices(kind="figures")) == 2, "again after three working days"
    assert len(installation.ledger("figures.held")) == 1
    drop(figures, "2024-08-dinh-chinh")
    run("2024-09-13")
    assert len(known(installation, "2024-08")) == 1, "the correction is closed on the 16th"
    run("2024-09-16")
    assert [version.version for version in known(installation, "2024-08")] == [1, 2]
    (published,) = installation.ledger("figures.published")
    assert (published["body"]["version"], published["body"]["total"]) == (2, "84.68")
    assert installation.notices(kind="index")[0].body["replaces"] is False


def test_doubtful_figures_are_held_until_they_are_confirmed(installation: Installation, figures: Path) -> None:
    drop(figures, "2024-10")
    run("2024-10-31")
    assert not installation.ledger("figures.published")
    assert "trên Cổng 2,35" in installation.ledger("figures.held")[0]["body"]["reasons"][0]
    form = FiguresForm(plan=PLAN, month="2024-10", confirm=True, recorded_by="Nguyễn Văn An")
    assert enter_figures.fn(form, as_of=at("2024-11-01", "10:00")).is_failed(), "a confirmation needs a reason"
    form = form.model_copy(update={"reason": "Cổng cập nhật chậm"})
    assert enter_figures.fn(form, as_of=at("2024-11-01", "10:05")).is_completed()
    (confirmed,) = installation.ledger("figures.confirmed")
    assert (confirmed["body"]["version"], confirmed["body"]["reason"]) == (1, "Cổng cập nhật chậm")
    assert len(installation.ledger("figures.published")) == 1
    assert any("Nguyễn Văn An" in line for line in installation.notices(kind="index")[0].body["lines"])


def test_a_file_that_was_not_accepted_is_chased_with_its_faults(installation: Installation, figures: Path) -> None:
    drop(figures, "2024-01")
    path = figures / "so-lieu-2024-01.csv"
    lines = [line for line in path.read_text("utf-8").splitlines() if "DOSSIER_SYNC" not in line]
    path.write_text("\n".join(lines).replace(",16,16,", ",mười sáu,16,", 1), "utf-8")
    run("2024-01-30")
    (told,) = installation.notices(kind="figures")
    assert told.body["lines"][0] == "thiếu chỉ tiêu DOSSIER_SYNC (Hồ sơ đồng bộ lên Cổng DVCQG)"
    assert "mười sáu" in told.body["lines"][1]
    assert not known(installation, "2024-01")


def test_a_rehearsal_records_nothing(installation: Installation, figures: Path) -> None:
    drop(figures, "2024-01")
    before = len(installation.ledger())
    run("2024-01-30", dry_run=True)
    assert len(installation.ledger()) == before
    assert not (installation.settings.var / "files").exists()


def test_a_correction_of_a_published_month_is_told_as_one(installation: Installation, figures: Path) -> None:
    drop(figures, "2024-01")
    run("2024-01-30")
    path = figures / "so-lieu-2024-01.csv"
    path.write_text(path.read_text("utf-8").replace(",16,16,6.00", ",15,16,5.63", 1), "utf-8")
    run("2024-02-01")
    first, second = installation.ledger("figures.published")
    assert (first["body"]["total"], second["body"]["total"]) == ("82.99", "82.62")
    told = [notice.body for notice in installation.notices(kind="index", checkpoint="index-2")]
    assert {body["replaces"] for body in told} == {True}


# -- by unit


def test_units_are_recorded_with_the_month_and_published_with_it(installation: Installation, figures: Path) -> None:
    drop(figures, "2024-11", "2024-11-theo-don-vi")
    run("2024-11-29")
    (recorded,) = installation.ledger("figures.recorded")
    rows = recorded["body"]["figures"]
    assert len([row for row in rows if "unit" not in row]) == len(METRICS.listed)
    assert len([row for row in rows if "unit" in row]) == 5 * len(METRICS.listed)
    assert len(recorded["body"]["files"]) == 2
    (published,) = installation.ledger("figures.published")
    assert [(one["unit"], one["total"]) for one in published["body"]["units"]] == [
        ("Sở Tư pháp", "87.20"), ("UBND các huyện, thị xã, thành phố", "85.04"), ("Các sở, ban, ngành khác", "84.48"),
        ("Sở Tài nguyên và Môi trường", "80.01"), ("Sở Giao thông vận tải", None),
    ]  # fmt: skip
    assert notices(installation, "index")["role:head"].body["lines"][-2:] == [
        "Tổng điểm theo đơn vị: Sở Tư pháp (87,20); UBND các huyện, thị xã, thành phố (85,04); "
        "Các sở, ban, ngành khác (84,48); Sở Tài nguyên và Môi trường (80,01)",
        "Đơn vị chưa đủ số liệu để tính tổng điểm: Sở Giao thông vận tải",
    ]
    with installation.engine.connect() as connection:
        stands = index_months(connection, CONFIG, PLAN, 2024)
    table = next(a for a in index_artifacts(stands, "2024-11", installation.rules.office) if a.key == "chi-so-don-vi")
    row = json.loads(str(table.data))[4]
    assert (row["Đơn vị"], row["Tổng điểm (100)"], row["Mức độ số hóa hồ sơ (22)"], row["Mức độ hài lòng (18)"]) == (
        "Sở Giao thông vận tải", "chưa đủ số liệu", "chưa đủ số liệu", "18,00",
    )  # fmt: skip


def test_units_that_do_not_add_up_to_the_total_hold_the_month_until_corrected(
    installation: Installation, figures: Path
) -> None:
    drop(figures, "2024-05", "2024-05-theo-don-vi")
    path = figures / "so-lieu-2024-05-theo-don-vi.csv"
    lines = path.read_text("utf-8").splitlines()
    place = next(n for n, line in enumerate(lines) if "Sở Tư pháp,DOSSIER_SYNC" in line)
    cells = lines[place].split(",")
    right = int(cells[5])
    path.write_text("\n".join([*lines[:place], ",".join([*cells[:5], str(right + 1), cells[6]]), *lines[place + 1 :]]))
    run("2024-05-31")
    assert not installation.ledger("figures.published")
    (why,) = installation.ledger("figures.held")[0]["body"]["reasons"]
    assert why.startswith("DOSSIER_SYNC (Hồ sơ đồng bộ lên Cổng DVCQG): mẫu số ghi chung là ")
    row = FigureRow(code="DOSSIER_SYNC", unit="sở tư pháp", numerator=int(cells[4]), denominator=right)
    form = FiguresForm(
        plan=PLAN, month="2024-05", closed_on=date(2024, 5, 30), recorded_by="Trần Thị Bình", rows=(row,),
        reason="Gõ nhầm",
    )  # fmt: skip
    assert enter_figures.fn(form, as_of=at("2024-06-03", "10:00")).is_completed()
    assert installation.ledger("figures.recorded")[1]["body"]["changed"] == ["DOSSIER_SYNC"]
    assert installation.ledger("figures.published")[0]["body"]["total"] == "82.81"


def test_a_total_that_only_the_units_give_follows_a_units_correction(installation: Installation, figures: Path) -> None:
    drop(figures, "2024-06-theo-don-vi")
    run("2024-06-28")
    (published,) = installation.ledger("figures.published")
    assert published["body"]["total"] == "82.26", "the sums are the totals of the month's own file"
    row = FigureRow(code="PUBLISH_ON_TIME", unit="Sở Tư pháp", numerator=0, denominator=2)
    form = FiguresForm(
        plan=PLAN, month="2024-06", closed_on=date(2024, 6, 28), recorded_by="Trần Thị Bình", rows=(row,), reason="Sửa",
    )  # fmt: skip
    before = {f.unit: f for f in known(installation, "2024-06")[0].shares if f.code == "PUBLISH_ON_TIME"}
    assert enter_figures.fn(form, as_of=at("2024-06-28", "10:00")).is_completed()
    (total,) = [f for f in known(installation, "2024-06")[1].figures if f.code == "PUBLISH_ON_TIME"]
    others = [f for unit, f in before.items() if unit != "Sở Tư pháp"]
    assert total.summed
    assert (total.numerator, total.denominator) == (
        sum(f.numerator for f in others), 2 + sum(f.denominator for f in others),
    )  # fmt: skip


def test_an_address_may_give_shares_of_units(source: Source, tmp_path: Path) -> None:
    rows = [{"metric": {"id": "x-DOSSIER_ON_TIME"}, "n": n, "d": 9, "u": {"name": unit}}
            for unit, n in (("Sở Y tế", 4), ("CBTH", 5))]  # fmt: skip
    Portal.first = [(200, json.dumps({"data": {"evaluation": [{"metrics": rows}]}}).encode())]
    by_unit = source.model_copy(update={"unit": "u.name"})
    nothing, office = read_figures(tmp_path, 2024, METRICS), read_house(CONFIG).office
    found = from_address(by_unit, nothing, 2024, METRICS, ["2024-01"], date(2024, 1, 31), office=office)
    month = found.months["2024-01"]
    assert [(f.unit, f.numerator) for f in month.shares] == [("Sở Y tế", 4), ("ttcbth", 5)]
    assert [(f.numerator, f.denominator, f.summed) for f in month.figures] == [(9, 18, True)]


# -- the form


PASTED = (DEMO / "so-lieu-2024-01.csv").read_text("utf-8")


def typed(**given: Any) -> FiguresForm:
    filled = {"plan": PLAN, "month": "2024-01", "closed_on": date(2024, 1, 29), "recorded_by": "Trần Thị Bình", **given}
    return FiguresForm(**filled)


@pytest.mark.usefixtures("figures")
def test_figures_pasted_into_the_form_are_recorded_submitted_and_published(installation: Installation) -> None:
    assert enter_figures.fn(typed(table=PASTED), as_of=at("2024-01-30", "10:00")).is_completed()
    (recorded,) = installation.ledger("figures.recorded")
    assert (recorded["body"]["source"], recorded["actor"]) == ("form", "operator:Trần Thị Bình")
    assert installation.states()[f"{PLAN}/chi-so/ket-qua/2024-01"]["status"] == "submitted"
    assert len(installation.ledger("figures.published")) == 1
    again = enter_figures.fn(typed(table=PASTED, reason="gõ lại"), as_of=at("2024-01-30", "10:05"))
    assert again.is_failed(), "the same again is no version"
    assert "không ghi lần nữa" in str(again.message)


def test_one_number_corrected_in_the_form_stands_though_the_old_file_is_still_there(
    installation: Installation, figures: Path
) -> None:
    drop(figures, "2024-01")
    run("2024-01-30")
    rows = (FigureRow(code="PUBLISH_ON_TIME", numerator=15, denominator=16),)
    assert "ghi lý do" in str(enter_figures.fn(typed(rows=rows), as_of=at("2024-01-30", "10:00")).message)
    assert enter_figures.fn(typed(rows=rows, reason="Đếm sót"), as_of=at("2024-01-30", "10:05")).is_completed()
    run("2024-01-31")
    assert [(v.version, v.source) for v in known(installation, "2024-01")] == [(1, "folder"), (2, "form")]
    assert installation.ledger("figures.recorded")[1]["body"]["changed"] == ["PUBLISH_ON_TIME"]
    assert installation.ledger("figures.recorded")[1]["body"]["reason"] == "Đếm sót"


@pytest.mark.usefixtures("figures")
@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "Chưa có gì để ghi"),
        ({"table": PASTED, "closed_on": None}, "Điền ngày chốt"),
        ({"table": PASTED, "closed_on": date(2024, 2, 1)}, "sau hôm nay"),
        ({"table": PASTED, "month": "2024-02", "closed_on": date(2024, 1, 30)}, "không phải của tháng"),
        ({"table": "x"}, "không thấy dòng tiêu đề"),
        (
            {"rows": (FigureRow(code="PUBLISH_ON_TIME", numerator=1, denominator=1),)},
            "Thiếu chỉ tiêu: PUBLIC_UPDATE_ON_TIME",
        ),
        ({"rows": (FigureRow(code="PUBLISH_ONTIME"),)}, "có phải là PUBLISH_ON_TIME"),
        ({"rows": (FigureRow(code="PUBLISH_ON_TIME", numerator=2, denominator=1),)}, "lớn hơn mẫu số"),
        ({"confirm": True, "reason": "x"}, "chưa có số liệu"),
        ({"plan": "khong-co", "table": PASTED}, "chưa được áp dụng"),
    ],
)
def test_a_form_filled_in_wrongly_records_nothing_and_says_what_to_do(
    installation: Installation, given: dict[str, Any], says: str
) -> None:
    state = enter_figures.fn(typed(**given), as_of=at("2024-01-30", "10:00"))
    assert state.is_failed()
    assert says in str(state.message)
    assert not installation.ledger("figures.")


@pytest.mark.usefixtures("figures")
def test_a_table_may_be_pasted_without_month_and_closing_date(installation: Installation) -> None:
    lines = [line.split("\t") for line in tabbed(PASTED)]
    kept = "\n".join("\t".join([cells[1], *cells[3:6]]) for cells in lines)
    assert enter_figures.fn(typed(table=kept), as_of=at("2024-01-30", "10:00")).is_completed()
    assert installation.ledger("figures.published")[0]["body"]["total"] == "82.99"


def tabbed(text: str) -> list[str]:
    return ["\t".join(row) for row in csv.reader(text.splitlines())]


# -- an address


class Portal(BaseHTTPRequestHandler):
    """A server that gives the sample's January as JSON, after the answers in `first`."""

    first: ClassVar[list[tuple[int, bytes]]] = []
    asked: ClassVar[list[tuple[str, str, bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        Portal.asked.append((self.path, self.headers.get("X-Key", ""), body))
        status, content = Portal.first.pop(0) if Portal.first else (200, answer())
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Quiet."""


def answer() -> bytes:
    month = read_figures(DEMO, 2024, METRICS).months["2024-01"]
    rows = [
        {
            "metric": {"id": f"x-{f.code}"},
            "n": f.numerator,
            "d": f.denominator,
            "p": float(f.score) if f.score else None,
        }
        for f in month.figures
    ]
    return json.dumps({"data": {"evaluation": [{"metrics": rows}]}}).encode()


@pytest.fixture
def source() -> Iterator[Source]:
    server = HTTPServer(("127.0.0.1", 0), Portal)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    Portal.first, Portal.asked = [], []
    yield Source(
        url=f"http://127.0.0.1:{server.server_port}/figures/{{month}}", method="POST", headers={"X-Key": "k"},
        body='{{"year": {year}, "month": {number}}}', rows="data.evaluation.0.metrics", code="metric.id", numerator="n",
        denominator="d", score="p", codes={f"x-{m.code}": m.code for m in METRICS.listed}, wait_seconds=0,
    )  # fmt: skip
    server.shutdown()
    thread.join()
    server.server_close()


def asked_of(source: Source, tmp_path: Path, kept: Any = None) -> Any:
    nothing = read_figures(tmp_path, 2024, METRICS)
    return from_address(source, nothing, 2024, METRICS, ["2024-01"], date(2024, 1, 31), kept)


def test_an_address_is_read_as_mapped_and_its_answer_is_kept(source: Source, tmp_path: Path) -> None:
    kept: list[bytes] = []
    reading = asked_of(source, tmp_path, kept.append)
    assert reading.faults == ()
    assert reading.handed_in("2024-01", date(2024, 1, 31))
    assert (reading.months["2024-01"].figures[0].numerator, reading.months["2024-01"].figures[4].score) == (16, "19.75")
    assert Portal.asked == [("/figures/2024-01", "k", b'{"year": 2024, "month": 1}')]
    assert kept == [answer()]
    assert [file.media_type for file in reading.files] == ["application/json"]


def test_an_address_that_fails_for_a_while_is_asked_again(source: Source, tmp_path: Path) -> None:
    Portal.first = [(503, b""), (429, b"")]
    assert asked_of(source, tmp_path).handed_in("2024-01", date(2024, 1, 31))
    assert len(Portal.asked) == 3


@pytest.mark.parametrize(
    ("status", "content", "says", "times"),
    [
        (404, b"", "không trả lời (HTTP 404)", 1),
        (500, b"", "không trả lời (HTTP 500)", 3),
        (200, b"<html>", "không trả về JSON", 1),
        (200, b'{"data": 1}', "không có danh sách", 1),
        (200, b"x" * 5_000_001, "quá 5000000 byte", 1),
        (200, b'{"data": {"evaluation": [{"metrics": [{"metric": {"id": "x"}}]}]}}', 'không có chỉ tiêu mã "x"', 1),
    ],
)
def test_an_address_that_answers_badly_is_a_fault_and_no_figures(
    source: Source, tmp_path: Path, status: int, content: bytes, says: str, times: int
) -> None:
    Portal.first = [(status, content)] * times
    reading = asked_of(source, tmp_path)
    assert not reading.months
    assert any(says in str(fault) for fault in reading.faults), reading.faults
    assert len(Portal.asked) == times


def test_an_address_nobody_listens_at_is_a_fault(source: Source, tmp_path: Path) -> None:
    silent = source.model_copy(update={"url": "http://127.0.0.1:1/{month}"})
    assert any("không trả lời" in str(fault) for fault in asked_of(silent, tmp_path).faults)


@pytest.mark.usefixtures("figures")
def test_a_month_from_an_address_is_recorded_and_handed_in(
    installation: Installation, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = RULES.model_copy(update={"source": source})
    monkeypatch.setattr(tasks.index.figures, "index_rules", lambda _config: (METRICS, rules))
    run("2024-01-30")
    assert not Portal.asked, "the last working day has not come"
    run("2024-01-31")
    (recorded,) = installation.ledger("figures.recorded")
    assert recorded["body"]["source"] == "address"
    sha256 = recorded["body"]["files"][0]["sha256"]
    assert (installation.settings.var / "files" / sha256[:2] / sha256).read_bytes() == answer()
    assert installation.states()[f"{PLAN}/chi-so/ket-qua/2024-01"]["status"] == "submitted"


# -- the year


def test_the_year_2024_gives_a_trend_and_the_quarters_ratios(whole_plan: Installation) -> None:
    folder = whole_plan.settings.figures / "2024"
    folder.mkdir(parents=True)
    for path in DEMO.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    for month in range(1, 13):
        day = f"2024-{month:02}-28" if month != 4 else "2024-05-06"
        continuous.fn("cchc-2024", item="dich-vu-cong-truc-tuyen", as_of=at(day, "07:50"))
        collect.fn("cchc-2024", item=item_of(whole_plan), as_of=at(day, "08:00"))
    collect.fn("cchc-2024", item=item_of(whole_plan), as_of=at("2024-12-31", "08:00"))
    with whole_plan.engine.connect() as connection:
        stands = index_months(connection, CONFIG, "cchc-2024", 2024)
    totals = [str(stands.indexes[f"2024-{month:02}"].total.score) for month in range(1, 13)]
    assert totals == [
        "82.99", "83.19", "83.39", "82.85", "82.81", "82.26", "83.38", "84.68", "84.24", "84.57", "84.24", "85.54",
    ]  # fmt: skip
    assert not any(stands.hindered.values())
    table, progress, picture, units = index_artifacts(stands, "2024-12", whole_plan.rules.office)
    assert json.loads(str(units.data))[0]["Đơn vị"] == "Sở Tư pháp"
    assert (progress.data, json.loads(str(table.data))[0]["Điểm"]) == (85.54, "5,50")
    assert "data:image/png;base64," in str(picture.data)
    fed = [e for e in whole_plan.ledger("occurrence.submitted") if "/ty-le-truc-tuyen/" in e["occurrence"]]
    assert [e["occurrence"].rpartition("/")[2] for e in fed] == ["2024-Q1", "2024-Q2", "2024-Q3", "2024-Q4"]
    assert fed[0]["body"]["note"] == (
        "Số liệu các tháng 01/2024, 02/2024, 03/2024 của mục II.2.c: Hồ sơ nộp trực tuyến: 4810/8522 (56,4%); "
        "Hồ sơ thanh toán trực tuyến: 2428/4826 (50,3%)"
    )


def item_of(installation: Installation) -> str:
    return next(item.id for item in installation.plan.items if item.shape == "collect")
