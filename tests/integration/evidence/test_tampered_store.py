"""A superuser changes a copied database behind our back: `ledger verify` says what, whatever table it was."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from installation import CONFIG, Installation, at

from dondoc.foundation.canonical import canonical
from dondoc.ledger.findings import finding_words, told_break
from dondoc.ledger.ledger import Head
from dondoc.ledger.witness import Witness, read_witness, witness_line
from tasks.config.loading import words
from tasks.mail.delivery import deliver
from tasks.store import files, tables
from tasks.store.audit import reading_one_moment, verify_store
from tasks.store.chain import export, head
from tasks.store.connect import engine
from tasks.store.settle import check_occurrences

Tamper = Callable[[sa.Connection], None]


@pytest.fixture
def lived(installation: Installation, tmp_path: Path) -> Installation:
    """Half a year with a hand-in, refused mail, an event: a little of every kind."""
    installation.post.refuse("ttcbth@vpub.quangngai.example")
    sha256 = files.keep_file(tmp_path / "var/files", b"%PDF-1.7 ket qua")
    for day in ("2024-01-02", "2024-03-28", "2024-04-05", "2024-04-12"):
        check_occurrences(installation.engine, installation.rules, installation.plan.id, at(day))
        deliver(installation.morning(at(day)))
    given = (("kq.pdf", "application/pdf", 16, sha256),)
    installation.act("ke-hoach/quy-mot/2024-Q1", "submit", at("2024-04-15"), document="1/KH", files=given)
    return installation


@pytest.fixture
def owner(lived: Installation) -> Iterator[sa.Engine]:
    """The owner's way in: what it changes inside a transaction is rolled back."""
    found = engine(lived.owner_url)
    yield found
    found.dispose()


def said(connection: sa.Connection, shelf: Path, witness: Witness | None = None) -> list[str]:
    """Everything `verify_export` says is wrong, in the auditor's words: every code has its words."""
    recounted, broken = verify_store(connection, witness=witness, shelf=shelf)
    vocabulary = words(CONFIG)
    first = [told_break(broken, vocabulary)] if broken else []
    return first + [finding_words(finding, vocabulary) for finding in recounted.found]


def after(owner: sa.Engine, lived: Installation, tamper: Tamper, witness: Witness | None = None) -> list[str]:
    with owner.connect() as connection:
        connection.execute(sa.text("ALTER TABLE ledger DISABLE TRIGGER ALL"))
        tamper(connection)
        found = said(connection, lived.settings.var / "files", witness)
        connection.rollback()
    return found


def run(statement: str) -> Tamper:
    return lambda connection: [connection.execute(sa.text(one)) for one in statement.split(";")] and None


def test_a_lived_half_year_is_whole(lived: Installation) -> None:
    with reading_one_moment(lived.engine) as connection:
        assert said(connection, lived.settings.var / "files") == []


CHANGES = [
    ("UPDATE ledger SET actor = 'unit:hcqt' WHERE seq = 5", "các cột actor"),
    ("UPDATE ledger SET at = '2023-01-01T00:00:00.000Z', run = 'x' WHERE seq = 5", "các cột at, run"),
    ("DELETE FROM ledger WHERE seq = 5", "lẽ ra ở đây là mục 5"),
    ("DELETE FROM ledger WHERE seq = (SELECT max(seq) FROM ledger)", "mà sổ không ghi"),
    ("UPDATE ledger SET seq = -1 WHERE seq = 5; UPDATE ledger SET seq = 5 WHERE seq = 6; "
     "UPDATE ledger SET seq = 6 WHERE seq = -1", "lẽ ra ở đây là mục 5"),
    ("UPDATE occurrence SET status = 'done' WHERE id LIKE '%quy-mot%'", "trong bảng là “Đã hoàn thành”"),
    ("UPDATE occurrence SET state = jsonb_set(state, '{document}', '\"2/KH\"') WHERE id LIKE '%quy-mot%'",
     "khác ở chi tiết"),
    ("UPDATE occurrence SET due = '2025-01-01' WHERE id LIKE '%quy-hai%'", "khác với danh mục kỳ"),
    ("UPDATE occurrence SET item = 'x' WHERE id LIKE '%quy-hai%'", "khác với danh mục kỳ"),
    ("UPDATE plan_version SET body = jsonb_set(body, '{title}', '\"khác\"')", "không phải là kế hoạch đã áp dụng"),
    ("UPDATE plan SET closed_seq = 3", "không phải là kế hoạch đã áp dụng"),
    ("INSERT INTO event VALUES ('nho-2024', 'kh-tinh', '2024-03-01', 3)", "kh-tinh trong bảng khác với sổ"),
    ("DELETE FROM notice WHERE key = (SELECT min(key) FROM notice)", "đã mất khỏi hộp thư đi"),
    ("UPDATE notice SET body = '{\"x\": 1}' WHERE key = (SELECT min(key) FROM notice)", "nói khác với sổ"),
    ("UPDATE notice SET seq = 9999 WHERE key = (SELECT min(key) FROM notice)", "mà sổ không ghi"),
    ("UPDATE notice SET status = 'queued' WHERE status = 'sent'", "sổ chứng cứ ghi khác"),
    ("UPDATE mail SET content = content || 'x'", "đã bị sửa sau khi lưu"),
    ("DELETE FROM mail WHERE status = 'sent'", "không còn được lưu nguyên"),
]  # fmt: skip


