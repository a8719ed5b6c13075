"""The units that a plan read from a document brings, put into office.yaml once their mailboxes are known."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from dondoc.foundation.errors import DondocError
from dondoc.foundation.yaml_positions import parse_yaml
from dondoc.office.office import read_office
from tasks.reading.plan_text import unit_block

_LISTED = re.compile(r"^new_units:.*?(?=^[A-Za-z]|\Z)", re.M | re.S)


def office_block(plan: Path) -> str:
    """The new units of a plan file as they stand in office.yaml."""
    return unit_block(_new(plan))


def move_units(plan: Path, config: Path) -> tuple[int, int]:
    """Append the units that have a mailbox to office.yaml and take them out of the plan file: (moved, left without one).

    office.yaml is written first and only if it stays valid; so a run that was cut short is run again.
    """
    rows = _new(plan)
    target = config / "office.yaml"
    text = target.read_text(encoding="utf-8")
    known = {unit["id"] for unit in parse_yaml(text, str(target)).value.get("units") or ()}
    ready = [row for row in rows if row.get("email")]
    added = [row for row in ready if row["id"] not in known]
    if added:
        changed = _appended(text, unit_block(added))
        read_office(parse_yaml(changed, str(target)))
        _replace(target, changed)
    if ready:
        left = [row for row in rows if not row.get("email")]
        source = plan.read_text(encoding="utf-8")
        block = (
            yaml.safe_dump({"new_units": left}, allow_unicode=True, sort_keys=False, width=110) + "\n" if left else ""
        )
        _replace(plan, _LISTED.sub(lambda _: block, source, count=1))
    return len(ready), len(rows) - len(ready)


def _new(plan: Path) -> list[dict[str, Any]]:
    value = parse_yaml(plan.read_text(encoding="utf-8"), str(plan)).value
    return list((value or {}).get("new_units") or ())


def _appended(office: str, block: str) -> str:
    """The block at the end of the list of units."""
    match = re.search(r"^units:[ \t]*(\[\])?[^\n]*\n", office, re.M)
    if match is None:
        raise DondocError("office.yaml has no list of units; add the line 'units:' to it")
    head = "units:\n" if match[1] else match[0]
    after = re.search(r"^[^\s#-]", office[match.end() :], re.M)
    end = match.end() + after.start() if after else len(office)
    body = office[match.end() : end]
    return (
        office[: match.start()]
        + head
        + body.rstrip("\n")
        + ("\n" if body.strip() else "")
        + block
        + "\n"
        + office[end:]
    )


def _replace(path: Path, text: str) -> None:
    unfinished = path.with_suffix(".part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)
