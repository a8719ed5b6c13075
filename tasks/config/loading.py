"""Reading the configuration folder: office, policy, calendar, words, templates, plans. Kept until a file changes."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from dondoc.calendar.working_days import Calendar, SpecialDay, read_overrides, working_calendar
from dondoc.foundation.errors import ConfigurationError, Fault
from dondoc.foundation.yaml_positions import Located, parse_yaml
from dondoc.mail.notices import environment
from dondoc.obligations.act_table import ACTS
from dondoc.office.office import DEFAULT_LANGUAGE, Office, read_office
from dondoc.office.policy import Policy, read_policy
from dondoc.office.rules import Rules
from dondoc.plan.plan import Plan
from dondoc.plan.plan_file import read_plan
from tasks.config.kept import kept, template_loader
from tasks.config.settings import HOME

# Of words/<language>: what is read as one table of words. tables.yaml stands in it under its own name.
_WORDS = ("words.yaml", "runs.yaml", "audit.yaml", "watch.yaml", "acts.yaml", "forms.yaml")


def read_yaml(path: Path, root: Path | None = None) -> Located:
    """A YAML file, located. Raises ConfigurationError when it is missing, not UTF-8, or not YAML."""
    name = str(path.relative_to(root) if root and path.is_relative_to(root) else path)
    try:
        return parse_yaml(path.read_text(encoding="utf-8"), name)
    except OSError as error:
        raise ConfigurationError(
            [Fault(name, 1, f"cannot be read: {error.strerror}; create it or correct the path")]
        ) from None
    except UnicodeDecodeError:
        document = path.suffix.lower() in (".docx", ".pdf", ".xlsx", ".doc", ".xls", ".odt")
        said = (
            f"is a document, not a plan file; read it into one with: dondoc plan read {path.name}"
            if document
            else "is not UTF-8 text; save it again as UTF-8"
        )
        raise ConfigurationError([Fault(name, 1, said)]) from None


def shipped(config: Path, name: str) -> Path:
    """That file or folder of the office's configuration; where the office keeps none of its own, the one that comes with dondoc."""
    return config / name if (config / name).exists() else HOME / "config" / name


def load_rules(config: Path) -> Rules:
    """Office, policy and calendar, read again only when a file changed. Raises ConfigurationError with every fault."""
    files = [config / "office.yaml", config / "policy.yaml", *sorted(shipped(config, "calendars").glob("*.yaml"))]
    return kept(("rules", config), files, lambda: _read_rules(config))


def _read_rules(config: Path) -> Rules:
    faults: list[Fault] = []
    office = _collect(faults, lambda: read_office(read_yaml(config / "office.yaml", config.parent)))
    policy = _collect(faults, lambda: read_policy(read_yaml(config / "policy.yaml", config.parent), _roles(office)))
    days = _collect(faults, lambda: read_calendar(config, office.country if office else None))
    if faults or office is None or policy is None or days is None:
        raise ConfigurationError(faults)
    return Rules(office, policy, days)


def _roles(office: Office | None) -> set[str] | None:
    return {role.id for role in office.roles} if office else None


def _collect(faults: list[Fault], reader: Any) -> Any:
    try:
        return reader()
    except ConfigurationError as error:
        faults.extend(error.faults)
        return None


def read_calendar(config: Path, country: str | None, folder: Path | None = None) -> Calendar:
    """The working calendar of that country with every override under config/calendars (or `folder`).

    No country: one that only finds the faults of those files. Raises ConfigurationError.
    """
    rules: list[SpecialDay] = []
    estimated: set[int] = set()
    faults: list[Fault] = []
    for path in sorted((folder or shipped(config, "calendars")).glob("*.yaml")):
        found = _collect(faults, lambda path=path: read_overrides(read_yaml(path, config.parent)))
        if found:
            rules.extend(found[0])
            estimated.update(found[1])
    if faults:
        raise ConfigurationError(faults)
    return working_calendar(rules, estimated, country or "VN")


def read_plan_file(path: Path, office: Office, root: Path | None = None) -> Plan:
    """The plan of a file. Raises ConfigurationError with every fault."""
    return read_plan(read_yaml(path, root), office)


def language_folder(config: Path) -> Path:
    """Where everything that people read lies: the folder of office.yaml's `language` below config/words.

    Raises ConfigurationError when there is no such folder.
    """
    path = config / "office.yaml"
    return kept(("language", config), [path, config / "words"], lambda: _read_language(config, path))


def _read_language(config: Path, path: Path) -> Path:
    located = read_yaml(path, config.parent)
    folder = shipped(config, f"words/{(located.value or {}).get('language') or DEFAULT_LANGUAGE}")
    if not folder.is_dir():
        located.fault(("language",), f"there is no folder words/{folder.name}; correct the language or add the folder")
    located.check()
    return folder


def read_words(config: Path, name: str) -> Located:
    """That file of the office's language, located. Raises ConfigurationError."""
    return read_yaml(language_folder(config) / name, config.parent)


def words(config: Path) -> dict[str, Any]:
    """The files of `_WORDS`, tables.yaml and the names of mails' kinds, in the office's language: what users read for every
    status, act, verdict, run and finding. Read again when one of them changed. Raises ConfigurationError."""
    folder = language_folder(config)
    files = kept(("files of words", folder), [folder / "mail"], lambda: _files_of_words(folder))
    return kept(("words", folder), files, lambda: _read_all_words(config, folder))


def _files_of_words(folder: Path) -> list[Path]:
    """All that `words` reads; a kind of mail may have no words of its own yet."""
    kinds = [kind / "words.yaml" for kind in sorted((folder / "mail").iterdir()) if kind.is_dir()]
    return [*(folder / name for name in (*_WORDS, "tables.yaml")), *kinds]


def _read_all_words(config: Path, folder: Path) -> dict[str, Any]:
    found = {key: text for name in _WORDS for key, text in read_words(config, name).value.items()}
    found |= {"tables": read_words(config, "tables.yaml").value, "kinds": _kinds(config, folder)}
    return {**found, **_named_rows(found)}


def _kinds(config: Path, folder: Path) -> dict[str, Any]:
    """What each kind of mail is called: words.yaml beside its templates."""
    found = sorted((folder / "mail").glob("*/words.yaml"))
    return {path.parent.name: read_words(config, str(path.relative_to(folder))).value for path in found}


def _named_rows(found: dict[str, Any]) -> dict[str, Any]:
    """The names of acts among the ledger's entries, those of kinds of mail among the names of runs."""
    return {
        "entries": {**found["entries"], **{ACTS[name].entry: said["entry"] for name, said in found["acts"].items()}},
        "run_names": {**found["run_names"], **{kind: said["run"] for kind, said in found["kinds"].items()}},
    }


def mail_templates(config: Path) -> jinja2.Environment:
    """The mail templates of the office's language, compiled on first use and again when its file changed."""
    return _mail_templates(language_folder(config) / "mail")


@cache
def _mail_templates(folder: Path) -> jinja2.Environment:
    return environment(template_loader(folder))


def clock(policy: Policy, as_of: datetime | None = None) -> datetime:
    """Now, or `as_of`, in the office's zone: taken once a run and passed on."""
    moment = as_of if as_of is not None else datetime.now(policy.zone)
    return moment.replace(tzinfo=policy.zone) if moment.tzinfo is None else moment.astimezone(policy.zone)


def today(policy: Policy) -> date:
    """The office's calendar day."""
    return clock(policy).date()
