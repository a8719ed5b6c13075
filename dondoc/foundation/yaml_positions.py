"""YAML text as plain values that remember their lines, so that every fault can name file:line."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import yaml

from dondoc.foundation.errors import ConfigurationError, Fault
from dondoc.foundation.yaml_mistakes import explained

Path = tuple[str | int, ...]

# libyaml where the wheel brings it: ten times faster, same result.
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass
class Located:
    """A parsed YAML file: its value, and the 1-based line of every path in it."""

    file: str
    value: Any
    lines: dict[Path, int] = field(repr=False)
    faults: list[Fault] = field(default_factory=list)
    joined: dict[str, Located] = field(default_factory=dict, repr=False)

    def with_keys_of(self, other: Located) -> Located:
        """This file with the top-level keys of another beside its own; each fault names the file it stands in."""
        mine, theirs = self.value or {}, other.value or {}
        faults = [*self.faults, *other.faults]
        faults += [Fault(other.file, other.line((key,)), f"{key} stands in {self.file} too; keep one") for key in theirs if key in mine]  # fmt: skip
        return Located(
            self.file, {**mine, **theirs}, self.lines, faults, {**self.joined, **dict.fromkeys(theirs, other)}
        )

    def line(self, path: Path) -> int:
        """The line of `path`, or of the nearest thing around it that stands in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def fault(self, path: Path, message: str) -> None:
        """Note a fault at `path`; all of them are raised together by `check`."""
        where = self.joined.get(str(path[0]), self) if path else self
        self.faults.append(Fault(where.file, where.line(path), message))

    def check(self) -> None:
        """Raise ConfigurationError with every fault noted so far, if any."""
        if self.faults:
            raise ConfigurationError(self.faults)


def parse_yaml(text: str, file: str) -> Located:
    """Read one YAML document. Raises ConfigurationError for bad syntax; duplicate keys are noted as faults."""
    text = text.removeprefix("\ufeff")
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        marks = [mark.line + 1 for mark in (error.problem_mark, error.context_mark) if mark]
        line, said = explained(text, marks or [1], str(error.problem))
        raise ConfigurationError([Fault(file, line, said)]) from None
    except yaml.YAMLError as error:
        raise ConfigurationError([Fault(file, 1, f"not valid YAML: {str(error).splitlines()[0]}")]) from None
    located = Located(file, None, {})
    try:
        if node is not None:
            located.value = _build(loader, node, (), located)
    except RecursionError:
        raise ConfigurationError([Fault(file, 1, "it contains itself (an alias inside its own anchor)")]) from None
    return located


def _build(loader: yaml.SafeLoader, node: yaml.Node, path: Path, located: Located) -> Any:
    located.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _build_mapping(loader, node, path, located)
    if isinstance(node, yaml.SequenceNode):
        return [_build(loader, child, (*path, i), located) for i, child in enumerate(node.value)]
    try:
        return loader.construct_object(node)
    except ValueError as error:  # 2024-02-30 looks like a date and is none
        located.fault(path, f"{node.value!r} is not a possible value: {error}; correct it")
        return None
    except yaml.YAMLError:
        located.fault(path, f"the tag {node.tag!r} is not for configuration; write plain text, numbers and dates")
        return None


def _build_mapping(loader: yaml.SafeLoader, node: yaml.MappingNode, path: Path, located: Located) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key: Hashable = loader.construct_object(key_node)
        name = str(key)
        here = (*path, name)
        if name in result:
            located.faults.append(
                Fault(located.file, key_node.start_mark.line + 1, f"key {name!r} stands twice here; keep one")
            )
        located.lines[here] = key_node.start_mark.line + 1
        result[name] = _build(loader, value_node, here, located)
    return result