def test_every_change_is_named(owner: sa.Engine, lived: Installation) -> None:
    found = {statement: after(owner, lived, run(statement)) for statement, _ in CHANGES}
    unnamed = {
        statement: found[statement]
        for statement, says in CHANGES
        if not any(part in line for part in says.split("|") for line in found[statement])
    }
    assert list(unnamed.items()) == []


def test_any_byte_of_any_stored_line_flipped_is_found_at_its_entry(owner: sa.Engine, lived: Installation) -> None:
    with owner.connect() as connection:
        rows = connection.execute(sa.text("SELECT seq, length(line) AS size FROM ledger"))
        sizes = {row.seq: row.size for row in rows}
    for seed in range(40):
        chance = random.Random(seed)
        seq = chance.choice(list(sizes))
        offset, bit = chance.randrange(sizes[seq]), 1 << chance.randrange(8)
        flip = f"UPDATE ledger SET line = set_byte(line, {offset}, get_byte(line, {offset}) # {bit}) WHERE seq = {seq}"
        first = after(owner, lived, run(flip))[0]
        assert first.startswith(("Mục", "Dòng")), (seed, first)
        assert str(seq) in first, (seed, first)


def test_a_file_gone_or_changed_is_named(lived: Installation) -> None:
    (place,) = [path for path in (lived.settings.var / "files").rglob("*") if path.is_file() and path.name != ".lock"]
    content = place.read_bytes()
    for change, says in ((content[:-1] + b"X", "không còn đúng nội dung"), (None, "không còn trong kho tệp")):
        place.unlink() if change is None else place.write_bytes(change)
        with reading_one_moment(lived.engine) as connection:
            (found,) = said(connection, lived.settings.var / "files")
        assert says in found
        assert "kq.pdf" in found


def test_a_rewrite_with_every_hash_and_table_made_anew_is_found_by_the_witness_alone(
    owner: sa.Engine, lived: Installation
) -> None:
    def rewrite(connection: sa.Connection) -> None:
        before = ""
        for line in list(export(connection)):
            entry = json.loads(line)
            own = entry.pop("hash")
            if before:
                entry["prev"] = before
            if entry["seq"] == 2:
                entry["actor"] = "nobody"
            before = hashlib.sha256(canonical(entry)).hexdigest()
            if own != before:
                row = {**entry, "hash": before, "line": canonical({**entry, "hash": before})}
                row.pop("body")
                connection.execute(tables.ledger.update().where(tables.ledger.c.seq == entry["seq"]).values(**row))

    with lived.engine.connect() as connection:
        now = head(connection)
    kept = read_witness("doi-chung.txt", ["# sổ", witness_line(now, at("2024-04-15"), "nho-2024")])
    assert after(owner, lived, rewrite) == []
    (found,) = after(owner, lived, rewrite, kept)
    assert "dòng 2" in found
    assert "viết lại" in found


def test_a_restored_old_copy_is_found_by_the_witness(owner: sa.Engine, lived: Installation) -> None:
    with lived.engine.connect() as connection:
        now = head(connection)
    kept = read_witness("doi-chung.txt", [witness_line(Head(now.seq + 7, "a" * 64), at("2024-05-15"), "nho-2024")])
    (found,) = after(owner, lived, run("SELECT 1"), kept)
    assert f"nay chỉ còn đến mục {now.seq}" in found
