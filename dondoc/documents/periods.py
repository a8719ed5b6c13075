"""The periods of reports and the days their figures run from and to (Nghị định 09/2019/NĐ-CP, Điều 12; as settings)."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from dondoc.documents.form_settings import PeriodSpan
from dondoc.documents.marked_text import DocumentError

_LABEL = re.compile(r"([0-9]{4})(?:-(?:(0[1-9]|1[0-2])|Q([1-4])|H([12])|(9M)))?")
_AFTER: Mapping[PeriodSpan, int] = {"month": 1, "quarter": 3, "half-year": 6, "nine-months": 3, "year": 1}


@dataclass(frozen=True, slots=True)
class ReportPeriod:
    """A report's period: figures from `first` to `last` (both included); what is due until `ahead` comes next."""

    label: str
    span: PeriodSpan
    year: int
    first: date
    last: date
    ahead: date


def report_period(label: str, cut_off: Mapping[PeriodSpan, int | None]) -> ReportPeriod:
    """The period of 2024-03, 2024-Q1, 2024-H1, 2024-9M or 2024. Raises DocumentError for another label."""
    match = _LABEL.fullmatch(label)
    if match is None or not 2000 <= int(match[1]) <= 2100:
        raise DocumentError(
            f"{label[:40]!r} is no report period; write e.g. 2024-03, 2024-Q1, 2024-H1, 2024-9M or 2024"
        )
    year = int(match[1])
    span, begins, ends = _months(match)
    cut = cut_off[span]
    return ReportPeriod(
        label, span, year, _end(year, begins - 1, cut) + timedelta(days=1), _end(year, ends, cut),
        _end(year, ends + _AFTER[span], cut),
    )  # fmt: skip


def closed_month(today: date, cut_off: Mapping[PeriodSpan, int | None]) -> str:
    """The label of the last month whose figures are complete on that day."""
    months = ((today.year - number // 12, 12 - number % 12) for number in range(12 - today.month, 12 - today.month + 3))
    return next(f"{year}-{month:02}" for year, month in months if _end(year, month, cut_off["month"]) < today)


def _months(match: re.Match[str]) -> tuple[PeriodSpan, int, int]:
    _, month, quarter, half, nine = match.groups()
    if month:
        return "month", int(month), int(month)
    if quarter:
        return "quarter", int(quarter) * 3 - 2, int(quarter) * 3
    if half:
        return "half-year", int(half) * 6 - 5, int(half) * 6
    return ("nine-months", 1, 9) if nine else ("year", 1, 12)


def _end(year: int, month: int, cut: int | None) -> date:
    """The last day of figures in that month; months below 1 and above 12 belong to the years beside."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    return date(year, month, cut or monthrange(year, month)[1])
