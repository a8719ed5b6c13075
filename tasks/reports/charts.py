"""Values → pictures, as SVG or PNG bytes. The same values give the same bytes: no date, no random ids, one bundled font.

Readable without colour: lines differ in marker and dash, areas in hatch and in lightness, and numbers are written out.
matplotlib is imported by the first picture, so that what draws none stays small and starts fast. Its Figure is used
without pyplot: nothing global, safe in the portal's threads.
"""

from __future__ import annotations

import io
import threading
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from dondoc.reports.pictures import TONES, Cell, HeatMap, Timeline, TimelineSpan, Tone, Trend, TrendLine

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Format = Literal["svg", "png"]

_INK, _QUIET, _MAIN = "#1d2a30", "#6b767c", "#0b5d61"
# marker, dash and grey of a line: told apart also where the print has no colour
_STYLES = (
    ("o", "-", "#0b5d61"), ("s", "--", "#8a5300"), ("^", "-.", "#4a3f8c"),
    ("D", ":", "#b3261e"), ("v", (0, (5, 1, 1, 1, 1, 1)), "#1f6f3c"), ("P", (0, (1, 1)), "#3d4a50"),
)  # fmt: skip
# fill and hatch of a tone; the fills also differ in lightness, the darkest is the gravest
_FILLS: dict[Tone, tuple[str, str]] = {
    "red": ("#9c1f18", ""), "amber": ("#e3a33b", "////"), "green": ("#b9dfc4", ""), "grey": ("#eceff0", "...."),
}  # fmt: skip
_RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, has every Vietnamese letter
    "font.size": 9.0,
    "svg.hashsalt": "dondoc",
    "svg.fonttype": "path",
    "hatch.linewidth": 0.6,
    "axes.unicode_minus": False,
}
_drawing = threading.Lock()  # matplotlib's settings and font cache are the process's


def trend_chart(trend: Trend, form: Format = "svg") -> bytes:
    """The total by month with its target above, the groups in per cent of their points below."""
    with _Sheet(8.4, 6.4, form) as sheet:
        above, below = sheet.figure.subplots(2, 1, gridspec_kw={"height_ratios": (1, 1.2)})
        _total(above, trend)
        _groups(below, trend)
        sheet.figure.suptitle(trend.title, fontsize=12, fontweight="bold", color=_INK)
        sheet.figure.subplots_adjust(left=0.08, right=0.67, top=0.9, bottom=0.07, hspace=0.32)
    return sheet.content


