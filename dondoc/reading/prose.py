"""Running text → duties: a point, then lines that begin with a label ("Đơn vị chủ trì: …")."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from dondoc.reading.document import TextLine
from dondoc.reading.headings import Field, label_alone, label_of
from dondoc.reading.paragraphs import (
    BULLET,
    LETTER,
    NOT_NUMBERED,
    PLUS,
    ROMAN,
    Paragraph,
    joined,
    paragraph,
    paragraphs,
)
from dondoc.reading.raw_items import Doubt, Printed, RawItem

_FIELDS: tuple[Field, ...] = ("lead", "coordinating", "parties", "deliverable", "time")
_OVERSEES = re.compile(
    r"(?:giao\s+)?(?:(?:trưởng|chánh|giám đốc)\s+)?(?P<unit>(?:phòng|sở|văn phòng|ban|trung tâm)\s.*?)\s+(?:có trách nhiệm|chịu trách nhiệm|chủ trì|theo dõi)\b.*\bđôn đốc\b.*\bbáo cáo\b.*",
    re.I,
)
_BREAK = re.compile(r"[.;,(–]\s*$")


@dataclass
class _Block:
    """Label lines that belong together, and the paragraphs before them that say what is to be done."""

    path: tuple[Paragraph, ...]
    title: list[Paragraph]
    rank: int  # of the mark before the labels
    fields: dict[Field, Printed] = field(default_factory=dict)
    last: Field | None = None

    def put(self, name: Field, printed: Printed) -> None:
        self.fields[name], self.last = printed, name

    def add(self, text: str) -> None:
        """More of the field that came last, on a line of its own."""
        if self.last:
            known = self.fields[self.last]
            self.fields[self.last] = replace(known, text=f"{known.text}\n{text}".strip())

    @property
    def is_duty(self) -> bool:
        known = [name for name in _FIELDS if name in self.fields]
        return "lead" in known or "parties" in known or ("time" in known and len(known) > 1)


class _Reader:
    """Walks the paragraphs: points open, labels fill the block of the point before them."""

    def __init__(self) -> None:
        self.path: list[Paragraph] = []
        self.pending: list[Paragraph] = []
        self.block: _Block | None = None
        self.blocks: list[_Block] = []
        self.overseeing: list[tuple[tuple[Paragraph, ...], Paragraph]] = []

    def close(self) -> None:
        if self.block and self.block.is_duty:
            self.blocks.append(self.block)
        elif self.block:
            self.pending = [*self.block.title, *self.pending]
        self.block = None

    def read(self, para: Paragraph) -> None:
        text, labels = _labelled(para)
        if text is not None and (labels or not self._continues(text)):
            self.close()
            self._point(text)
        for name, printed, rank in labels:
            self._label(name, printed, rank)

    def _label(self, name: Field, printed: Printed, rank: int) -> None:
        block = self.block
        if block and (name in block.fields or (name == "content" and set(_FIELDS) & block.fields.keys())):
            self.close()
        if self.block is None:
            self.block, self.pending = _Block(tuple(self.path), self.pending, rank), []
        self.block.put(name, printed)

    def _continues(self, para: Paragraph) -> bool:
        """Whether the paragraph belongs to the field before it: the field is empty, or it lists what the field holds."""
        block = self.block
        if block is None or block.last is None:
            return False
        value = block.fields[block.last].text
        awaited = not value or "\n" in value or value.endswith(":")
        deeper = para.rank > block.rank and para.rank in (BULLET, PLUS)
        if (
            (awaited and para.rank == NOT_NUMBERED and not para.capitals and not value)
            or (awaited and deeper)
            or (deeper and para.rank == PLUS and block.last in ("deliverable", "content"))
        ):
            block.add(para.body)
            return True
        return False

    def _point(self, para: Paragraph) -> None:
        if para.rank in (BULLET, PLUS) or (para.rank == NOT_NUMBERED and not para.capitals):
            self.pending.append(para)
            return
        heads = para if para.rank != NOT_NUMBERED else replace(para, rank=ROMAN)
        while self.path and self.path[-1].rank >= heads.rank:
            self.path.pop()
        self.path.append(heads)
        self.pending = [heads]
        if _OVERSEES.fullmatch(para.body) and any("tổ chức thực hiện" in p.body.casefold() for p in self.path[:-1]):
            self.overseeing.append((tuple(self.path), para))


def prose_items(lines: Sequence[TextLine]) -> list[RawItem]:
    """The duties of running text, in order."""
    reader = _Reader()
    for para in paragraphs(lines):
        reader.read(para)
    reader.close()
    return [*_items(reader.blocks), *(_overseer(path, para) for path, para in reader.overseeing)]


def _labelled(para: Paragraph) -> tuple[Paragraph | None, list[tuple[Field, Printed, int]]]:
    """(what stands before the first label, the labels with their values)."""
    text = para.text
    alone = label_alone(para.body) if para.rank > ROMAN and not para.capitals else None
    if alone:
        return None, [(alone, Printed("", para.place, para.body), para.rank)]
    starts = [0] if label_of(text) else []
    for colon in (m.start() for m in re.finditer(":", text)):
        begin = max((m.end() for m in re.finditer(r"[.;,–]\s|\(\s?|\s[-+]\s", text[:colon])), default=0)
        found = label_of(text[begin:]) if begin else None
        if found and begin + found.value > colon and found.field in _FIELDS and (text[begin].isupper() or starts):
            starts.append(begin)
    starts = sorted(set(starts))
    if not starts or (starts[0] > 0 and len(starts) < 2):
        return para, []
    labels: list[tuple[Field, Printed, int]] = []
    for begin, end in zip(starts, [*starts[1:], len(text)], strict=True):
        piece = text[begin:end]
        label = label_of(piece)
        if label is None:
            continue
        value = piece[label.value :].strip().strip("*_ ")
        value = re.sub(r"\s*[;,(]$", "", value) if end < len(text) else value
        if (begin and text[begin - 1] == "(") or (starts[0] and text[starts[0] - 1] == "(" and end == len(text)):
            value = re.sub(r"\)\.?$", "", value)
        at = begin + label.value
        printed = Printed(value, para.place, label.printed, span=(at, at + len(value)))
        labels.append((label.field, printed, para.rank if begin == 0 else NOT_NUMBERED))
    before = paragraph(text[: starts[0]].strip(" (;,–"), para.place) if starts[0] else None
    return before, labels


def _items(blocks: Sequence[_Block]) -> Iterator[RawItem]:
    made: list[tuple[RawItem, _Block]] = []
    for block in blocks:
        item = _item(block)
        before = made[-1] if made else None
        if before and _belongs(before, block, item):
            before[0].parts.append(item.fields)
            before[0].text = joined((before[0].text, *(p.text for p in block.title)))
            continue
        made.append((item, block))
    shared: dict[int, list[RawItem]] = {}
    for item, block in made:
        shared.setdefault(id(block.path[-1]) if block.path else 0, []).append(item)
    for items in shared.values():
        if len(items) > 1:
            _under_one_point(items[0], next(block for item, block in made if item is items[0]))
            for n, item in enumerate(items, 1):
                item.ref = f"{item.ref}-{n}" if item.ref else str(n)
    yield from (item for item, _ in made)


def _under_one_point(first: RawItem, block: _Block) -> None:
    """The first of several duties under one point goes by its own line, where the point is only their heading."""
    point, rest = (block.title[0], block.title[1:]) if block.title else (None, [])
    if point is not None and rest and point.heading and point.rank < BULLET and rest[0].rank in (BULLET, PLUS):
        first.title = Printed(rest[0].body, rest[0].place)
        first.text = joined([rest[0].body, *(p.text for p in rest[1:])])
        first.section = (*first.section, (point.number, point.body))


def _belongs(before: tuple[RawItem, _Block], block: _Block, item: RawItem) -> bool:
    """Whether a "+" block is a further result of the point before it: the same point, the same units."""
    first, opened = before
    same = bool(block.path) and bool(opened.path) and block.path[-1] is opened.path[-1]
    nested = block.rank == PLUS and opened.rank == PLUS and bool(block.title) and block.title[0].rank == BULLET
    parties = all(
        (first.fields.get(name) or Printed("", first.place)).text
        == (item.fields.get(name) or Printed("", item.place)).text
        for name in ("lead", "coordinating", "parties")
    )
    return same and nested and parties


def _item(block: _Block) -> RawItem:
    path, title = list(block.path), list(block.title)
    section = [(p.number, p.body) for p in path if p.rank < LETTER]
    content = block.fields.pop("content", None)
    doubts: list[Doubt] = []
    if title and title[0].rank < BULLET and title[0].heading and len(title) > 1 and title[1].rank == NOT_NUMBERED:
        title = title[1:]
    elif title and title[-1].rank < BULLET and section and section[-1][1] == title[-1].body:
        section.pop()
    place = title[0].place if title else next(iter(block.fields.values())).place
    text = (
        joined([title[0].body, *(p.text if p.rank in (BULLET, PLUS) else p.body for p in title[1:])]) if title else ""
    )
    if content and title and title[-1].rank <= ROMAN:
        section.append((title[-1].number, title[-1].body))
        title, text = [], content.text
    elif content:
        text = joined((text, content.text)) if text else content.text
    head = title[0].body if title else (content.text if content else "")
    if not head:
        inherited = path[-1].body if path else ""
        head = text = inherited
        doubts.append(Doubt("no_title", place))
    return RawItem(_reference(path), Printed(head, place), text, tuple(section), block.fields, doubts)


def _reference(path: Sequence[Paragraph]) -> str:
    """II.2.c: the printed numbers from the outside; "1.2" under "1" is said once."""
    parts: list[str] = []
    for para in path:
        if not para.number or para.rank < ROMAN:
            continue
        if parts and para.number.startswith(f"{parts[-1]}."):
            parts.pop()
        parts.append(para.number)
    return ".".join(parts)


def _overseer(path: tuple[Paragraph, ...], para: Paragraph) -> RawItem:
    """Who follows the whole plan up and reports, where the part on its organisation says so of one unit."""
    match = _OVERSEES.fullmatch(para.body)
    unit = match["unit"] if match else ""
    section = tuple((p.number, p.body) for p in path[:-1])
    item = RawItem(_reference(path), Printed(para.body, para.place), para.body, section)
    item.fields["lead"] = Printed(unit[:1].upper() + unit[1:].rstrip(" :,"), para.place)
    reports = re.search(r"báo cáo\b.*", para.body)
    item.fields["deliverable"] = Printed(reports[0] if reports else "", para.place)
    phrase = re.search(r"theo dõi\b.*?(?=\s+(?:việc|các nội dung|kết quả thực hiện)\b|\.|$)", para.body)
    item.fields["time"] = Printed("", para.place)
    item.doubts.append(Doubt("overseer", para.place, (phrase[0] if phrase else "",)))
    return item
