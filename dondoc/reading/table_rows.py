"""Tables → duties: the headings say which column is what, group rows say what the rows below stand under."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from dondoc.office.wording import clean
from dondoc.reading.document import Cell, Place, Table
from dondoc.reading.headings import Field, label_of
from dondoc.reading.paragraphs import joined
from dondoc.reading.raw_items import Doubt, Printed, RawItem
from dondoc.reading.table_headings import header, is_header

_ROMAN = re.compile(r"[IVX]{1,5}[.)]?")
_LETTER = re.compile(r"[A-HK][.)]?")
_ARABIC = re.compile(r"\d{1,3}[a-zđ]?[.)]?")
_NESTED = re.compile(r"\d{1,3}(?:\.\d{1,3})+[.)]?")
_HEADED = re.compile(r"(?P<number>[IVX]{1,5}|[A-HK]|\d{1,2}(?:\.\d{1,2})*)\s?[.)]\s+(?P<text>\S.*)", re.S)
_COUNTED = re.compile(r"\(?(?:\d{1,2}|[A-Z])\)?")


@dataclass
class _Group:
    """A group row: its number, its heading, and how deep it stands."""

    number: str
    heading: str
    rank: int


@dataclass
class TableReader:
    """Reads the tables of one document one after another: one may go on with the one before."""

    fields: list[Field | None] = field(default_factory=list)
    groups: list[_Group] = field(default_factory=list)
    items: list[RawItem] = field(default_factory=list)
    numbers: list[tuple[int, str]] = field(default_factory=list)  # (group, number) of each item
    counts: int = 0

    def read(self, table: Table, section: tuple[tuple[str, str], ...] = ()) -> None:
        """Take the duties of a table that is one of duties."""
        start, fields = header(table)
        if fields:
            if not self.fields or fields != self.fields:
                self.groups = []
            self.fields = fields
        elif not self.fields or len(table.rows[0]) != len(self.fields):
            return
        rows = table.rows[start:]
        for n, row in enumerate(rows):
            self._row(row, rows[n + 1] if n + 1 < len(rows) else None, section, torn=table.continues and n == 0)

    def _row(
        self, row: tuple[Cell, ...], after: tuple[Cell, ...] | None, section: tuple[tuple[str, str], ...], *, torn: bool
    ) -> None:
        texts = [clean(cell.text) for cell in row]
        if (
            not any(texts)
            or is_header(row)
            or (
                all(_COUNTED.fullmatch(text) for text in texts if text)
                and len({t for t in texts if t}) > 2
                and not self._content(row)
            )
        ):
            return
        if self._is_group(row, after):
            self._open(row)
            return
        if self._goes_on(row, torn=torn):
            return
        self._add(row, section)

    def _content(self, row: tuple[Cell, ...]) -> bool:
        return any(len(clean(cell.text)) > 12 for cell in row)

    def _cell(self, row: tuple[Cell, ...], name: Field) -> Cell | None:
        found = [cell for cell, known in zip(row, self.fields, strict=False) if known == name]
        return found[0] if found else None

    def _is_group(self, row: tuple[Cell, ...], after: tuple[Cell, ...] | None) -> bool:
        """A row that only heads others: one text over the width, or a number and a text and nothing of a duty."""
        own = [cell for cell in row if not cell.across and not cell.down and clean(cell.text)]
        number = self._cell(row, "number")
        label = clean(number.text) if number else ""
        spans = sum(cell.across for cell in row) >= len(row) - 2 and len(row) > 2
        if spans and len(own) <= 2:
            return True
        duty = [
            cell for cell, name in zip(row, self.fields, strict=False)
            if name in ("lead", "coordinating", "parties", "time", "deliverable") and clean(cell.text)
            and not (cell.across and number is not cell and cell.text == (self._cell(row, "content") or cell).text)
        ]  # fmt: skip
        if duty:
            return False
        if not own:
            return False
        if _ROMAN.fullmatch(label) or _LETTER.fullmatch(label):
            return True
        content = self._cell(row, "content")
        text = clean(content.text) if content else clean(own[0].text)
        if not label and _HEADED.match(text) and _ROMAN.fullmatch(_HEADED.match(text)["number"]):  # type: ignore[index]
            return True
        if text.isupper() and len(text) > 8:
            return True
        if after is None:
            return False
        below = self._cell(after, "number")
        next_label = clean(below.text).rstrip(".)") if below else ""
        plain = label.rstrip(".)")
        return bool(plain) and (
            next_label.startswith(f"{plain}.")
            or (
                plain.isdigit()
                and next_label in ("a", "-", "1")
                and plain != next_label
                and next_label != str(int(plain) + 1)
            )
        )

    def _open(self, row: tuple[Cell, ...]) -> None:
        texts = list(dict.fromkeys(clean(cell.text) for cell in row if clean(cell.text)))
        number = texts[0].rstrip(".)") if len(texts) > 1 and len(texts[0]) <= 7 else ""
        heading = texts[1] if number else texts[0]
        if not number and (headed := _HEADED.match(heading)):
            number, heading = headed["number"], clean(headed["text"])
        rank = (
            0
            if _LETTER.fullmatch(number) and not _ROMAN.fullmatch(number)
            else 1
            if not number or _ROMAN.fullmatch(number)
            else 2 + number.count(".")
        )
        while self.groups and self.groups[-1].rank >= rank:
            self.groups.pop()
        self.groups.append(_Group(number, heading, rank))
        self.counts += 1

    def _goes_on(self, row: tuple[Cell, ...], *, torn: bool) -> bool:
        """Whether a row is the rest of the one before: torn by a page's end, or begun in the middle of a sentence."""
        if not self.items:
            return False
        number, content = self._cell(row, "number"), self._cell(row, "content")
        if number is not None and clean(number.text) and not number.down:
            return False
        text = clean(content.text) if content and not content.down else ""
        filled = [cell for cell in row if clean(cell.text) and not cell.down and not cell.across]
        last = self.items[-1]
        middle = bool(text) and (text[0].islower() or text[0] in ",;)")
        open_end = not re.search(r"[.;:]$", last.text)
        if torn and (middle or not text or (open_end and len(filled) < len(row) - 1 and not self._complete(row))):
            self._append(row, last, asks=False)
            return True
        if not text and filled and number is not None:
            self._append(row, last, asks=True)
            return True
        if middle and len(filled) <= 2 and not self._complete(row):
            self._append(row, last, asks=True)
            return True
        return False

    def _complete(self, row: tuple[Cell, ...]) -> bool:
        """Whether the row names a unit of its own and a time of its own."""
        return all(
            (cell := self._cell(row, name)) and clean(cell.text)[:1].isupper() and not cell.down
            for name in ("lead", "time")
        )

    def _append(self, row: tuple[Cell, ...], last: RawItem, *, asks: bool) -> None:
        place = row[0].place
        for cell, name in zip(row, self.fields, strict=False):
            text = cell.text.strip()
            if not text or cell.down or cell.across or name is None or name == "number":
                continue
            if name == "content":
                last.text = joined((last.text, text))
                last.title = Printed(joined((last.title.text, text)), last.title.place)
            elif name in last.fields and last.fields[name].text:
                known = last.fields[name]
                last.fields[name] = Printed(
                    joined((known.text, text)) if not asks else f"{known.text}\n{text}",
                    known.place,
                    known.label,
                    known.inherited,
                )
            else:
                last.fields[name] = Printed(text, cell.place)
        if asks:
            last.doubts.append(Doubt("torn_row", place))

    def _add(self, row: tuple[Cell, ...], section: tuple[tuple[str, str], ...]) -> None:
        content, number = self._cell(row, "content"), self._cell(row, "number")
        doubts: list[Doubt] = []
        text = clean(content.text) if content else ""
        label = clean(number.text).rstrip(".)") if number else ""
        if not number and (headed := _HEADED.match(text)):
            label, text = headed["number"], clean(headed["text"])
        if content and content.down and self.items:
            doubts.append(Doubt("merged_content", row[0].place))
        place = content.place if content and text else next((c.place for c in row if clean(c.text)), Place())
        fields: dict[Field, Printed] = {}
        for cell, name, heading in zip(row, self.fields, range(len(row)), strict=False):
            del heading
            if name is None or name in ("number", "content") or cell.across:
                continue
            value = cell.text.strip()
            if name == "parties":
                fields |= _parties(value, cell)
            elif name in fields and fields[name].text and value:
                fields[name] = Printed(f"{fields[name].text}\n{value}", fields[name].place)
            elif name not in fields or value:
                fields[name] = Printed(value, cell.place, inherited=cell.down, span=(0, len(value)))
        if not text:
            other = fields.get("deliverable")
            if other is None or not other.text:
                return
            text = clean(other.text)
            doubts.append(Doubt("no_title", place))
        down = bool(number and number.down)
        item = RawItem(
            label, Printed(text, place), text, (*section, *((g.number, g.heading) for g in self.groups)), fields, doubts
        )
        if not label or down:
            doubts.append(Doubt("no_number" if not label else "merged_number", place))
        self.items.append(item)
        self.numbers.append((self.counts, f"{label}+" if down or not label else label))

    def finished(self) -> list[RawItem]:
        """The duties, their references completed by the group's number where the count begins anew in each group."""
        firsts: dict[int, str] = {}
        for group, label in self.numbers:
            firsts.setdefault(group, label.rstrip("+"))
        plain = [label for _, label in self.numbers if label and not label.endswith("+")]
        anew = len(set(plain)) < len(plain)
        repeats = 0
        before = ""
        for item, (_, label) in zip(self.items, self.numbers, strict=True):
            if label.endswith("+"):
                repeats += 1
                shown = f"{before or str(len(self.items))}{chr(ord('a') + repeats)}"
            else:
                shown, before, repeats = label, label, 0
            groups = [number for number, _ in item.section[-3:] if number and len(number) <= 7]
            if anew and groups:
                prefix = groups[-1] if not any(_ROMAN.fullmatch(g) for g in groups[:-1]) else ".".join(groups[-2:])
                shown = shown if shown.startswith(f"{prefix}.") else f"{prefix}.{shown}"
            item.ref = shown
        self._ask_gaps()
        return self.items

    def _ask_gaps(self) -> None:
        """A number that is left out: a row may be missing."""
        for (group, before), (following, label), item in zip(
            self.numbers, self.numbers[1:], self.items[1:], strict=False
        ):
            if (
                before.isdigit()
                and label.isdigit()
                and int(label) > int(before) + 1
                and (group == following or int(label) > 1)
            ):
                item.doubts.append(Doubt("gap", item.place, (before, label)))


def _parties(value: str, cell: Cell) -> dict[Field, Printed]:
    """One cell for both: "Chủ trì: …; phối hợp: …"; without such words the first line leads."""
    found: dict[Field, Printed] = {}
    pieces = re.split(
        r"\n|;\s*(?=(?:cơ quan|đơn vị)?\s*(?:chủ trì|phối hợp))|(?<=[.,])\s+(?=(?:cơ quan |đơn vị )?(?:chủ trì|phối hợp)\s*:)",
        value,
        flags=re.I,
    )
    for piece in pieces:
        label = label_of(piece)
        if label and label.field in ("lead", "coordinating"):
            found[label.field] = Printed(piece[label.value :].strip(" ;."), cell.place, label.printed)
        elif piece.strip():
            name: Field = "coordinating" if "lead" in found and label is None and "coordinating" in found else "lead"
            known = found.get(name)
            found[name] = Printed(f"{known.text}\n{piece.strip()}" if known else piece.strip(), cell.place)
    return found
