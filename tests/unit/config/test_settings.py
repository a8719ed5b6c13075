"""No key of dondoc.toml is read and ignored: each is changed in turn, and something that is used changes with it."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from datetime import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from operations.stack.settings import Stack
from tasks.config.sections import ConfigurationFile
from tasks.config.settings import HOME, Settings, SettingsError, read_settings
from tasks.smtp.client import client_of

# A value of each kind of key that is not the file's own; what has rules of its own is named below.
OTHER: dict[type, Any] = {str: "khac", int: 77, bool: False, tuple: ["khac@example.org"]}
OWN = {
    "portal.trusted_proxies": ["10.0.0.1"],
    "mail.host": "mail.example.org",
    "mail.rescue.host": "rescue.example.org",
    "mail.tls": "tls",
    "mail.rescue.tls": "tls",
    "reply.imap_tls": "starttls",
    "reply.imap_host": "imap.example.org",
    "mail.sender": "khac@example.org",
    "reply.address": "khac@example.org",
    "witness.folders": ["khac"],
    "watch.ping_url": "https://ping.example.org/x",
    "watch.sweep_by": time(10, 30),
}
# What gives a key a meaning: the rescue's port says nothing where there is no rescue.
BESIDE = {
    "mail": {"host": "a.example.org"},
    "mail.rescue": {"host": "b.example.org"},
    "reply": {"imap_host": "c.example.org"},
}
PEM = Path(__file__).with_name("root.pem")


def keys(model: type[BaseModel] = ConfigurationFile, above: str = "") -> Iterator[str]:
    """Every key, as `section.key`."""
    for name, field in model.model_fields.items():
        found = field.annotation
        if isinstance(found, type) and issubclass(found, BaseModel):
            yield from keys(found, f"{above}{name}.")
        else:
            yield above + name


def written(folder: Path, **values: Any) -> Path:
    """A dondoc.toml with those values, `section.key` → value."""
    sections: dict[str, list[str]] = {}
    for name, value in values.items():
        section, _, key = name.rpartition(".")
        plain = isinstance(value, bool | time)
        shown = str(value).lower() if plain else repr(value).replace("'", '"')
        sections.setdefault(section, []).append(f"{key} = {shown}")
    text = "\n".join(f"[{section}]\n" + "\n".join(lines) for section, lines in sections.items())
    (folder / "dondoc.toml").write_text(text, encoding="utf-8")
    tomllib.loads(text)
    return folder


def environment(folder: Path) -> dict[str, str]:
    """What the command line and the background processes set beside the file: the local mailbox's port among it."""
    stack = Stack(folder / "var")
    return {
        "DONDOC_CONFIG": str(folder),
        "DONDOC_VAR": str(stack.root),
        "DONDOC_MAIL_PORT": str(stack.mail_port),
        "DONDOC_STORE_URL": "postgresql://x",
        **stack.link_environment({}),
    }


def other(key: str) -> Any:
    if key.endswith("ca") and not key.startswith("witness"):
        return str(PEM)
    section: Any = ConfigurationFile()
    for part in key.split("."):
        section = getattr(section, part)
    if isinstance(section, bool):
        return not section
    return OWN[key] if key in OWN else OTHER[type(section)]


def used(folder: Path) -> dict[str, Any]:
    settings = read_settings(environment(folder))
    found: dict[str, Any] = {field.name: getattr(settings, field.name) for field in fields(Settings)}
    client = client_of(settings.smtp)
    found["client"] = (client.hostname, client.port, client.use_tls, client.tls_context is None)
    return found


@pytest.mark.parametrize("key", sorted(keys()))
def test_changing_a_key_changes_what_is_used(key: str, tmp_path: Path) -> None:
    beside = {f"{section}.{name}": value for section, found in BESIDE.items() for name, value in found.items()}
    beside.pop(key, None)
    before = used(written(tmp_path, **beside))
    after = used(written(tmp_path, **{**beside, key: other(key)}))
    assert before != after


def test_every_setting_is_asked_for_by_somebody() -> None:
    asked = {
        node.attr
        for package in ("tasks", "portal", "operations", "deployments", "cli", "flows")
        for path in (HOME / package).rglob("*.py")
        if path.parent.name != "config"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }
    own = {"link_secret", "reply_base"}  # asked for by the settings themselves: reply_to
    assert {field.name for field in fields(Settings)} - asked <= own


def test_the_files_own_port_is_the_servers_and_the_mailbox_keeps_its_own(tmp_path: Path) -> None:
    settings = read_settings(environment(written(tmp_path, **{"mail.host": "mail.example.org", "mail.port": 465})))
    assert (settings.smtp.host, settings.smtp.port) == ("mail.example.org", 465)
    assert (settings.mailbox.host, settings.mailbox.port) == ("127.0.0.1", 2525)


def test_the_environment_names_the_two_ports_apart(tmp_path: Path) -> None:
    given = {"DONDOC_MAIL_HOST": "m.example.org", "DONDOC_MAIL_HOST_PORT": "26", "DONDOC_MAIL_PORT": "9999"}
    settings = read_settings({**environment(written(tmp_path)), **given})
    assert (settings.smtp.host, settings.smtp.port, settings.mailbox.port) == ("m.example.org", 26, 9999)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_a_server_on_this_machine_keeps_its_tls_and_its_limit_and_makes_no_trial(host: str, tmp_path: Path) -> None:
    smtp = (settings := read_settings(environment(written(tmp_path, **{"mail.host": host})))).smtp
    assert (smtp.host, smtp.port, smtp.tls, smtp.limit_per_minute) == (host, 587, "starttls", 120)
    assert not settings.trial.on
    assert not settings.mail_stays


def test_a_replay_keeps_all_mail_whatever_server_is_configured(tmp_path: Path) -> None:
    given = environment(written(tmp_path, **{"mail.host": "m.example.org", "mail.rescue.host": "r.example.org"}))
    settings = read_settings({**given, "DONDOC_MAIL_KEPT": "1"})
    assert settings.mail_stays
    assert settings.rescue is None


def test_the_demonstrations_own_settings_say_that_it_is_a_trial() -> None:
    settings = read_settings({})
    assert settings.trial.on
    assert settings.mail_stays


def test_roots_that_cannot_be_read_are_refused_with_their_key(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("", encoding="utf-8")
    for name, why in (("none.pem", "cannot be read"), ("empty.pem", "is no PEM certificate")):
        folder = written(tmp_path, **{"mail.host": "m.example.org", "mail.ca": name})
        with pytest.raises(SettingsError, match=rf"\[mail\] ca in dondoc.toml: .*{name} {why}"):
            read_settings(environment(folder))
