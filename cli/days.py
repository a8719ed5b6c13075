"""A day as an option: read as it is read everywhere, 29/03/2024 or 2024-03-29."""

from __future__ import annotations

from datetime import date, datetime, time

import click


class TypedDay(click.ParamType[datetime]):
    """A calendar day of the office. The option's value is its midnight without a zone, as click's own DateTime gives it."""

    name = "day"

    def convert(self, value: date | str, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The day of that text. Fails, saying how to write one, where it is none."""
        from dondoc.calendar.typed_days import typed_day

        if isinstance(value, datetime):
            return value
        try:
            found = value if isinstance(value, date) else typed_day(value)
        except ValueError:
            found = None
        if found is None:
            self.fail(f"{value!r} is not a day; write it as 29/03/2024 or 2024-03-29", param, ctx)
        return datetime.combine(found, time())


class TypedMoment(TypedDay):
    """A day, or a minute of it: 2024-03-29T08:00."""

    name = "moment"

    def convert(self, value: date | str, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """That minute, or the midnight of that day, without a zone. Fails where it is neither."""
        if isinstance(value, str) and "T" in value:
            try:
                return datetime.fromisoformat(value).replace(tzinfo=None)
            except ValueError:
                pass
        return super().convert(value, param, ctx)


DAY = TypedDay()
MOMENT = TypedMoment()