def timeline_chart(timeline: Timeline, form: Format = "svg") -> bytes:
    """A row an item, a bar a period from opening to due date; today as a dashed line."""
    with _Sheet(10.5, 1.3 + 0.235 * max(1, len(timeline.rows)), form) as sheet:
        axes = sheet.figure.subplots()
        begin, after = date(timeline.year, 1, 1), date(timeline.year + 1, 1, 1)
        for row, (_, spans) in enumerate(timeline.rows):
            for span in spans:
                _bar(axes, row, span, begin, after)
        axes.set_yticks(range(len(timeline.rows)), [label for label, _ in timeline.rows], fontsize=8)
        axes.set_ylim(len(timeline.rows) - 0.4, -0.6)
        starts = [(date(timeline.year, month, 1) - begin).days for month in range(1, 13)]
        axes.set_xlim(0, (after - begin).days)
        axes.set_xticks(starts, timeline.months, ha="left", fontsize=8)
        axes.grid(axis="x", color="#d7ddda", linewidth=0.6)
        axes.set_axisbelow(True)
        if timeline.today and begin <= timeline.today < after:
            axes.axvline((timeline.today - begin).days + 1, color=_INK, linestyle="--", linewidth=1.2)
            axes.annotate(
                timeline.today_name, ((timeline.today - begin).days + 1, -0.6), fontsize=8,
                ha=("left", "center", "center", "right")[(timeline.today.month - 1) // 3], va="bottom", color=_INK, annotation_clip=False,
            )  # fmt: skip
        _plain(axes)
        axes.set_title(timeline.title, fontsize=12, fontweight="bold", color=_INK, pad=16)
        _legend(axes, timeline)
        height = sheet.figure.get_figheight()
        sheet.figure.subplots_adjust(left=0.36, right=0.985, top=1 - 0.55 / height, bottom=0.62 / height)
    return sheet.content


def heat_map_chart(heat: HeatMap, form: Format = "svg") -> bytes:
    """A row a unit, a column a month: darker and hatched where more is late, the counts written in each cell."""
    with _Sheet(10.5, 1.35 + 0.42 * max(1, len(heat.rows)), form) as sheet:
        axes = sheet.figure.subplots()
        for y, cells in enumerate(heat.cells):
            for x, cell in enumerate(cells):
                _square(axes, x, y, cell, heat.written(cell))
        axes.set_xlim(-0.5, len(heat.columns) - 0.5)
        axes.set_ylim(max(len(heat.rows), 1) - 0.5, -0.5)
        axes.set_xticks(range(len(heat.columns)), heat.columns, fontsize=9)
        axes.set_yticks(range(len(heat.rows)), heat.rows, fontsize=9)
        _plain(axes)
        axes.set_title(heat.title, fontsize=12, fontweight="bold", color=_INK, pad=10)
        height = sheet.figure.get_figheight()
        sheet.figure.text(0.5, 0.14 / height, heat.scale_name, ha="center", fontsize=8.5, color=_INK)
        sheet.figure.subplots_adjust(left=0.2, right=0.985, top=1 - 0.5 / height, bottom=0.62 / height)
    return sheet.content


class _Sheet:
    """A figure of so many inches; leaving it writes `content`. Raises whatever drawing raised."""

    figure: Figure
    content: bytes

    def __init__(self, width: float, height: float, form: Format) -> None:
        self._size, self._form = (width, height), form

    def __enter__(self) -> _Sheet:
        _drawing.acquire()
        try:
            import matplotlib as mpl
            from matplotlib.figure import Figure

            mpl.rcParams.update(_RC)
            self.figure = Figure(figsize=self._size, facecolor="white")
        except BaseException:
            _drawing.release()
            raise
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                out = io.BytesIO()
                without: dict[str, Any] = {"Date": None} if self._form == "svg" else {"Software": None}
                self.figure.savefig(out, format=self._form, dpi=110, metadata=without)
                self.content = out.getvalue()
        finally:
            _drawing.release()


def _total(axes: Axes, trend: Trend) -> None:
    values = [float(value) if value is not None else float("nan") for value in trend.total.values]
    axes.plot(values, marker="o", color=_MAIN, linewidth=2, label=trend.total.name)
    for x, value in enumerate(trend.total.values):
        if value is not None:
            beside = [other for other in trend.total.values[max(0, x - 1) : x + 2] if other is not None]
            under = value < max(beside) and value == min(beside)
            axes.annotate(_comma(value), (x, float(value)), xytext=(0, -13 if under else 6), textcoords="offset points",
                          ha="center", fontsize=7.5, color=_INK)  # fmt: skip
    known = [float(value) for value in (*trend.total.values, trend.target) if value is not None] or [0.0, 100.0]
    low, high = min(known), max(known)
    room = max((high - low) * 0.35, 1.0)
    axes.set_ylim(max(0.0, low - room), min(float(trend.total.most) + room / 2, high + room))
    if trend.target is not None:
        axes.axhline(float(trend.target), color=_INK, linestyle="--", linewidth=1.2)
        _beside(
            axes, len(trend.months), [(float(trend.target), f"{trend.target_name}: {_comma(trend.target)}", _INK, "")]
        )
    axes.set_title(
        f"{trend.total.name} ({trend.unit.lower()}, 0–{trend.total.most})", loc="left", fontsize=9.5, color=_INK
    )
    _months(axes, trend)


def _groups(axes: Axes, trend: Trend) -> None:
    ends = []
    for line, (marker, dash, colour) in zip(trend.groups, _STYLES * 3, strict=False):
        shares = [_share(line, value) for value in line.values]
        axes.plot(shares, marker=marker, linestyle=dash, color=colour, linewidth=1.4, markersize=4.5)
        last = next((share for share in reversed(shares) if share == share), None)
        if last is not None:
            ends.append((last, f"{line.name} ({line.most})", colour, marker))
    axes.set_ylim(max(0.0, min((end[0] for end in ends), default=0.0) - 25), 104)
    _beside(axes, len(trend.months), ends)
    axes.set_title(trend.parts_title, loc="left", fontsize=9.5, color=_INK)
    _months(axes, trend)


def _share(line: TrendLine, value: Decimal | None) -> float:
    return float(value) * 100 / line.most if value is not None and line.most else float("nan")


def _beside(axes: Axes, x: int, labels: list[tuple[float, str, str, str]]) -> None:
    """Names with their markers at the right end of their lines, moved apart where they would cover each other."""
    low, high = axes.get_ylim()
    gap = (high - low) * 0.085
    placed: list[float] = []
    for y, *_ in sorted(labels):
        placed.append(max(y, placed[-1] + gap) if placed else y)
    over = max(0.0, placed[-1] - high) if placed else 0.0
    for y, (_, text, colour, marker) in zip(placed, sorted(labels), strict=True):
        if marker:
            axes.plot([x - 0.25], [y - over], marker=marker, color=colour, markersize=4.5, clip_on=False)
        axes.text(x - 0.05, y - over, text, color=colour, fontsize=8, va="center", clip_on=False)


def _months(axes: Axes, trend: Trend) -> None:
    axes.set_xlim(-0.4, len(trend.months) - 0.5)
    axes.set_xticks(range(len(trend.months)), trend.months, fontsize=8)
    axes.yaxis.set_major_formatter(lambda score, _: f"{score:g}".replace(".", ","))
    axes.grid(axis="y", color="#d7ddda", linewidth=0.6)
    axes.set_axisbelow(True)
    _plain(axes)


def _bar(axes: Axes, row: int, span: TimelineSpan, begin: date, after: date) -> None:
    first, last = max(span.first, begin), min(span.last, after - timedelta(days=1))
    if last < begin or first >= after:
        return
    fill, hatch = _FILLS[span.tone]
    days = max((last - first).days + 1, 2)  # a day alone would not be seen
    axes.barh(
        row, days, left=(first - begin).days, height=0.62, color=fill, hatch=hatch, edgecolor=_QUIET, linewidth=0.5
    )


def _legend(axes: Axes, timeline: Timeline) -> None:
    from matplotlib.patches import Patch

    handles = [
        Patch(
            facecolor=_FILLS[tone][0],
            hatch=_FILLS[tone][1],
            edgecolor=_QUIET,
            linewidth=0.5,
            label=timeline.legend[tone],
        )
        for tone in TONES
        if tone in timeline.legend
    ]
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.32, 0), borderaxespad=2.2, ncols=len(handles),
                frameon=False, fontsize=8.5)  # fmt: skip


def _square(axes: Axes, x: int, y: int, cell: Cell, text: str) -> None:
    from matplotlib.patches import Rectangle

    share = cell.late / cell.duties if cell.duties else 0.0
    tone = "#ffffff" if not cell.duties else "#dcebe9" if not cell.late else "#f0c58a" if share < 0.5 else "#8f1d17"
    hatch = "////" if 0 < share < 0.5 else ""
    axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=tone, hatch=hatch, edgecolor="#aab3b3", linewidth=0.7))
    dark = share >= 0.5
    box = None if not hatch else {"facecolor": tone, "edgecolor": "none", "pad": 1.2}
    axes.text(x, y, text, ha="center", va="center", fontsize=9, color="white" if dark else _INK,
              fontweight="bold" if cell.late else "normal", bbox=box)  # fmt: skip


def _plain(axes: Axes) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color("#aab3b3")
    axes.tick_params(color="#aab3b3", labelcolor=_INK, length=2)


def _comma(value: Decimal) -> str:
    return f"{value:.2f}".replace(".", ",")
