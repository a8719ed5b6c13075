"""An evidence pack: whole, reproducible, readable offline, and checked by its own verifier on bare Python."""

from __future__ import annotations

import hashlib
import io
import json
import random
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from installation import CONFIG, HCQT, Installation, at
from pypdf import PdfReader

from dondoc.ledger.ledger import Draft
from dondoc.obligations.lifecycle import ENDS, Status
from dondoc.verification.evidence import Selection
from tasks.evidence.gathering import PackError
from tasks.evidence.packing import Packed, pack, record_pack
from tasks.store.chain import append, appending
from tasks.store.files import keep_file
from tasks.store.settle import check_occurrences

VERIFIER = CONFIG / "words/vi/evidence/kiem-tra.py"
CONTENT = b"%PDF-1.7\n63"
SHA = hashlib.sha256(CONTENT).hexdigest()
NAME = "Kế hoạch số 63 (bản cuối)/..\\CON.pdf"
Q1 = "ke-hoach/quy-mot/2024-Q1"


def lived(installation: Installation) -> Installation:
    """A first quarter: assigned, extended, returned, accepted with a file, one late, one waived, mails sent and one refused."""
    from tasks.runs.sweep import send_mail

    def morning(day: str) -> None:
        check_occurrences(installation.engine, installation.rules, installation.plan.id, at(day, "08:00"))
        send_mail.fn(installation.morning(at(day, "08:00")))

    keep_file(installation.settings.var / "files", CONTENT)
    morning("2024-01-02")
    installation.act(
        "kiem-soat/kiem-tra/2024",
        "waive",
        at("2024-01-10"),
        "role:tracker",
        document="9/QĐ-VP",
        signed=date(2024, 1, 9),
        reason="gộp đợt",
    )
    morning("2024-02-01")
    installation.act("chi-so/ket-qua/2024-01", "submit", at("2024-02-05"), "unit:ttpvks", document="12/BC")
    installation.act("chi-so/ket-qua/2024-01", "accept", at("2024-02-06"), "role:tracker")
    installation.act(Q1, "extend", at("2024-03-20"), "role:tracker", until=date(2024, 4, 10), reason="chờ ý kiến")
    morning("2024-03-25")
    installation.act(
        Q1,
        "submit",
        at("2024-04-01"),
        "unit:hcqt",
        document="63/KH-VP",
        signed=date(2024, 3, 30),
        files=((NAME, "application/pdf", len(CONTENT), SHA),),
    )
    installation.act(Q1, "return", at("2024-04-02"), "role:tracker", reason="thiếu phụ lục <b>")
    installation.act(
        Q1,
        "submit",
        at("2024-04-12"),
        "unit:hcqt",
        document="64/KH-VP",
        files=((NAME, "application/pdf", len(CONTENT), SHA),),
    )
    installation.act(Q1, "accept", at("2024-04-15"), "role:tracker")
    morning("2024-04-16")
    return installation


@pytest.fixture
def year(installation: Installation) -> Installation:
    return lived(installation)


def made(year: Installation, tmp_path: Path, upto: int | None = None, **chosen: object) -> Packed:
    return pack(year.engine, year.settings, year.rules, Selection(**chosen), tmp_path / "goi.zip", upto)  # type: ignore[arg-type]


def verify(path: Path, *more: str) -> tuple[int, str]:
    """The verifier of the source tree on bare Python, in an empty environment."""
    ran = subprocess.run(
        [sys.executable, "-I", "-S", str(VERIFIER), str(path), *more],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={},
        timeout=600,
        cwd=path.parent,
    )
    assert ran.stderr == ""
    return ran.returncode, ran.stdout


def unpacked(path: Path, folder: Path) -> Path:
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    return folder


