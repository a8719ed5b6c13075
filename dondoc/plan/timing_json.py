"""A timing as the plan's JSON keeps it, under the digest that stands in the ledger."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

_FLAT = ("number", "day", "inclusive", "opens", "every", "event", "within", "reference", "continuous")


def timing_json(timing: BaseModel) -> dict[str, Any]:
    """The timing as the plan's JSON keeps it: what the first plans could say in their flat form, so that their digests
    hold, else as the file says it.
    """
    row = timing.model_dump(by_alias=True, exclude_defaults=True, mode="json")
    flat: dict[str, Any] = dict.fromkeys(_FLAT) | {
        "kind": getattr(timing, "kind", ""),
        "inclusive": True,
        "continuous": False,
    }
    match row:
        case {"month": int(number), **rest} | {"quarter": int(number), **rest} if not rest:
            return flat | {"number": number}
        case {"by": str(day), **rest} | {"before": str(day), **rest} if len(day) == 5 and not rest.keys() - {"opens"}:
            opens = rest.get("opens")
            if opens is None or (len(opens) == 5 and opens[2] == "-"):
                return flat | {"day": _pair(day), "inclusive": "by" in row, "opens": _pair(opens) if opens else None}
        case {"every": every, **rest} if not rest and every not in ("week", "two-weeks"):
            return flat | {"every": None if every == "policy" else every}
        case {"continuous": True, **rest} if not rest:
            return flat | {"continuous": True}
        case {"after": event, **rest} if not rest.keys() - {"within"}:
            return flat | {"event": event, "within": rest.get("within")}
        case {"reference": reference, **rest} if not rest.keys() - {"continuous"}:
            return flat | {"reference": reference, "continuous": rest.get("continuous", False)}
    return row


def from_flat(value: dict[str, Any]) -> dict[str, Any]:
    """The row of the plan file that a flat form stands for."""
    match value["kind"]:
        case "month" | "quarter" as form:
            row = {form: value["number"]}
        case "by-date":
            row = {"by" if value["inclusive"] else "before": _day(value["day"]), "opens": _day(value["opens"])}
        case "recurring":
            row = {"every": value["every"] or "policy"}
        case "after-event":
            row = {"after": value["event"], "within": value["within"]}
        case "by-reference":
            row = {"reference": value["reference"], "continuous": value["continuous"]}
        case _:
            row = {"continuous": True}
    return {key: found for key, found in row.items() if found is not None}


def _pair(day: str) -> list[int]:
    return [int(part) for part in day.split("-")]


def _day(pair: Any) -> str | None:
    return f"{pair[0]:02}-{pair[1]:02}" if pair else None
