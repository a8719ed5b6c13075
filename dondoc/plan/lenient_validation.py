"""A faulty file mended just enough to be read on, so that the faults beyond its schema show in the same round.

What the schema refuses is noted as a fault and then replaced by a neutral value, which is never used: the
faults are raised together in the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from dondoc.foundation.schema_faults import Keys, follows, note_faults
from dondoc.foundation.yaml_positions import Located, Path

_Model = TypeVar("_Model", bound=BaseModel)
Neutral = Mapping[str, Callable[[str], Any]]


def readable(
    model: type[_Model],
    located: Located,
    neutral: Neutral,
    examples: Mapping[str, str] | None = None,
    keys: Keys | None = None,
) -> _Model | None:
    """`located` as `model`, its schema faults noted and mended by `neutral`; None where that does not help.

    `neutral` gives for a key's name a harmless value, made from a text that is unique to the place. A fault
    inside such a key's value replaces that value whole. `examples` and `keys` are for the messages: see `note_faults`.
    """
    value = located.value if located.value is not None else {}
    try:
        return model.model_validate(value)
    except ValidationError as error:
        note_faults(error, located, examples, keys)
        details = error.errors(include_url=False)
    mended = deepcopy(value)
    for detail in details:
        if follows(detail, details):
            continue
        _mend(mended, detail, neutral)
    try:
        return model.model_validate(mended)
    except ValidationError:
        return None


def _mend(value: Any, detail: ErrorDetails, neutral: Neutral) -> None:
    path: Path = detail["loc"]
    if detail["type"] != "extra_forbidden":
        path = _whole(path, neutral)
    parent = value
    for part in path[:-1]:
        parent = parent[part] if _holds(parent, part) else None
    if not path or not isinstance(parent, dict | list):
        return
    last = path[-1]
    if detail["type"] == "extra_forbidden" and isinstance(parent, dict):
        parent.pop(last, None)
    elif isinstance(last, str) and isinstance(parent, dict) and last in neutral:
        parent[last] = neutral[last](_place(path))
    elif isinstance(last, int) and isinstance(parent, list) and last < len(parent):
        row = neutral.get(f"{path[-2]}[]")
        parent[last] = row(_place(path)) if row else None


def _whole(path: Path, neutral: Neutral) -> Path:
    """`path` up to its last key with a neutral value of its own, or to a row of a list of rows."""
    for end in range(len(path), 0, -1):
        key = path[end - 1]
        if isinstance(key, str) and key in neutral and not (end < len(path) and f"{key}[]" in neutral):
            return path[:end]
        if isinstance(key, int) and f"{path[end - 2]}[]" in neutral:
            return path[:end]
    return path


def _holds(parent: Any, part: str | int) -> bool:
    if isinstance(parent, dict):
        return part in parent
    return isinstance(parent, list) and isinstance(part, int) and part < len(parent)


def _place(path: Path) -> str:
    return "-".join(str(part) for part in path if isinstance(part, int)) or "0"
