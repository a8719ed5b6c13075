"""The rows of a plan file that was read from a document, as YAML to be looked through by people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml


class _Dumper(yaml.SafeDumper):
    """Block style; a timing, a list of units and a place stand on one line."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - yaml's signature
        super().increase_indent(flow, False)


class _Flow(dict[str, Any]):
    """A mapping on one line."""


class _Row(list[Any]):
    """A list on one line."""


_Dumper.add_representer(
    _Flow, lambda dumper, value: dumper.represent_mapping("tag:yaml.org,2002:map", value.items(), flow_style=True)
)
_Dumper.add_representer(
    _Row, lambda dumper, value: dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)
)


def plan_text(value: Mapping[str, Any], heading: str) -> str:
    """The plan file's text under a heading of comments."""
    blocks = []
    for key, found in value.items():
        if key in ("items", "events", "new_units", "irregularities"):
            blocks.append(f"\n{key}:\n" + "\n".join(_block(row) for row in found))
        else:
            blocks.append(_dumped({key: found}))
    return (
        "".join(f"# {line}".rstrip() + "\n" for line in heading.splitlines())
        + "\n"
        + "\n".join(block.rstrip("\n") for block in blocks)
        + "\n"
    )


def unit_block(rows: Iterable[Mapping[str, Any]]) -> str:
    """New units as office.yaml lists them."""
    blank = {"short": "", "head_email": None, "head_title": ""}
    return "\n".join(
        _block(
            {
                "id": row["id"],
                "name": row["name"],
                "short": "",
                "variants": list(row.get("variants") or ()),
                "email": row.get("email"),
                **{k: v for k, v in blank.items() if k != "short"},
            }
        )
        for row in rows
    )


def _block(row: Mapping[str, Any]) -> str:
    lines = _dumped([_shaped(row)]).rstrip("\n").splitlines()
    return "\n".join(f"  {line}" if line else line for line in lines) + "\n"


def _shaped(row: Mapping[str, Any]) -> dict[str, Any]:
    shaped: dict[str, Any] = {}
    for key, value in row.items():
        if key in ("timing", "source"):
            shaped[key] = _Flow(
                {
                    k: _Flow(v) if isinstance(v, dict) else _Row(v) if isinstance(v, list) else v
                    for k, v in value.items()
                }
            )
        elif (key in ("lead", "coordinating", "variants", "needs") and value is not None) or value in ([], ()):
            shaped[key] = _Row(value)
        elif key == "obligations":
            shaped[key] = [_shaped(duty) for duty in value]
        else:
            shaped[key] = list(value) if isinstance(value, tuple) else value
    return shaped


def _dumped(value: Any) -> str:
    return str(yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110))
