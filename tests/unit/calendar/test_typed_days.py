"""A day as people type it, in the portal, on the command line and in Prefect's forms."""

from __future__ import annotations

from datetime import date

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from cli.days import DAY
from dondoc.calendar.typed_days import Day, typed_day


@given(st.dates())
def test_every_day_is_read_in_both_ways_of_writing_it(day: date) -> None:
    assert typed_day(day.isoformat()) == typed_day(f"{day.day}/{day.month}/{day.year:04}") == day


@pytest.mark.parametrize("text", ["29/3/2024", "29/03/2024", "29.3.2024", "29-03-2024", " 2024-03-29 "])
def test_day_comes_before_month_whatever_stands_between(text: str) -> None:
    found = typed_day(text)
    assert found == date(2024, 3, 29)
    assert type(found) is date


@pytest.mark.parametrize(
    "text",
    ["31/02/2024", "29/02/2023", "0/1/2024", "1/13/2024", "29/3/24", "29/3-2024", "20240329", "2024-3-29", "0000-00-00",
     "٢٩/٣/٢٠٢٤", "29/3/2024 08:00", "mai", "29/3", "9999999-01-01"],
)  # fmt: skip
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        typed_day(text)


def test_nothing_typed_is_no_day() -> None:
    assert typed_day(" \t") is None


def test_an_option_takes_a_day_and_says_in_one_line_what_is_none() -> None:
    @click.command()
    @click.option("--on", type=DAY)
    def show(on: date | None) -> None:
        click.echo(repr(on))

    run = CliRunner().invoke
    assert (
        run(show, ["--on", "29/3/2024"]).output
        == run(show, ["--on", "2024-03-29"]).output
        == "datetime.datetime(2024, 3, 29, 0, 0)\n"
    )
    assert run(show, []).output == "None\n"
    refused = run(show, ["--on", "30/2/2024"])
    assert refused.exit_code == 2
    assert "'30/2/2024' is not a day; write it as 29/03/2024 or 2024-03-29" in refused.output
    assert run(show, ["--on", ""]).exit_code == 2


def test_a_form_of_prefects_reads_it_too_and_shows_a_date() -> None:
    form = TypeAdapter(Day)
    assert form.validate_python("29/03/2024") == form.validate_python("2024-03-29") == date(2024, 3, 29)
    assert form.json_schema() == {"type": "string", "format": "date"}
    with pytest.raises(ValidationError):
        form.validate_python("30/02/2024")
