"""A printed time phrase → the timing that says it, as a row of the plan file. What is not clear is asked, never guessed silently.

The grammar is in `time_grammar`. A phrase without a year lies in the plan's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from dondoc.reading.time_grammar import GRAMMAR, Matched, TimingRow
from dondoc.reading.time_tokens import Token, normal, tokens

# Words that change what a time means in ways no rule here knows.
_STRANGE = re.compile(r"\d|^(?:học|vụ|mùa|trừ|ngoài|không|chưa|khoảng|ước|sớm|tuần)$")
_MANY_WORDS = 14


@dataclass(frozen=True, slots=True)
class TimeReading:
    """What a phrase says. `doubt`: the key of the question to ask; `events`: (printed event, repeats) it waits for;
    `years`: the years it prints; `also`: it comes on request as well.
    """

    timing: TimingRow
    doubt: str | None = None
    event: str | None = None
    years: tuple[int, ...] = ()
    also: bool = False


def read_phrase(phrase: str, year: int) -> TimeReading:
    """The timing of a printed phrase in a plan of `year`; `unprinted` with a doubt where it cannot be read."""
    text = normal(phrase).strip(" .;:,-*")
    if not text:
        return TimeReading({"unprinted": True}, "no_time")
    found = _settled(list(tokens(text)))
    strange = [token.value for token in found if token.kind == "?"]
    parted = re.search(r"[A-Za-z]&*\?[?&]*[A-Za-z]", "".join(token.kind for token in found if token.kind != "X"))
    timed = [token for token in found if token.kind not in "?&"]
    said_kinds = {token.kind for token in timed}
    also = "X" in said_kinds and bool(said_kinds - set("XyY"))
    if also:
        timed = [token for token in timed if token.kind != "X"]
    years = _years(timed)
    said = Matched(tuple(timed), year)
    kinds = "".join(token.kind for token in timed)
    for pattern, says in GRAMMAR:
        if re.fullmatch(pattern, kinds):
            row = says(said)
            if row is None:
                break
            doubt = said.doubt[0] if said.doubt else None
            if doubt is None and (
                parted or len(strange) > _MANY_WORDS or any(_STRANGE.search(word) for word in strange)
            ):
                doubt = "unsure"
            event = next((token.value[1] for token in timed if token.kind == "V"), None)
            if "reference" in row:
                row["reference"] = _as_printed(phrase, row["reference"])
            return TimeReading(row, doubt, _as_printed(phrase, event) if event else None, years, also)
    return TimeReading({"unprinted": True}, "unreadable", None, years, also)


def _as_printed(phrase: str, text: str) -> str:
    """A piece of the normal form in the letters of the phrase itself."""
    printed, flat = " ".join(unicodedata.normalize("NFC", phrase).split()), normal(phrase)
    at = flat.find(text)
    return (printed[at : at + len(text)] if at >= 0 and len(flat) == len(printed) else text).strip(" .,;:")


def _settled(found: list[Token]) -> list[Token]:
    """Bare numbers and numerals take the kind of what they continue: "tháng 6, 12", "quý I, III"."""
    result: list[Token] = []
    for n, token in enumerate(found):
        before = next((known for known in reversed(result) if known.kind not in "&-"), None)
        if token.kind == "q":
            kind = "Q" if before and before.kind == "Q" else "?"
            token = Token(kind, token.value if kind == "Q" else str(token.value), token.start, token.end)
        elif (
            token.kind == "n"
            and [known.kind for known in found[n + 1 : n + 2]] == ["C"]
            and before
            and before.kind in "BEP"
        ):
            token = Token("d", token.value, token.start, token.end)
        elif token.kind == "n":
            month = before is not None and before.kind == "M" and 1 <= token.value <= 12
            token = Token("M", (token.value, None), token.start, token.end) if month else Token("?", str(token.value), token.start, token.end)  # fmt: skip
        result.append(token)
    return result


def _years(found: Sequence[Token]) -> tuple[int, ...]:
    years: list[int] = []
    for token in found:
        match token.kind, token.value:
            case "D", (_, _, int(year)):
                years.append(year)
            case (("M" | "Q" | "H"), (_, int(year))):
                years.append(year)
            case "G", (int(first), int(last)):
                years += [first, last]
            case "Y", int(year):
                years.append(year)
    return tuple(years)
