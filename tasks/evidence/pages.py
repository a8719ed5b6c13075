"""The report as pages that a browser reads offline: no scripts, nothing fetched from anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from dondoc.office.wording import short_day
from tasks.config.loading import language_folder
from tasks.evidence.sheets import Cover, OccurrenceSheet

STACKED_TONES = ("grey", "green", "amber", "red")
_HEIGHT, _LEFT, _RIGHT = 120, 20, 700


def _templates(config: Path) -> jinja2.Environment:
    return _environment(language_folder(config) / "evidence")


@cache
def _environment(folder: Path) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip


def write_index(config: Path, folder: Path, cover: Cover, own: Mapping[str, Any]) -> None:
    """index.html."""
    found = month_columns(cover, own)
    text = (
        _templates(config)
        .get_template("index.html")
        .render(cover=cover, own=own, columns=found, width=max(720, 60 * len(found)))
    )
    (folder / "index.html").write_text(text, encoding="utf-8", newline="\n")


def write_sheet(config: Path, folder: Path, sheet: OccurrenceSheet, head: str, own: Mapping[str, Any]) -> None:
    """One occurrence's page."""
    text = (
        _templates(config).get_template("ky.html").render(sheet=sheet, own=own, head=head, line=_timeline(sheet, own))
    )
    (folder / sheet.page).write_text(text, encoding="utf-8", newline="\n")


def month_columns(cover: Cover, own: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is due in each month, the tones stacked; heights share one scale."""
    tallest = max((sum(counts.values()) for _, _, counts in cover.months), default=0)
    years = {year for year, _, _ in cover.months}
    found = []
    for number, (year, month, counts) in enumerate(cover.months):
        total, below = sum(counts.values()), 0.0
        pieces = []
        for tone in STACKED_TONES:
            height = counts.get(tone, 0) * _HEIGHT / tallest
            if height:
                below += height
                pieces.append((tone, round(_HEIGHT - below, 1), round(height, 1)))
        name = f"{month:02}/{year % 100:02}" if len(years) > 1 else f"{month:02}/{year}"
        label = own["month"].format(month=f"{month:02}/{year}", number=total)
        found.append(
            {"x": number * 60, "pieces": pieces, "total": total, "top": pieces[-1][1], "name": name, "label": label}
        )
    return found


def _timeline(sheet: OccurrenceSheet, own: Mapping[str, Any]) -> dict[str, Any] | None:
    days = [line.day for line in sheet.lines]
    known = [*days, *(day for day in (sheet.opens, sheet.due) if day)]
    if not days or len(set(known)) < 2:
        return None
    first, last = min(known), max(known)

    def place(day: date) -> float:
        return round(_LEFT + (day - first).days * (_RIGHT - _LEFT) / (last - first).days, 1)

    opens, due = sheet.opens, sheet.due
    window = (place(opens), round(place(due) - place(opens), 1)) if opens and due and opens <= due else None
    label = own["timeline"].format(
        first=short_day(first), last=short_day(last), opens=short_day(opens) or own["no_day"], due=short_day(due) or own["no_day"],
        number=len(days),
    )  # fmt: skip
    return {
        "window": window, "due": place(due) if due else None, "due_words": f"{own['facts']['due']} {short_day(due)}",
        "dots": _unique(place(day) for day in days), "first": short_day(first), "last": short_day(last), "label": label,
    }  # fmt: skip


def _unique(places: Iterable[float]) -> list[float]:
    return list(dict.fromkeys(places))