def test_a_pack_of_everything_holds_everything_and_proves_itself(year: Installation, tmp_path: Path) -> None:
    done = made(year, tmp_path)
    code, said = verify(done.archive.path)
    assert (code, said.splitlines()[-2][:14]) == (0, "KHÔNG THẤY SAI"), said
    assert verify(done.archive.path, "--sha256", done.archive.sha256)[0] == 0
    assert verify(done.archive.path, "--sha256", "0" * 64)[0] == 1
    folder = unpacked(done.archive.path, tmp_path / "ra")
    assert verify(folder)[0] == 0
    own = subprocess.run(
        [sys.executable, "-I", "-S", str(folder / "kiem-tra.py")], env={}, capture_output=True, timeout=600
    )
    assert own.returncode == 0
    assert (folder / "so-chung-cu/toan-bo.jsonl").read_bytes().count(b"\n") == done.head.seq
    rows = [json.loads(line) for line in (folder / "danh-muc.jsonl").read_text("utf-8").splitlines()]
    assert len(rows) == done.occurrences == len(year.states())
    outcomes = {row["id"]: row["outcome"] for row in rows}
    assert outcomes[f"{year.plan.id}/{Q1}"] == "extended_late"
    assert outcomes[f"{year.plan.id}/chi-so/ket-qua/2024-01"] == "late"
    assert outcomes[f"{year.plan.id}/kiem-soat/kiem-tra/2024"] == "waived"
    said = [json.loads(line) for line in (folder / "thu.jsonl").read_text("utf-8").splitlines()]
    assert {mail.sha256 for mail in year.mails()} == {row["sha256"] for row in said}
    for row in said:  # as sent, or with the links of duties still owed cut out
        kept = hashlib.sha256((folder / row["path"]).read_bytes()).hexdigest()
        assert kept == row.get("redacted", row)["sha256"]


def test_the_same_head_is_the_same_file_also_after_it_was_recorded(year: Installation, tmp_path: Path) -> None:
    first = made(year, tmp_path, item="ke-hoach")
    content = first.archive.path.read_bytes()
    assert made(year, tmp_path, item="ke-hoach").archive.path.read_bytes() == content
    head = record_pack(year.engine, first, at("2024-04-17"), "role:auditor")
    (entry,) = year.ledger("evidence.packed")
    assert (entry["seq"], entry["body"]["sha256"]) == (head.seq, first.archive.sha256)
    assert entry["body"]["head"]["seq"] == head.seq - 1
    assert entry["body"]["selection"]["item"] == "ke-hoach"
    assert made(year, tmp_path, item="ke-hoach").archive.path.read_bytes() != content
    again = made(year, tmp_path, upto=first.head.seq, item="ke-hoach")
    assert again.archive.sha256 == first.archive.sha256


def test_a_selection_holds_what_it_should(year: Installation, tmp_path: Path) -> None:
    def ids(**chosen: object) -> set[str]:
        done = made(year, tmp_path, **chosen)
        assert verify(done.archive.path)[0] == 0
        with zipfile.ZipFile(done.archive.path) as archive:
            return {json.loads(line)["id"].split("/", 1)[1] for line in archive.read("danh-muc.jsonl").splitlines()}

    assert ids(item="ke-hoach") == {Q1, "ke-hoach/quy-hai/2024-Q2"}
    assert ids(unit="ttcbth") == {key for key in ids() if key.startswith(("phan-anh/", "chuyen-doi-so/"))}
    # Due at the end of March, extended into April: it belongs to both.
    assert Q1 in ids(first=date(2024, 3, 1), last=date(2024, 3, 31))
    assert ids(first=date(2024, 4, 1), last=date(2024, 4, 29)) == {Q1}
    assert ids(document="63/kh") == {Q1}
    with pytest.raises(PackError):
        ids(item="khong-co")


