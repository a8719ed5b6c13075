"""Pydantic at the edge: a parsed file becomes a model, or every fault is raised with its file:line."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from dondoc.foundation.yaml_positions import Located

Model = TypeVar("Model", bound=BaseModel)


def validated(model: type[Model], located: Located) -> Model:
    """`located` as `model`. Raises ConfigurationError with every fault, syntax and schema together."""
    try:
        result = model.model_validate(located.value if located.value is not None else {})
    except ValidationError as error:
        note(error, located)
        located.check()
        raise AssertionError("a validation error without details") from error
    located.check()
    return result


def note(error: ValidationError, located: Located) -> None:
    """Note every fault of `error` where it stands."""
    details = error.errors(include_url=False)
    for detail in details:
        if not _follows(detail, details):
            located.fault(detail["loc"], _message(detail))


def _follows(detail: ErrorDetails, details: list[ErrorDetails]) -> bool:
    """A list whose rows are all refused counts as too short to pydantic: that is no fault of its own."""
    loc = detail["loc"]
    inner = any(len(other["loc"]) > len(loc) and other["loc"][: len(loc)] == loc for other in details)
    return detail["type"] == "too_short" and inner


def _message(detail: ErrorDetails) -> str:
    where = ".".join(str(part) for part in detail["loc"]) or "the file"
    match detail["type"]:
        case "missing":
            return f"{where} is missing; add it"
        case "extra_forbidden":
            return f"{where} is not known here; remove it or correct its spelling"
        case "value_error":
            return f"{where}: {detail['msg'].removeprefix('Value error, ')}"
        case _:
            return f"{where}: {detail['msg']} (found {_short(detail['input'])})"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
