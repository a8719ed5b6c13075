"""Telling the operator: by mail straight over SMTP, and by a ping whose silence is an alarm elsewhere.

What was told is kept in a file of var, not in the database: it may be the database that is gone.
"""

from __future__ import annotations

import json
import logging
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from dondoc.office.rules import Rules
from dondoc.watch.told import LastingTrouble, ToTell, after_telling
from dondoc.watch.troubles import Trouble
from tasks.config.loading import words
from tasks.config.settings import Settings
from tasks.mail.letters import write_to
from tasks.smtp.sender import Accepted

ALERTS_FILE = "watchdog.json"
_PATIENCE = 10.0  # seconds
_log = logging.getLogger("watchdog")


@dataclass(frozen=True, slots=True)
class AlertContext:
    """What writing a letter needs: settings, rules, clock."""

    settings: Settings
    rules: Rules
    now: datetime


def read_standing(var: Path) -> dict[str, LastingTrouble]:
    """What stood at the last look; nothing where there was none or its file cannot be read: everything is told anew then."""
    try:
        kept = json.loads((var / ALERTS_FILE).read_text(encoding="utf-8"))
        return {
            key: LastingTrouble(_moment(one["since"]), one["told"] and _moment(one["told"]))
            for key, one in kept.items()
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def keep_standing(var: Path, standing: Mapping[str, LastingTrouble]) -> None:
    """Keep it for the next look. A disk that takes nothing is no reason not to tell."""
    kept = {
        key: {"since": one.since.isoformat(), "told": one.told.isoformat() if one.told else None}
        for key, one in standing.items()
    }
    draft = var / f"{ALERTS_FILE}.new"
    try:
        draft.write_text(json.dumps(kept), encoding="utf-8")
        draft.replace(var / ALERTS_FILE)
    except OSError as error:
        _log.warning("%s cannot be kept: %s", ALERTS_FILE, error)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def tell(context: AlertContext, told: ToTell) -> dict[str, LastingTrouble]:
    """Mail the operator what is to be told; what stands after that: unchanged where no server took the mail."""
    if not told.anything:
        return dict(told.standing)
    vocabulary = words(context.settings.config)["watchdog"]
    facts = {
        "new": [trouble_words(trouble, vocabulary) for trouble in told.new],
        "still": [trouble_words(trouble, vocabulary) for trouble in told.still],
        "over": [trouble_name(key, vocabulary) for key in told.over],
    }
    key = f"{context.now.isoformat()}|{'|'.join(sorted(told.standing))}"
    try:
        sent = write_to(context, "operator", "watchdog", key, facts)
    except Exception as error:  # whatever a broken configuration or resolver raises: the ping still speaks
        _log.warning("the operator could not be told: %s", error)
        return dict(told.standing)
    if sent is None or not isinstance(sent.result, Accepted):
        why = sent.result.reply if sent else "office.yaml gives the role operator no address; add one"
        _log.warning("the operator could not be told: %s", why)
        return dict(told.standing)
    return after_telling(told, context.now)


def trouble_words(trouble: Trouble, vocabulary: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong and what to do, in the operator's words."""
    known = vocabulary["troubles"][trouble.code]
    about = {**trouble.about, "name": vocabulary["children"].get(trouble.subject, trouble.subject)}
    return {"what": known["what"].format(**about), "cure": known["cure"].format(**about)}


def trouble_name(key: str, vocabulary: Mapping[str, Any]) -> str:
    """The name of a trouble that is over."""
    code, _, subject = key.partition(":")
    return str(vocabulary["troubles"][code]["over"].format(name=vocabulary["children"].get(subject, subject)))


def ping(address: str, lines: list[str], send: Callable[..., Any] = urllib.request.urlopen) -> None:
    """Tell the address that we live: a POST to it, or below it to /fail with what is wrong (as healthchecks.io reads it)."""
    if not address:
        return
    target = address.rstrip("/") + ("/fail" if lines else "")
    try:
        send(urllib.request.Request(target, "\n".join(lines).encode()), timeout=_PATIENCE).close()
    except (OSError, ValueError) as error:
        _log.warning("%s cannot be pinged: %s", target, error)