def test_names_are_safe_and_the_original_ones_are_kept(year: Installation, tmp_path: Path) -> None:
    done = made(year, tmp_path)
    with zipfile.ZipFile(done.archive.path) as archive:
        names = archive.namelist()
        assert names == ["MANIFEST.jsonl", *sorted(names[1:])]
        assert len({name.lower() for name in names}) == len(names)
        assert all(re.fullmatch(r"(?:[a-zA-Z0-9._-]+/)?[A-Za-z0-9][A-Za-z0-9._-]*", name) for name in names)
        (entry, again) = year.ledger("occurrence.submitted")[1:]
        listed = [json.loads(line) for line in archive.read("MANIFEST.jsonl").splitlines()]
        files = [one for one in listed if one["path"].startswith("tep/")]
        assert [one["name"] for one in files] == [file["name"] for e in (entry, again) for file in e["body"]["files"]]
        assert [archive.read(one["path"]) for one in files] == [CONTENT, CONTENT]


def test_the_report_reads_offline_and_says_everything(year: Installation, tmp_path: Path) -> None:
    folder = unpacked(made(year, tmp_path).archive.path, tmp_path / "ra")
    pages = {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in folder.rglob("*.html")}
    for name, text in pages.items():
        assert "<script" not in text
        assert not re.search(r'(?:src|href)="(?:https?:)?//', text)
        for target in re.findall(r'href="([^"#:]+)"', text):
            assert ((folder / name).parent / target).resolve().is_file(), (name, target)
    page = next(text for text in pages.values() if "64/KH-VP" in text and "ky/" not in text)
    for words in ("Trễ hạn (sau gia hạn)", "thiếu phụ lục &lt;b&gt;", "hạn ban đầu 31/03/2024", "250 2.0.0 kept"):
        assert words in page, words
    text = " ".join("\n".join(page.extract_text() for page in PdfReader(folder / "bao-cao.pdf").pages).split())
    for words in ("Hồ sơ chứng cứ thực hiện kế hoạch", "Trễ hạn (sau gia hạn)", "thiếu phụ lục <b>", "64/KH-VP"):
        assert words in text, words


def test_what_is_lost_is_said_and_found(year: Installation, tmp_path: Path) -> None:
    (year.settings.var / "files" / SHA[:2] / SHA).unlink()
    done = made(year, tmp_path)
    assert done.lost == 2
    code, said = verify(done.archive.path)
    assert code == 1
    assert "SAI: thiếu tệp tep/" in said
    with zipfile.ZipFile(done.archive.path) as archive:
        assert "Thiếu 2 thư hoặc tệp" in archive.read("index.html").decode()


def test_without_prefect_the_pack_says_so(year: Installation, tmp_path: Path) -> None:
    from tasks.store.runs import record_run

    run = "5f0c9f0e-1111-4222-8333-944444444444"
    looked = check_occurrences(year.engine, year.rules, year.plan.id, at("2024-04-17"), item="ke-hoach", run=run)
    record_run(year.engine, year.plan.id, "II.1.e", looked, at("2024-04-17"), run)
    for settings in (year.settings, replace(year.settings, prefect_api="http://127.0.0.1:9/api")):
        done = pack(year.engine, settings, year.rules, Selection(), tmp_path / "goi.zip")
        assert (done.runs.reached, done.runs.missing) == (False, [run])
        code, said = verify(done.archive.path)
        assert (code, "1 không có" in said) == (0, True), said
        with zipfile.ZipFile(done.archive.path) as archive:
            assert "Không hỏi được Prefect" in archive.read("index.html").decode()


# -- every damage is found ---------------------------------------------------------------------------------


