"""A month's accepted figures as a version: what the ledger holds of them, and what a further version changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from dondoc.foundation.canonical import digest
from dondoc.index.figure import Figure, SourceFile


@dataclass(frozen=True, slots=True)
class Version:
    """One recorded set of a month's figures. `seq` is its ledger entry; `closed_on` the day the figures were closed.

    `figures` are of the whole, `shares` of single units.
    """

    month: str
    version: int
    occurrence: str
    seq: int
    sha256: str
    figures: tuple[Figure, ...]
    closed_on: date
    source: str
    shares: tuple[Figure, ...] = ()

    @property
    def given(self) -> tuple[Figure, ...]:
        """Everything the version says: of the whole and of single units."""
        return *self.figures, *self.shares


def figures_json(figures: Iterable[Figure]) -> list[dict[str, Any]]:
    """The figures as recorded: values and the place they came from, in order of code; a unit and a sum say so."""
    return [
        {
            "code": figure.code,
            "numerator": figure.numerator,
            "denominator": figure.denominator,
            "score": figure.score,
            "closed_on": figure.closed_on.isoformat(),
            "place": figure.place,
            **({"unit": figure.unit} if figure.unit else {}),
            **({"summed": True} if figure.summed else {}),
        }
        for figure in sorted(figures, key=_order)
    ]


def figures_digest(figures: Iterable[Figure]) -> str:
    """What tells two sets of figures apart: their values, wherever they were written and however spelt.

    The closing date is left out: the same numbers dropped again with another date are no correction.
    """
    values = [
        [
            *(f.code, f.numerator, f.denominator),
            str(f.values[2].normalize()) if f.score is not None else None,  # type: ignore[attr-defined]
            *([f.unit] if f.unit else ()),
        ]
        for f in sorted(figures, key=_order)
    ]
    return digest(values)


def _order(figure: Figure) -> tuple[str, str]:
    return figure.code, figure.unit


def is_new(known: Sequence[Version], sha256: str, source: str) -> bool:
    """Whether figures from `source` say something new: other than the latest version, and than what that source said last.

    So a file that stays in the folder does not take back what was since corrected in the form.
    """
    latest = known[-1:]
    last_said = [version for version in known if version.source == source][-1:]
    return all(version.sha256 != sha256 for version in (*latest, *last_said))


def recorded_body(
    month: str, figures: Iterable[Figure], files: Iterable[SourceFile], source: str, before: Version | None,
    reason: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The body of `figures.recorded`. A correction names the version it corrects and the codes it changed."""
    kept = tuple(figures)
    body: dict[str, Any] = {
        "month": month,
        "version": before.version + 1 if before else 1,
        "sha256": figures_digest(kept),
        "source": source,
        "files": [{"name": f.name, "type": f.media_type, "size": f.size, "sha256": f.sha256} for f in files],
        "figures": figures_json(kept),
        "corrects": None,
    }
    if before:
        body["corrects"] = {"version": before.version, "seq": before.seq, "sha256": before.sha256}
        body["changed"] = changed_codes(before.given, kept)
    if reason:
        body["reason"] = reason
    return body


def changed_codes(before: Iterable[Figure], after: Iterable[Figure]) -> list[str]:
    """The codes whose numbers differ, that came, or that went, of the whole or of a unit."""
    one, other = ({_order(f): f.values[:3] for f in figures} for figures in (before, after))
    return sorted({key[0] for key in one.keys() | other.keys() if one.get(key) != other.get(key)})


def read_version(occurrence: str, seq: int, body: Mapping[str, Any]) -> Version:
    """A version from its recorded body."""
    figures = tuple(
        Figure(
            month=body["month"],
            code=row["code"],
            numerator=row["numerator"],
            denominator=row["denominator"],
            score=row["score"],
            closed_on=date.fromisoformat(row["closed_on"]),
            file=row["place"],
            line=0,
            unit=row.get("unit", ""),
            summed=row.get("summed", False),
        )
        for row in body["figures"]
    )
    return Version(
        month=body["month"],
        version=body["version"],
        occurrence=occurrence,
        seq=seq,
        sha256=body["sha256"],
        figures=tuple(figure for figure in figures if not figure.unit),
        shares=tuple(figure for figure in figures if figure.unit),
        closed_on=max(figure.closed_on for figure in figures),
        source=body["source"],
    )
