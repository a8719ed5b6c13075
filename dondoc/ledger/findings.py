"""What a check found, as values: a code with its facts. The words for people are in audit.yaml of the language folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from dondoc.ledger.ledger import Break

MOST_KEPT = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `subject` is what it is about; code and subject tell findings of two days apart.

    `seq` is the ledger entry at which it shows, None where it is in no entry.
    """

    code: str
    subject: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)
    seq: int | None = None

    @property
    def key(self) -> str:
        """The same finding of another day has the same key."""
        return f"{self.code}|{self.subject}"


@dataclass(slots=True)
class Found:
    """Findings in the order they showed; the first of them are kept, all are counted: memory stays a constant."""

    kept: list[Finding] = field(default_factory=list)
    number: int = 0

    def add(self, findings: Iterable[Finding]) -> None:
        """Count them, keep what there is room for."""
        for finding in findings:
            self.number += 1
            if len(self.kept) < MOST_KEPT:
                self.kept.append(finding)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.kept)

    def __len__(self) -> int:
        return self.number


def finding_words(finding: Finding, words: Mapping[str, Any]) -> str:
    """The finding as an auditor reads it: one line. `words` are the office's (audit.yaml among them)."""
    about = {name: _in_words(name, value, words) for name, value in finding.about.items()}
    text = str(words["findings"][finding.code]).format(subject=finding.subject, **about)
    if finding.seq is None:
        return text[:1].upper() + text[1:]
    return str(words["audit"]["at_entry"]).format(seq=finding.seq, text=text)


def _in_words(name: str, value: Any, words: Mapping[str, Any]) -> Any:
    """The words for the code's own names; everything else as it is."""
    match name:
        case "status" | "stored":
            return words["statuses"].get(value, value)
        case "kind":
            return words["entries"].get(value, value)
        case "fields":
            return ", ".join(words["deployment_fields"][field] for field in value)
        case "moments":
            return ", ".join(f"{date.fromisoformat(day):%d/%m/%Y}" for day in value) or "–"
        case "owed":
            return ", ".join(value) or "–"
        case _:
            return value


def why_broken(broken: Break, words: Mapping[str, Any]) -> str:
    """What is wrong where a chain breaks."""
    return str(words["findings"][broken.code]).format(expected=broken.expected)


def told_break(broken: Break, words: Mapping[str, Any]) -> str:
    """Where a chain breaks and what is wrong there: one line."""
    at = words["audit"]["at_line"] if broken.seq is None else words["audit"]["at_entry"]
    return str(at).format(line=broken.line, seq=broken.seq, text=why_broken(broken, words))