def rezipped(path: Path, out: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The pack with its members changed, archived as the original is."""
    with zipfile.ZipFile(path) as archive:
        members, when = {name: archive.read(name) for name in archive.namelist()}, archive.infolist()[0].date_time
    change(members)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name, when)
            entry.compress_type, entry.create_system, entry.external_attr = zipfile.ZIP_DEFLATED, 3, 0o100644 << 16
            archive.writestr(entry, content)
    return out


def listed_again(members: dict[str, bytes]) -> None:
    """A manifest that fits again: what a forger would do next."""
    named = {one["path"]: one for one in map(json.loads, members["MANIFEST.jsonl"].splitlines())}
    lines = []
    for path in sorted(set(members) - {"MANIFEST.jsonl"}):
        line = {
            **named.get(path, {}),
            "path": path,
            "size": len(members[path]),
            "sha256": hashlib.sha256(members[path]).hexdigest(),
        }
        lines.append(json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n")
    members["MANIFEST.jsonl"] = b"".join(lines)


@pytest.fixture
def whole(year: Installation, tmp_path: Path) -> Iterator[Path]:
    return made(year, tmp_path).archive.path


def load_verifier() -> dict[str, object]:
    """The verifier's names in this process: thousands of damages without thousands of interpreters."""
    names: dict[str, object] = {"__name__": "kiem_tra", "__doc__": ""}
    exec(compile(VERIFIER.read_text("utf-8"), str(VERIFIER), "exec"), names)
    return names


def test_any_single_byte_flip_in_any_member_is_found(whole: Path, tmp_path: Path) -> None:
    main = load_verifier()["main"]
    assert callable(main)
    folder = unpacked(whole, tmp_path / "ra")
    dice = random.Random(20240416)
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    assert quiet(main, folder)[0] == 0
    for path in paths:
        content = path.read_bytes()
        many = 60 if path.name.endswith((".jsonl", ".json", ".txt")) else 3
        for _ in range(min(many, len(content))):
            place, bit = dice.randrange(len(content)), 1 << dice.randrange(8)
            path.write_bytes(content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :])
            code, said = quiet(main, folder)
            assert (code, "SAI: " in said) == (1, True), (path, place, bit, said)
        path.write_bytes(content)
    assert quiet(main, folder)[0] == 0


def quiet(main: Callable[[list[str]], int], folder: Path) -> tuple[int, str]:
    from contextlib import redirect_stderr, redirect_stdout

    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with redirect_stdout(out), redirect_stderr(io.TextIOWrapper(io.BytesIO(), encoding="utf-8")):
        code = main([str(folder)])
    out.flush()
    return code, out.buffer.getvalue().decode()  # type: ignore[attr-defined]


def _first(members: dict[str, bytes], prefix: str) -> str:
    return next(name for name in sorted(members) if name.startswith(prefix))


def _lines(name: str, change: Callable[[list[bytes]], object]) -> Callable[[dict[str, bytes]], None]:
    def changed(members: dict[str, bytes]) -> None:
        lines = members[name].splitlines(keepends=True)
        change(lines)
        members[name] = b"".join(lines)

    return changed


def _json(name: str, **given: object) -> Callable[[dict[str, bytes]], None]:
    def changed(members: dict[str, bytes]) -> None:
        body = {**json.loads(members[name]), **given}
        members[name] = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"

    return changed


