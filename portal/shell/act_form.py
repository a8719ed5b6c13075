"""The fields of a posted form as an act: days read, texts as they were typed. What is wrong with it the domain says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from dondoc.calendar.typed_days import typed_day
from dondoc.foundation.refusals import Refusal
from dondoc.obligations.act_table import ACT_FIELDS, ACTS, ActName
from dondoc.obligations.acts import Act, faults
from dondoc.obligations.decision_input import Facts

SentFile = tuple[str, str, int, str]


def read_act(
    name: ActName, typed: Mapping[str, str], facts: Facts, today: date, files: tuple[SentFile, ...] = ()
) -> tuple[Act, tuple[Refusal, ...]]:
    """The act that a form's fields say, with these files, and all that is wrong with it; fields not the act's are not read."""
    given: dict[str, Any] = {}
    unreadable: list[Refusal] = []
    for field in ACTS[name].fields:
        text = typed.get(field, "").strip()
        if ACT_FIELDS[field].form == "day":
            try:
                given[field] = typed_day(text)
            except ValueError:
                unreadable.append(Refusal("unreadable_day", {"typed": text}, field))
        elif ACT_FIELDS[field].form != "files" and text:
            given[field] = text
    if typed.get("confirmed") and given.get("signed"):
        given["confirmed"] = given["signed"] if typed["confirmed"] == given["signed"].isoformat() else None
    act = replace(Act(name, channel="portal", files=files), **given)
    return act, (*unreadable, *faults(facts, act, today))
