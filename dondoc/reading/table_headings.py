"""Which row of a table is its heading, and what each of its columns holds."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dondoc.office.wording import clean
from dondoc.reading.document import Cell, Table
from dondoc.reading.headings import Field, field_of_heading

_NUMBERED = re.compile(r"(?:\d{1,3}[a-zđ]?|[IVX]{1,5})[.)]?")


def header(table: Table) -> tuple[int, list[Field | None]]:
    """(the first row below the headings, the field of each column); no fields where no row heads a table of duties."""
    for n, row in enumerate(table.rows[:12]):
        if not is_header(row):
            continue
        names = [clean(cell.text) for cell in row]
        end = n + 1
        while end < len(table.rows) and end <= n + 2 and _is_subheader(table.rows[end], row):
            names = [
                below
                if (below := clean(cell.text)) and not (field_of_heading(name) and not field_of_heading(below))
                else name
                for cell, name in zip(table.rows[end], names, strict=True)
            ]
            end += 1
        return end, _fields(names)
    return 0, []


def _fields(names: Sequence[str]) -> list[Field | None]:
    found = [field_of_heading(name) for name in names]
    if "content" not in found:  # a plan of aims, or of products
        for instead in ("target", "deliverable"):
            if instead in found:
                found[found.index(instead)] = "content"
                break
    while found.count("content") > 1:  # the last one says most: "Nhóm nhiệm vụ | Nhiệm vụ cụ thể"
        found[found.index("content")] = None
    return found


def is_header(row: tuple[Cell, ...]) -> bool:
    """Whether the row names at least two fields of a duty, one of them who or when."""
    first = next((clean(cell.text) for cell in row if clean(cell.text)), "")
    if _NUMBERED.fullmatch(first):
        return False
    known = {field_of_heading(clean(cell.text)) for cell in row if len(clean(cell.text)) < 90}
    known.discard(None)
    wanted = known & {"content", "lead", "coordinating", "parties", "time", "deliverable", "target"}
    return len(wanted) >= 2 and len(known) >= 2 and bool(known & {"lead", "parties", "time"})


def _is_subheader(row: tuple[Cell, ...], above: tuple[Cell, ...]) -> bool:
    """A second line of headings: it repeats what is merged from above, or names fields under a shared heading."""
    own = [cell for cell in row if clean(cell.text) and not cell.down]
    below_shared = any(cell.across for cell in above) or any(cell.down for cell in row)
    return (
        below_shared
        and bool(own)
        and all(field_of_heading(clean(cell.text)) for cell in own)
        and any(cell.down for cell in row)
    )