LEDGER, SLICE, REGISTER = "so-chung-cu/toan-bo.jsonl", "so-chung-cu/trich.txt", "danh-muc.jsonl"
FORGERIES: dict[str, Callable[[dict[str, bytes]], object]] = {
    "an entry removed": _lines(LEDGER, lambda lines: lines.pop(3)),
    "the tail cut": _lines(LEDGER, lambda lines: lines.pop()),
    "entries swapped": _lines(LEDGER, lambda lines: lines.insert(4, lines.pop(5))),
    "an entry doubled": _lines(LEDGER, lambda lines: lines.insert(4, lines[4])),
    "an entry edited": lambda m: m.update({LEDGER: m[LEDGER].replace("gộp đợt".encode(), "gộp lại".encode())}),
    "a mail edited": lambda m: m.update({_first(m, "thu/"): m[_first(m, "thu/")] + b"\r\n"}),
    "a mail removed": lambda m: m.pop(_first(m, "thu/")),
    "a file exchanged": lambda m: m.update({_first(m, "tep/"): b"%PDF-1.7\n64"}),
    "a mail left out of the list": _lines("thu.jsonl", lambda lines: lines.pop(0)),
    "a reply rewritten": lambda m: m.update({"thu.jsonl": m["thu.jsonl"].replace(b"250 2.0.0 kept", b"250 2.0.0 Kept")}),
    "a file left out of the list": _lines("tep.jsonl", lambda lines: lines.pop(0)),
    "an occurrence left out": _lines(REGISTER, lambda lines: lines.pop(0)),
    "an occurrence twice": _lines(REGISTER, lambda lines: lines.insert(0, lines[0])),
    "an outcome embellished": lambda m: m.update({REGISTER: m[REGISTER].replace(b'"extended_late"', b'"extended_on_time"')}),
    "an entry left out of the slice": _lines(SLICE, lambda lines: lines.pop(2)),
    "an entry too many in the slice": _lines(SLICE, lambda lines: lines.append(b"999999\n")),
    "another selection": _json("goi.json", selection={"plan": "", "item": "ke-hoach", "unit": "", "document": "", "first": None, "last": None}),
    "another head": _json("goi.json", head={"seq": 1, "hash": "0" * 64, "at": "2024-01-02T00:30:00.000Z"}),
    "a run that no entry names": lambda m: m.update({"prefect/5f0c9f0e.json": b'{"id": "5f0c9f0e"}\n'}),
    "another plan": lambda m: m.update({_first(m, "ke-hoach/"): m[_first(m, "ke-hoach/")].replace(b"hcqt", b"hcqx", 1)}),
    "a plan removed": lambda m: m.pop(_first(m, "ke-hoach/")),
    "a page removed": lambda m: m.pop(_first(m, "ky/")),
}  # fmt: skip


def test_a_forgery_is_found_even_when_the_manifest_fits_again(whole: Path, tmp_path: Path) -> None:
    missed = {}
    for forgery, forge in FORGERIES.items():

        def forged(members: dict[str, bytes], forge: Callable[[dict[str, bytes]], object] = forge) -> None:
            before = dict(members)
            forge(members)
            assert members != before
            listed_again(members)

        code, said = verify(rezipped(whole, tmp_path / "gia.zip", forged))
        if code != 1 or "SAI: " not in said:
            missed[forgery] = said
    assert missed == {}


