"""The index as Prefect artifacts of the run that published it: a table, the total as progress, the trend as a picture."""

from __future__ import annotations

import base64
import json
from typing import Any

from prefect.client.schemas.actions import ArtifactCreate
from prefect.context import FlowRunContext

from dondoc.index.blockers import points, signed
from dondoc.index.scores import percent
from dondoc.office.office import Office
from tasks.config.run_context import RunContext
from tasks.index.months import IndexMonths, trend_of
from tasks.index.publishing import Indexed
from tasks.index.wording import index_lines, month_words, picture_words
from tasks.obligations.run_result import cell
from tasks.reports.charts import trend_chart


def show_index(context: RunContext, indexed: Indexed) -> None:
    """Attach the latest of the published months to the run. Nothing outside a run, or when none was published."""
    prefect_run = FlowRunContext.get()
    stands = indexed.standing
    if context.dry_run or not indexed.published or prefect_run is None or prefect_run.flow_run is None:
        return
    client: Any = prefect_run.client
    for artifact in index_artifacts(stands, max(indexed.published), context.rules.office):
        client.create_artifact(artifact.model_copy(update={"flow_run_id": prefect_run.flow_run.id}))


def index_artifacts(stands: IndexMonths, month: str, office: Office) -> list[ArtifactCreate]:
    """The artifacts of one published month; one of the units where its figures name some."""
    words, index = stands.rules.words, stands.indexes[month]
    title = f"{words.trend_title.format(year=stands.year)} · {month_words(month, words)}"
    trend = trend_of(stands, until=month)
    picture = base64.b64encode(trend_chart(trend, "png")).decode("ascii")
    said = cell(picture_words(trend, stands.year, stands.rules))
    lines = "\n".join(f"- {cell(line)}" for line in index_lines(stands, month))
    by_unit = unit_rows(stands, month, office)
    units = ArtifactCreate(
        key="chi-so-don-vi", type="table", description=title, data=json.dumps(by_unit, ensure_ascii=False)
    )
    return [
        ArtifactCreate(
            key="chi-so-bang",
            type="table",
            description=title,
            data=json.dumps(index_rows(stands, month), ensure_ascii=False),
        ),
        ArtifactCreate(key="chi-so-tong-diem", type="progress", description=title, data=float(index.total.score or 0)),
        ArtifactCreate(
            key="chi-so-bieu-do",
            type="markdown",
            description=title,
            data=f"### {title}\n\n![{said}](data:image/png;base64,{picture})\n\n{lines}\n\n{said}\n",
        ),
        *([units] if by_unit else ()),
    ]


def index_rows(stands: IndexMonths, month: str) -> list[dict[str, str]]:
    """The table's rows: each component with its counts, ratio, points, the portal's points and the difference."""
    words, columns = stands.rules.words, stands.rules.words.columns
    rows = []
    for component in stands.indexes[month].components:
        metric = component.metric
        counts = f"{_count(component.numerator)}/{_count(component.denominator)}"
        share = f"{percent(component.ratio)}%".replace(".", ",") if component.ratio is not None else words.no_change
        difference = component.difference
        values = (
            stands.metrics.groups[metric.group].name, metric.name, counts, share,
            points(component.score) or (words.no_score if metric.max else words.no_change), str(metric.max),
            points(component.portal) or words.no_change, signed(difference) if difference is not None else words.no_change,
        )  # fmt: skip
        rows.append(dict(zip(columns, values, strict=True)))
    return rows


def unit_rows(stands: IndexMonths, month: str, office: Office) -> list[dict[str, str]]:
    """The table of the units: each with its total and the points of the groups; what lacks counts says so."""
    words = stands.rules.words
    return [
        {
            words.unit: office.unit_name(one.unit),
            **{
                f"{part.name} ({part.max})": points(part.score) or words.no_score
                for part in (one.index.total, *one.index.groups)
            },
        }
        for one in stands.units(month)
    ]


def _count(value: int | None) -> str:
    return "…" if value is None else str(value)
