"""An office's own configuration in a folder outside the clone: only what is its own; the rest stays with dondoc and is upgraded with it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dondoc.foundation.errors import DondocError
from dondoc.foundation.yaml_positions import parse_yaml
from dondoc.office.office import read_office
from tasks.config.loading import load_rules
from tasks.config.settings import HOME

OFFICE_ROLES = ("tracker", "deputy", "head", "operator", "auditor")
SHIPPED = HOME / "config"


@dataclass(frozen=True)
class NewOffice:
    """What an office says of itself. `mailboxes`: role → address; a role without one is skipped."""

    name: str
    country: str = "VN"
    language: str = "vi"
    place: str = ""
    symbol: str = "VP"
    parent: str = ""
    mailboxes: Mapping[str, str] = field(default_factory=dict)
    mail_host: str = ""
    mail_port: int = 587
    mail_tls: str = "starttls"
    mail_username: str = ""
    sender: str = ""
    figures: bool = False


def write_office(folder: Path, office: NewOffice, words: Mapping[str, Any]) -> list[str]:
    """Write the configuration into an empty or new folder: the files written. Raises DondocError where one stands already."""
    if folder.resolve().is_relative_to(HOME):
        raise DondocError(
            f"{folder} lies inside the clone, where an upgrade would touch it; give a folder outside {HOME}"
        )
    made = {
        "office.yaml": _office(office, words),
        "policy.yaml": (SHIPPED / "policy.yaml").read_text(encoding="utf-8"),
        "documents.yaml": _documents(office),
        "dondoc.toml": _settings(office, words),
    }
    if office.figures:
        for path in sorted((SHIPPED / "indexes").rglob("*.yaml")):
            made[str(path.relative_to(SHIPPED))] = path.read_text(encoding="utf-8")
    standing = [name for name in made if (folder / name).exists()]
    if standing:
        raise DondocError(f"{folder / standing[0]} stands already; nothing was written: give another folder")
    read_office(parse_yaml(made["office.yaml"], "office.yaml"))
    for name, text in made.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "plans").mkdir(exist_ok=True)
    load_rules(folder)
    return sorted(made)


def _office(office: NewOffice, words: Mapping[str, Any]) -> str:
    lines = [
        "# Who the plan speaks of, and the mailbox of each: units are put in by `dondoc plan units`, or by hand as",
        "# config/office.yaml of the clone shows. A mailbox belongs to a unit or a role, never to a person.",
        f"office: {_quoted(office.name)}",
        f"country: {_quoted(office.country)}",
        f"language: {office.language}",
        "",
        "units: []",
        "groups: []",
        "",
        "roles:",
    ]
    for role in OFFICE_ROLES:
        address = office.mailboxes.get(role) or None
        lines.append(
            f"  - {{id: {role}, title: {_quoted(str(words['roles'][role]))}, email: {_quoted(address) if address else 'null'}}}"
        )
    return "\n".join(lines) + "\n"


def _documents(office: NewOffice) -> str:
    text = (SHIPPED / "documents.yaml").read_text(encoding="utf-8")
    parent = f"[{_quoted(office.parent.upper())}]" if office.parent else "[]"
    for pattern, value in (
        (r"(?m)^(place:).*$", rf"\g<1> {_literal(office.place or office.name)}"),
        (r"(?m)^(  office:\n    parent:).*$", rf"\g<1> {_escaped(parent)}"),
        (r"(?m)^(  office:\n.*\n    body:).*$", rf"\g<1> [{_literal(office.name.upper())}]"),
        (r"(?m)^(  office:\n.*\n.*\n    symbol:).*$", rf"\g<1> {_literal(office.symbol)}"),
        (r"(?m)^(  office:\n.*\n.*\n.*\n    full:).*$", rf"\g<1> {_literal(office.name)}"),
    ):
        text = re.sub(pattern, value, text, count=1)
    return text


def _settings(office: NewOffice, words: Mapping[str, Any]) -> str:
    text = (SHIPPED / "dondoc.toml").read_text(encoding="utf-8")
    head, mail = text.split("[mail]", 1)
    own, rest = mail.split("[mail.rescue]", 1)
    sender = office.sender or next((address for address in office.mailboxes.values() if address), "")
    values: dict[str, Any] = {
        "host": office.mail_host, "port": office.mail_port, "tls": office.mail_tls, "username": office.mail_username,
        "sender_name": str(words["sender_name"]).format(office=office.name),
    }  # fmt: skip
    if sender:
        values["sender"] = sender
    for key, value in values.items():
        own = re.sub(
            rf"(?m)^({key} = )(?:\"[^\"]*\"|\d+)",
            rf"\g<1>{_escaped(json.dumps(value, ensure_ascii=False))}",
            own,
            count=1,
        )
    return f"{head}[mail]{own}[mail.rescue]{rest}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _literal(text: str) -> str:
    return _escaped(_quoted(text))


def _escaped(text: str) -> str:
    """As the replacement of a pattern."""
    return text.replace("\\", r"\\")