def test_the_archive_itself_is_looked_at(whole: Path, tmp_path: Path) -> None:
    def same(_: dict[str, bytes]) -> None:
        pass

    assert verify(rezipped(whole, tmp_path / "lai.zip", same))[0] == 0
    content = whole.read_bytes()
    (tmp_path / "cut.zip").write_bytes(content[: len(content) // 2])
    assert verify(tmp_path / "cut.zip")[0] == 1
    (tmp_path / "them.zip").write_bytes(content)
    with zipfile.ZipFile(tmp_path / "them.zip", "a") as archive:
        archive.writestr("../ngoai.txt", "x")
    assert verify(tmp_path / "them.zip")[0] == 1
    dice = random.Random(7)
    for _ in range(10):
        place = dice.randrange(64, len(content) - 4096)
        (tmp_path / "flip.zip").write_bytes(content[:place] + bytes([content[place] ^ 0x20]) + content[place + 1 :])
        code, said = verify(tmp_path / "flip.zip")
        assert code == 1, (place, said)


def test_a_witness_is_compared(whole: Path, year: Installation, tmp_path: Path) -> None:
    entry = year.ledger()[4]
    kept = tmp_path / "doi-chung.txt"
    kept.write_text(f"# giữ ở nơi khác\n{entry['seq']} {entry['hash']} {entry['at']}\n", "utf-8")
    code, said = verify(whole, "--doi-chung", str(kept))
    assert (code, "Đối chứng: 1 mục so được" in said) == (0, True)
    kept.write_text(f"{entry['seq']} {'a' * 64}\n", "utf-8")
    assert verify(whole, "--doi-chung", str(kept))[0] == 1


def test_wrong_calls_are_usage_errors(tmp_path: Path) -> None:
    for arguments in (["khong-co.zip"], ["--la"], [".", "thua"], [".", "--doi-chung", "khong-co"]):
        ran = subprocess.run(
            [sys.executable, "-I", "-S", str(VERIFIER), *arguments],
            env={},
            capture_output=True,
            timeout=600,
            cwd=tmp_path,
        )
        assert ran.returncode == 2, arguments


def test_the_verifier_is_no_part_of_the_package_and_speaks_old_python() -> None:
    import ast

    tree = ast.parse(VERIFIER.read_text("utf-8"), feature_version=(3, 8))
    imported = {
        alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    imported |= {str(node.module).split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= sys.stdlib_module_names


def test_its_words_for_ends_are_the_domains(year: Installation) -> None:
    assert {"done", "waived", "superseded", "missed", "before_adoption"} == {status.value for status in ENDS}
    assert Status.DONE in ENDS
    assert HCQT in year.post.boxes()


def test_the_command_makes_and_records_it(year: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cli import evidence as command

    monkeypatch.setattr(command, "store", lambda: year.engine)
    monkeypatch.setattr(command, "prepare", lambda: year.settings)
    run = CliRunner().invoke(
        command.evidence, ["pack", str(tmp_path / "ra.zip"), "--item", "ke-hoach"], catch_exceptions=False
    )
    assert run.exit_code == 0, run.output
    (entry,) = year.ledger("evidence.packed")
    assert entry["body"]["sha256"] == hashlib.sha256((tmp_path / "ra.zip").read_bytes()).hexdigest()
    assert entry["body"]["sha256"] in run.output
    wrong = CliRunner().invoke(command.evidence, ["pack", str(tmp_path / "x.zip"), "--unit", "khong-co"])
    assert wrong.exit_code == 2
    assert not (tmp_path / "x.zip").exists()


def test_an_amended_plan_is_proved_in_both_versions(year: Installation, tmp_path: Path) -> None:
    from installation import PLAN

    from dondoc.foundation.yaml_positions import parse_yaml
    from dondoc.plan.plan_file import read_plan
    from dondoc.planning.amendment import Ruling
    from tasks.store.amending import amend_plan

    text = PLAN.replace("timing: {every: month}", "timing: {every: quarter}").replace(
        "lead: [ttcbth]\n    coordinating: [hcqt]", "lead: [hcqt]\n    coordinating: [ttcbth]"
    )
    plan = read_plan(parse_yaml(text, "plan.yaml"), year.rules.office)
    ruling = Ruling("21/QĐ-VP", date(2024, 4, 17), "gom theo quý")
    assert amend_plan(year.engine, plan, ruling, year.rules, at("2024-04-17"), "operator")
    check_occurrences(year.engine, year.rules, year.plan.id, at("2024-04-18", "08:00"))
    for chosen in ({}, {"item": "chi-so"}, {"unit": "ttcbth"}, {"unit": "hcqt"}):
        done = made(year, tmp_path, **chosen)
        code, said = verify(done.archive.path)
        assert code == 0, said
        with zipfile.ZipFile(done.archive.path) as archive:
            assert len([name for name in archive.namelist() if name.startswith("ke-hoach/")]) == 2
            rows = [json.loads(line) for line in archive.read("danh-muc.jsonl").splitlines()]
            ids = {row["id"].split("/")[1] for row in rows}
            if chosen.get("unit"):  # it led, or leads now
                assert "phan-anh" in ids
            if chosen.get("item"):
                outcomes = {row["id"].rpartition("/")[2]: row["outcome"] for row in rows}
                assert (outcomes["2024-01"], outcomes["2024-05"], outcomes["2024-Q3"]) == ("late", "superseded", "open")


def test_a_mail_that_came_in_is_kept_with_its_entry(year: Installation, tmp_path: Path) -> None:
    content = b"From: hcqt@vpub.quangngai.example\r\n\r\nxong\r\n"
    sha256 = keep_file(year.settings.var / "files", content)
    body = {
        "outcome": "counted",
        "from": HCQT,
        "known": True,
        "message_id": "<1@x.example>",
        "sha256": sha256,
        "size": len(content),
        "subject": "xong",
    }
    with appending(year.engine) as connection:
        append(
            connection,
            at("2024-04-17"),
            [Draft("mail.received", year.plan.id, f"{year.plan.id}/{Q1}", "unit:hcqt", body)],
        )
    done = made(year, tmp_path, item="ke-hoach")
    code, said = verify(done.archive.path)
    assert code == 0, said
    with zipfile.ZipFile(done.archive.path) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("-0-thu-den.eml")]
        assert archive.read(name) == content


def test_prefects_runs_are_the_same_bytes_whatever_order_it_tells_them_in(
    year: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import httpx

    from tasks.evidence import prefectruns
    from tasks.store.runs import record_run

    runs = [f"5f0c9f0e-1111-4222-8333-9444444444{number:02}" for number in range(4)]
    dice = random.Random(3)

    def tell(request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content or b"{}")
        path = request.url.path
        if path.endswith("/flow_runs/filter"):
            known = [
                {
                    "id": run,
                    "flow_id": "f1",
                    "name": run[-2:],
                    "tags": dice.sample(["b", "a"], 2),
                    "parameters": {"ratio": 83.39},
                    "updated": dice.random(),
                }
                for run in runs[:3]
            ]
            found = [one for one in known if one["id"] in asked["flow_runs"]["id"]["any_"]]
        elif path.endswith("/flows/filter"):
            found = [{"id": "f1", "name": "II.1.e · Kế hoạch"}]
        elif path.endswith("/flow_run_states/"):
            found = [
                {"id": str(n), "timestamp": f"2024-01-0{n}", "type": "COMPLETED", "name": "Đúng hạn", "message": ""}
                for n in (1, 2)
            ]
        elif asked["offset"]:
            found = []
        else:
            found = [
                {
                    "flow_run_id": run,
                    "timestamp": "t",
                    "level": 20,
                    "name": "n",
                    "message": text,
                    "key": "k",
                    "type": "markdown",
                    "created": "t",
                    "description": "",
                    "data": f'[{{"x": 83.39}}, "{text}"]',
                }
                for run in runs[:3]
                for text in "xy"
            ]
        dice.shuffle(found)
        return httpx.Response(200, json=found)

    monkeypatch.setattr(
        prefectruns,
        "_client",
        lambda _: httpx.Client(transport=httpx.MockTransport(tell), base_url="http://prefect.example/api"),
    )
    written = []
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        told = prefectruns.write_runs(year.settings, runs, folder)
        assert (told.reached, told.found, told.missing) == (True, 3, [runs[3]])
        written.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert written[0] == written[1] == written[2]
    first = json.loads(written[0][f"{runs[0]}.json"])
    assert (first["flow"], first["tags"], len(first["states"]), [log["message"] for log in first["logs"]]) == (
        "II.1.e · Kế hoạch",
        ["a", "b"],
        2,
        ["x", "y"],
    )
    assert "updated" not in first
    for run in runs:
        looked = check_occurrences(year.engine, year.rules, year.plan.id, at("2024-04-17"), item="ke-hoach", run=run)
        record_run(year.engine, year.plan.id, "II.1.e", looked, at("2024-04-17"), run)
    done = made(year, tmp_path, item="ke-hoach")
    assert (done.runs.found, done.runs.missing) == (3, [runs[3]])
    code, said = verify(done.archive.path)
    assert (code, "có 3 trong gói, 1 không có" in said) == (0, True), said

    def other_run(members: dict[str, bytes]) -> None:
        name = f"prefect/{runs[0]}.json"
        members[name] = members[name].replace(runs[0].encode(), runs[1].encode())
        listed_again(members)

    def without_run(members: dict[str, bytes]) -> None:
        del members[f"prefect/{runs[0]}.json"]
        listed_again(members)

    for change in (other_run, without_run):
        assert verify(rezipped(done.archive.path, tmp_path / "gia.zip", change))[0] == 1
