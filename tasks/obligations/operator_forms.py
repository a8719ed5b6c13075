"""The typed forms that Prefect's UI shows an operator: what may be recorded. Labels and help stand in forms.yaml.

The JSON schema is what the UI renders: an optional field is written plainly (Prefect takes null for what is not
required), for `anyOf` makes the UI ask for a type first; `position` keeps the order, which the server's JSON loses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from dondoc.calendar.typed_days import Day
from dondoc.obligations.act_table import ACTS, ActName
from tasks.config.loading import words
from tasks.config.settings import settings


def act_labels() -> dict[str, ActName]:
    """The acts by what the form's list calls them, in the table's order."""
    said = words(settings().config)["acts"]
    return {said[name]["label"]: name for name in ACTS}


def asked(position: int, **more: Any) -> Any:
    """A field that must be filled in."""
    return Field(json_schema_extra={"position": position}, **more)


def chosen(position: int) -> Any:
    """A field that names one of the acts, as a list to choose from."""

    def listed(schema: dict[str, Any]) -> None:
        schema.update(enum=list(act_labels()), position=position)

    return Field(json_schema_extra=listed)


def optional(position: int, **more: Any) -> Any:
    """A field that may stay empty (null)."""

    def plain(schema: dict[str, Any]) -> None:
        given = schema.pop("anyOf")[0]
        schema.pop("default", None)
        schema.update(given, position=position)

    return Field(default=None, json_schema_extra=plain, **more)


class OperatorForm(BaseModel):
    """What every form shares: nothing unknown, no stray spaces, and its answers by label."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    def answers(self, forms: Mapping[str, Any]) -> list[tuple[str, Any]]:
        """(label, value) of every field that was filled in, in the form's order. `forms` are those of forms.yaml."""
        labels = forms[type(self).__name__]["fields"]
        said = [(str(labels[name]["title"]), getattr(self, name)) for name in type(self).model_fields]
        return [(title, value) for title, value in said if value not in (None, "", False)]


class RecordForm(OperatorForm):
    """What a unit or the tracker did, recorded for them by the operator."""

    occurrence: str = asked(0, min_length=1, max_length=300)
    act: str = chosen(1)
    recorded_by: str = asked(2, min_length=2, max_length=120)
    on_behalf_of: str | None = optional(3, max_length=200)
    document: str | None = optional(4, max_length=4000)
    signed: Day | None = optional(5)
    confirm_signed: bool = Field(default=False, json_schema_extra={"position": 6})
    signer: str | None = optional(7, max_length=4000)
    note: str | None = optional(8, max_length=4000)
    reason: str | None = optional(9, max_length=4000)
    until: Day | None = optional(10)

    @field_validator("act")
    @classmethod
    def _known(cls, label: str) -> str:
        if label not in act_labels():
            raise ValueError(f"{label!r} is no act; choose one of the list")
        return label

    @property
    def about(self) -> str:
        """What the form is about, beginning with the plan's id."""
        return self.occurrence

    @property
    def name(self) -> ActName:
        """The act as the domain calls it."""
        return act_labels()[self.act]


class EventForm(OperatorForm):
    """An outside event that a plan waits for."""

    plan: str = asked(0, min_length=1, max_length=100)
    event: str = asked(1, min_length=1, max_length=100)
    happened_on: Day = asked(2)
    document: str = asked(3, min_length=1, max_length=400)
    recorded_by: str = asked(4, min_length=2, max_length=120)

    @property
    def about(self) -> str:
        """What the form is about: the plan's id."""
        return self.plan
