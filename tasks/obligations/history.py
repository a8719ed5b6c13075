"""The entries about one occurrence as people read them: one reading for the office's page and for the units'."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

from dondoc.obligations.actors import parts
from dondoc.office.wording import Wording, short_day
from tasks.store.answers import OccurrenceEntry


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One ledger entry as people read it. `lines` are (label key, text); `run` is Prefect's flow-run id."""

    seq: int
    at: datetime
    who: str
    kind: str
    about: str
    lines: tuple[tuple[str, str], ...]
    files: tuple[dict[str, Any], ...]
    run: str | None


_TEXTS = (
    "document",
    "signed",
    "early",
    "signer",
    "until",
    "reason",
    "note",
    "due",
    "opens",
    "address",
    "reply",
    "message_id",
)
_DAYS = ("signed", "early", "until", "due", "opens")


def history_entry(entry: OccurrenceEntry, wording: Wording, zone: tzinfo) -> HistoryEntry:
    """That entry in the office's words, at its time in `zone`."""
    body, lines = entry.body, list[tuple[str, str]]()
    for key in _TEXTS:
        value = body.get(key)
        if isinstance(value, str) and value and not (key == "reason" and not entry.kind.startswith("occurrence.")):
            lines.append((key, _day(value) if key in _DAYS else value))
    if body.get("own_unit"):
        lines.append(("own_unit", wording.value("own_review")))
    told = body.get("recipients") or ([body["recipient"]] if body.get("recipient") else [])
    if told:
        lines.insert(0, ("recipients", "; ".join(wording.party(party) for party in told)))
    if entry.kind in ("notice.withheld", "occurrence.superseded", "escalation.skipped"):
        words = {**wording.words["withheld"], **wording.words["superseded"]}
        lines = [(key, text) for key, text in lines if key != "reason"]
        lines.append(("reason", str(words.get(body.get("reason", ""), body.get("reason", "")))))
    return HistoryEntry(
        entry.seq,
        entry.at.astimezone(zone),
        who(entry.actor, wording),
        entry.kind,
        _about(body, wording),
        tuple(lines),
        tuple(found for found in body.get("files", ()) if isinstance(found, dict)),
        entry.run,
    )


def who(actor: str, wording: Wording) -> str:
    """An actor in words, and for whom where somebody acts for another."""
    acts, party = parts(actor)
    name = (
        acts.removeprefix("operator:") if acts.startswith("operator:") else wording.party(acts) if ":" in acts else acts
    )
    return wording.value("acting_for", actor=name, party=wording.party(party)) if party else name


def _about(body: dict[str, Any], wording: Wording) -> str:
    kind = body.get("kind")
    if kind in wording.words["kinds"]:
        return str(wording.words["kinds"][kind]["heading"])
    if kind in wording.words["at_once"]:
        return str(wording.words["at_once"][kind])
    keys = body.get("checkpoints") or ([body["checkpoint"]] if "step" in body else [])
    names = wording.words["checkpoints"]
    found = [names[name] for key in keys for name in names if str(key).startswith(name)]
    return ", ".join(dict.fromkeys(found))


def _day(text: str) -> str:
    try:
        return short_day(date.fromisoformat(text))
    except ValueError:
        return text
