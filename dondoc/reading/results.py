"""What a duty has to bring and when: the printed products and the printed time, told apart where several stand together."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from dondoc.foundation.names import unmarked
from dondoc.office.wording import clean
from dondoc.reading.time_grammar import TimingRow
from dondoc.reading.time_phrases import TimeReading, read_phrase


@dataclass
class DutyResult:
    """One result with its time. `deliverable` is "" where the plan prints none; `doubts` are keys of questions."""

    deliverable: str
    phrase: str
    timing: TimingRow
    event: str | None = None
    years: tuple[int, ...] = ()
    also: bool = False
    doubts: list[str] = field(default_factory=list)


def results(printed: str, phrase: str, text: str, year: int, overseeing: str | None = None) -> list[DutyResult]:
    """The results of one block of fields. `overseeing`: the words that give an unnamed follow-up its rhythm."""
    products = deliverables(printed) or [""]
    if overseeing is not None:
        said = read_phrase(overseeing, year)
        if said.doubt in (None, "unsure"):
            return [_result(products[0], overseeing, said)]
        return [DutyResult(products[0], overseeing, {"every": "policy"}, doubts=["no_period"])]
    parts = phrase_parts(phrase)
    read = [read_phrase(part, year) for part in parts]
    if len(parts) < 2 or any(each.doubt in ("unreadable", "no_time") for each in read):
        whole = read_phrase(phrase, year)
        return [_result(product, phrase, _named(whole, text)) for product in products]
    return _matched(products, list(zip(parts, read, strict=True)), text)


def deliverables(printed: str) -> list[str]:
    """The products that a field lists: lines, points after a colon, and what semicolons part."""
    pieces: list[str] = []
    for line in printed.split("\n"):
        line = re.sub(r"^\s*[-+•*]\s*", "", clean(line)).strip()
        listed = re.fullmatch(r"(?:Các|Những)\b[^:;.]{0,60}:\s*(.+)", line)
        pieces += (listed[1] if listed else line).split(";")
    found: list[str] = []
    for piece in pieces:
        piece = piece.strip().rstrip(".,;").strip()
        cut = (
            re.split(r",\s+(?=báo cáo\s)|\s+và\s+(?=Kế hoạch\s)", piece)
            if re.match(r"(?:Kế hoạch|Các văn bản)", piece)
            else [piece]
        )
        found += [each.strip() for each in cut if each.strip()]
    return found


def phrase_parts(phrase: str) -> list[str]:
    """The parts of a time that says several things after another."""
    parts = re.split(r";\s*|(?<=[\w)]\.)\s+(?=[A-ZĐ])|,\s+(?=tổ chức thực hiện|tổ chức kiểm tra)", clean(phrase))
    return [part for part in (each.strip() for each in parts) if part.strip(" .")]


def _result(product: str, phrase: str, read: TimeReading) -> DutyResult:
    return DutyResult(
        product, phrase, dict(read.timing), read.event, read.years, read.also, [read.doubt] if read.doubt else []
    )


def _named(read: TimeReading, text: str) -> TimeReading:
    """A bare "theo kế hoạch" is the plan that the duty's own text names; a decision's annex goes by its decision."""
    reference = read.timing.get("reference", "")
    if reference.casefold() == "kế hoạch" and (
        named := re.search(r"Kế hoạch [^.;,()]+?(?=\s+năm \d{4}|[.;,()]|$)", text)
    ):
        reference = named[0]
    annex = re.search(
        r"^(Kế hoạch|Chương trình|Đề án)\b.*?\b(ban hành (?:kèm )?theo (?:Quyết định|Nghị quyết) số .+)$", reference
    )
    if annex and len(reference) > 120:
        reference = f"{annex[1]} {annex[2]}"
    reference = re.split(r"\s+đối với\b", reference)[0].strip(" .,;")
    return (
        TimeReading({**read.timing, "reference": reference}, read.doubt, read.event, read.years, read.also)
        if reference
        else read
    )


def _ongoing(result: DutyResult) -> DutyResult:
    """Work that goes on the whole year and ends in no product is followed as such."""
    if result.timing == {"by": "12-31"} and re.search(
        r"\b(?:kiểm soát|giám sát|theo dõi|duy trì|quản lý)\b", result.phrase
    ):
        result.timing = {"continuous": True}
    return result


def _kind(text: str) -> str:
    plain = unmarked(text)
    if re.search(r"\bbao cao\b", plain) and not plain.startswith("ke hoach"):
        return "report"
    return "plan" if re.search(r"\bke hoach\b", plain) and not re.search(r"theo ke hoach", plain) else "work"


def _matched(products: list[str], parts: list[tuple[str, TimeReading]], text: str) -> list[DutyResult]:
    """Each product with the part of the time that speaks of its kind; a part without a product is a result of its own words."""
    left = [product for product in products if product]
    made: list[DutyResult] = []
    for n, (part, read) in enumerate(parts):
        kind = _kind(part)
        own = [product for product in left if _kind(product) == kind and kind != "work"]
        if not own and n == 0:
            own = [
                product
                for product in left
                if not any(_kind(product) == _kind(other) != "work" for other, _ in parts[1:])
            ]
        left = [product for product in left if product not in own]
        named = _named(read, text)
        if own:
            made += [_result(product, part, named) for product in own]
        else:
            made.append(_ongoing(_result(part.strip().rstrip(".;,"), part, named)))
    last = parts[-1]
    made += [_result(product, last[0], _named(last[1], text)) for product in left]
    for result in made[1:] if left else ():
        result.doubts = list(dict.fromkeys([*result.doubts, "which_time"]))
    return made
