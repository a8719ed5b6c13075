"""A document → everything that was read in it: the plan's head, its duties, new units, and the questions that stay."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from dondoc.office.wording import clean
from dondoc.reading.document import Document, Place, ReadingError, Table, TextLine
from dondoc.reading.legal_bases import doubled_days, legal_bases
from dondoc.reading.paragraphs import joined, paragraph, paragraphs
from dondoc.reading.prose import prose_items
from dondoc.reading.raw_items import Doubt
from dondoc.reading.read_items import ReadItem, read_item
from dondoc.reading.table_rows import TableReader

_TITLE = re.compile(r"(?:KẾ HOẠCH|CHƯƠNG TRÌNH|QUYẾT ĐỊNH|ĐỀ ÁN|PHƯƠNG ÁN)(?:\s+HÀNH ĐỘNG|\s+CÔNG TÁC)?")
_ISSUED = re.compile(r",\s*ngày\s+\d{1,2}\s+tháng\s+\d{1,2}\s+năm\s+(20\d\d)", re.I)
_RANGE = re.compile(r"(20\d\d)\s*[-–]\s*(20\d\d)")
_ONE_YEAR = re.compile(r"năm\s+(20\d\d)(?!\s*[-–])", re.I)


@dataclass
class Reading:
    """What a document says. `year` to `to_year` are the plan's; `doubts` are questions about the whole."""

    name: str
    title: str
    year: int
    to_year: int
    items: list[ReadItem]
    basis: list[str] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    number: str = ""


def read(document: Document, year: int | None = None) -> Reading:
    """Read a plan document. `year`: the plan's, where the document may not print it.

    Raises ReadingError where it holds no duties, or prints no year and none is given.
    """
    lines = [block for block in document.blocks if isinstance(block, TextLine)]
    raw = prose_items(lines)
    tables = TableReader()
    for block in document.blocks:
        if isinstance(block, Table) and block.rows:
            tables.read(block)
    raw += tables.finished()
    if not raw:
        raise ReadingError(
            f"{document.name} holds no duties that can be told: neither lines such as 'Đơn vị chủ trì: …' nor a table with "
            "headings such as 'Nhiệm vụ', 'Chủ trì', 'Thời gian'; give the plan itself, or its annex"
        )
    title = _title(lines, document)
    first, last, sure = _years(title, lines, [read_item(item, 2000) for item in raw], year, document.name)
    items = [read_item(item, first) for item in raw]
    last = max([last, *(y for item in items for result in item.results for y in result.years if not sure and y < 2100)])
    found = Reading(document.name, title, first, last, items)
    opening = [clean(p.text) for p in _opening(lines)]
    found.basis = legal_bases(opening)
    found.doubts += [
        Doubt("two_dates", Place(), (what, "; ".join(days)))
        for what, days in doubled_days(p.text for p in paragraphs(lines))
    ]
    _ask(found, alone=sure)
    return found


def _title(lines: Sequence[TextLine], document: Document) -> str:
    found = list(paragraphs(lines))[:40]
    for n, para in enumerate(found):
        if _TITLE.fullmatch(para.text.strip(" :.")):
            rest: list[str] = []
            for after in found[n + 1 : n + 4]:
                if (
                    len(after.text) > 250
                    or (rest and after.text.endswith("."))
                    or re.match(r"[IVX]+\.|Thực hiện|Căn cứ|Triển khai|\d+\.|Kính gửi", after.text)
                ):
                    break
                rest.append(after.text)
                if not after.capitals:
                    break
            named = joined(rest)
            kind = para.text.strip(" :.").capitalize()
            return named if named.casefold().startswith(kind.casefold()) else f"{kind} {named}".strip()
    for para in found:
        match = re.match(r"(Kế hoạch\b.{10,240})", para.text, re.I)
        if match and para.rank > 3:
            return match[1].rstrip(".")
    return document.name.rsplit(".", 1)[0]


def _opening(lines: Sequence[TextLine]) -> list[TextLine]:
    """What stands before the duties: the bases and the aims."""
    begin = next(
        (n for n, line in enumerate(lines) if re.search(r"^\W*II\b|NHIỆM VỤ", clean(line.text))), min(len(lines), 40)
    )
    return [TextLine(para.text, para.place) for para in paragraphs(lines[:begin])]


def _years(
    title: str, lines: Sequence[TextLine], items: Sequence[ReadItem], given: int | None, name: str
) -> tuple[int, int, bool]:
    """(first, last, whether the document's title says that it is one year's)."""
    printed = [y for item in items for result in item.results for y in result.years if 2000 < y < 2100]
    ranged, one = _RANGE.search(title), _ONE_YEAR.search(title)
    if given is not None:
        alone = bool(one and int(one[1]) == given and not ranged)
        return given, given, alone
    if ranged and int(ranged[1]) < int(ranged[2]):
        return int(ranged[1]), int(ranged[2]), False
    if one:
        return int(one[1]), int(one[1]), True
    issued = next((int(m[1]) for line in lines if (m := _ISSUED.search(clean(line.text)))), None)
    known = [*printed, *([issued] if issued else [])]
    if not known:
        text = " ".join(clean(line.text) for line in lines)
        known = [int(y) for y, _ in Counter(re.findall(r"\b(20[2-4]\d)\b", text)).most_common(1)]
    if not known:
        raise ReadingError(f"{name} prints no year; say which year's plan it is: --year 2026")
    return min(known), min(known), False


def _ask(found: Reading, *, alone: bool) -> None:
    """Questions that only the whole answers: doubled numbers, gaps, years that are not the plan's."""
    seen: dict[str, ReadItem] = {}
    for item in found.items:
        first = seen.setdefault(item.ref, item)
        if first is not item:
            doubt = Doubt("doubled", item.place, (item.ref,), first.place)
            first.doubts.append(Doubt("doubled", first.place, (item.ref,), item.place))
            item.doubts.append(doubt)
        printed = {y for result in item.results for y in result.years}
        strange = sorted(y for y in printed if not found.year <= y <= found.to_year)
        if strange:
            item.doubts.append(Doubt("other_year", item.place, (", ".join(map(str, strange)), str(found.year))))
        if found.to_year > found.year and not alone:
            for result in item.results:
                bare = {"month", "quarter", "by", "before"} & result.timing.keys() and not result.years
                if bare and "fuzzy" not in result.doubts:
                    item.doubts.append(Doubt("which_year", item.place, (result.phrase, str(found.year))))
    for item in found.items:
        item.doubts = list(dict.fromkeys(item.doubts))


def printed_number(lines: Sequence[TextLine]) -> str:
    """The document's own number and symbol, "" where none is printed."""
    for line in lines[:15]:
        match = re.search(r"\bSố:\s*(\d+/[A-ZĐ-]+)", paragraph(line.text, line.place).text)
        if match:
            return match[1]
    return ""
