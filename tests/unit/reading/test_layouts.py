"""Documents in the layouts that offices use are read whole, and what cannot be read is refused with its reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from reading.made_documents import DUTIES, HEAD, LAYOUTS, scan

from bench.plan_reading import compared
from dondoc.reading.document import ReadingError
from dondoc.reading.reading import read
from tasks.reading.documents import read_document


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_every_duty_of_the_layout_is_read_as_a_careful_reader_reads_it(
    layout: Callable[[], tuple[str, bytes, dict[str, Any]]],
) -> None:
    score = compared(*layout())
    assert score.refused == ""
    assert score.wrong == []
    assert score.counts["found"] == score.truth == len(DUTIES)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_the_printed_references_are_kept(layout: Callable[[], tuple[str, bytes, dict[str, Any]]]) -> None:
    name, content, truth = layout()
    printed = [item["ref"] for item in truth["items"]]
    if all(printed):
        assert [item.ref for item in read(read_document(name, content), 2026).items] == printed


def test_a_scan_with_a_signature_stamp_is_refused_with_that_reason() -> None:
    with pytest.raises(ReadingError, match="is a scan: its text layer holds"):
        read_document("ke-hoach.pdf", scan())


def test_a_scan_whose_stamp_is_on_every_page_is_a_scan_still() -> None:
    stamp = "Người ký: Ủy ban nhân dân tỉnh\nThời gian ký: 15.12.2025 16:40\n" * 3
    with pytest.raises(ReadingError, match="is a scan"):
        read_document("ke-hoach.pdf", scan(stamp=stamp))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("ke-hoach.doc", b"x", "save it as .docx"),
        ("ke-hoach.yaml", b"x", "plan check"),
        ("ke-hoach.jpg", b"x", "no plan document"),
        ("ke-hoach.docx", b"PK not a zip", "no readable .docx"),
        ("ke-hoach.pdf", b"%PDF-1.4 broken", "no readable PDF"),
        ("ke-hoach.xlsx", b"PK", "no readable .xlsx"),
        ("ke-hoach.txt", b"\xff\xfe\x00", "not UTF-8|no text"),
        ("ke-hoach.txt", b"  \n", "is empty"),
    ],
)
def test_what_is_no_plan_document_is_refused_with_what_to_do(name: str, content: bytes, said: str) -> None:
    with pytest.raises(ReadingError, match=said):
        read_document(name, content)


def test_a_document_without_duties_is_refused() -> None:
    with pytest.raises(ReadingError, match="holds no duties"):
        read(read_document("thu.txt", "\n".join(HEAD).encode()), 2026)


def test_a_plan_that_prints_no_year_asks_for_it() -> None:
    text = "KẾ HOẠCH\nNăm nay\n1. Việc.\n- Đơn vị chủ trì: Phòng A.\n- Thời gian: Thường xuyên."
    with pytest.raises(ReadingError, match="--year"):
        read(read_document("ke-hoach.txt", text.encode()))
