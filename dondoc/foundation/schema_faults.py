"""Pydantic at the edge: a parsed file becomes a model, or every fault is raised with its file:line, in plain words."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from dondoc.foundation.yaml_positions import Located, Path

_Model = TypeVar("_Model", bound=BaseModel)
Keys = Callable[[Path, str], str | None]


def validated(model: type[_Model], located: Located) -> _Model:
    """`located` as `model`. Raises ConfigurationError with every fault, syntax and schema together."""
    try:
        result = model.model_validate(located.value if located.value is not None else {})
    except ValidationError as error:
        note_faults(error, located)
        located.check()
        raise AssertionError("a validation error without details") from error
    located.check()
    return result


def note_faults(
    error: ValidationError, located: Located, examples: Mapping[str, str] | None = None, keys: Keys | None = None
) -> None:
    """Note every fault of `error` where it stands, once.

    `examples` say what a key is written like; `keys` what to write instead of an unknown key at a path, None if nothing.
    """
    details = error.errors(include_url=False)
    said: set[tuple[int, str]] = set()
    for detail in details:
        if follows(detail, details):
            continue
        message = _message(detail, examples or {}, keys)
        if (located.line(detail["loc"]), message) not in said:
            said.add((located.line(detail["loc"]), message))
            located.fault(detail["loc"], message)


def follows(detail: ErrorDetails, details: list[ErrorDetails]) -> bool:
    """Whether a fault only follows from others: a list whose rows are all refused counts as too short to pydantic."""
    loc = detail["loc"]
    inner = any(len(other["loc"]) > len(loc) and other["loc"][: len(loc)] == loc for other in details)
    return detail["type"] == "too_short" and inner


def _message(detail: ErrorDetails, examples: Mapping[str, str], keys: Keys | None) -> str:
    where = _where(detail["loc"])
    example = examples.get(where.rpartition(".")[2])
    like = f", e.g. {where}: {example}" if example else ""
    match detail["type"]:
        case "missing":
            return f"{where} is missing; add it{like}"
        case "extra_forbidden":
            near = keys(detail["loc"][:-1], where) if keys else None
            return f"{where!r} is not known here; " + (f"write {near}" if near else "remove it or correct its spelling")
        case "value_error":
            return f"{where}: {detail['msg'].removeprefix('Value error, ')}"
        case _:
            return f"{where}: {_plainly(detail)}{like}"


def _where(loc: Path) -> str:
    """The key that a fault is about; the line says which one of several it is."""
    if loc and isinstance(loc[-1], int):
        return f"{_where(loc[:-1])}, number {loc[-1] + 1}"
    rows = [n for n, part in enumerate(loc) if isinstance(part, int)]
    names = [str(part) for part in loc[rows[-1] + 1 if rows else 0 :] if "[" not in str(part)]
    return (names[-1] if "timing" in names else ".".join(names)) or "the file"


def _plainly(detail: ErrorDetails) -> str:
    found, limits = detail["input"], detail.get("ctx", {})
    if found is None:
        return "nothing is written here; write its value or remove the line"
    shown = _short(found)
    match detail["type"]:
        case "literal_error" | "enum":
            known = str(limits.get("expected", "")).replace("'", "").replace(" or ", ", ")
            return f"{shown} is none of {known}; write one of them"
        case "string_type" if isinstance(found, bool | int | float):
            return f'{shown} is read as a number or a yes/no; put it in quotes: "{str(found).lower()}"'
        case "string_type" if isinstance(found, date):
            return f'{shown} is read as a date; put it in quotes: "{found.isoformat()}"'
        case "string_type":
            return f"{shown} is a list or a block; write one text"
        case "string_too_long":
            return f"it has {len(str(found))} characters; write at most {limits.get('max_length')}"
        case "string_too_short":
            return "the text is empty; write it"
        case "too_short":
            return "the list is empty; write at least one"
        case "tuple_type" | "list_type":
            return f"{shown} is no list; write it in brackets: [{shown}]"
        case "dict_type" | "model_type" | "model_attributes_type" | "dataclass_type":
            return f"{shown} stands where keys with values are wanted; begin each with its name and a colon"
        case "bool_type" | "bool_parsing" | "is_instance_of":
            return f"{shown} is neither true nor false; write one of them"
        case "int_type" | "int_parsing" | "int_from_float" | "float_type" | "float_parsing":
            return f"{shown} is not a number; write digits"
        case "greater_than_equal" | "greater_than":
            return f"{shown} is too small; write at least {limits.get('ge', limits.get('gt'))}"
        case "less_than_equal" | "less_than":
            return f"{shown} is too large; write at most {limits.get('le', limits.get('lt'))}"
        case kind if kind.startswith("date"):
            return f"{shown} is not a date; write year-month-day without quotes"
        case "string_pattern_mismatch":
            return f"{shown} has letters that cannot stand here; write small letters without marks, digits and '-'"
    return f"{shown} cannot stand here; correct it"


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, str | int) else repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
