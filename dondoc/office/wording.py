"""Facts as the words a clerk uses: dates, days left, periods, names. The words themselves come from words.yaml of the language folder."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import Any

from dondoc.calendar.working_days import Calendar
from dondoc.office.office import Office

LINE_WIDTH = 72

_UNSEEN = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
_DATE, _WEEK = re.compile(r"\d{4}-\d{2}-\d{2}"), re.compile(r"(\d{4})-W(\d{2})")
_CASE = re.compile(r"[a-z][a-z0-9-]*\.(\d+)")
_PERIOD = re.compile(r"(\d{4})(?:-(?:(Q)|(H))?(\d+))?")


@dataclass(frozen=True)
class Wording:
    """The office's words on one day. `portal`: answers are given through a link, else by writing to a role."""

    words: Mapping[str, Any]
    office: Office
    calendar: Calendar
    today: date
    portal: bool

    def value(self, key: str, **values: str) -> str:
        """A pattern of `values` in words.yaml, filled in."""
        return str(self.words["values"][key]).format(**values)

    def day(self, day: date | None) -> str:
        """thứ Sáu, 29/03/2024; empty for no day."""
        return f"{self.words['weekdays'][day.weekday()]}, {short_day(day)}" if day else ""

    def due(self, due: date) -> str:
        """A due date with the working days left or late, and the last working day where that is an earlier one."""
        act_by = self.calendar.on_or_before(due)
        key = "due_act_by" if self.today < act_by < due else "due_left"
        return self.value(key, date=self.day(due), left=self.left(due), act_by=self.day(act_by))

    def near(self, day: date | None) -> str:
        """29/03; with its year where that is another than today's; empty for no day."""
        if day is None:
            return ""
        return f"{day:%d/%m}" if day.year == self.today.year else short_day(day)

    def left(self, due: date) -> str:
        """How many working days are left, or how many it is late."""
        left, days = self.words["left"], self.calendar.between(self.today, due)
        if self.today > due:
            return str(left["late"]).format(days=-days) if days else str(left["late_now"])
        if days:
            return str(left["some"]).format(days=days)
        return str(left["last" if self.calendar.is_working(self.today) else "none"])

    def period(self, label: str) -> str:
        """tháng 03/2024, quý I/2024, tuần 05/2024, năm 2024, từ năm 2025 đến năm 2030; another label stays as it is.

        A label that names a unit ("2024-Q1@xa-a") says whose period it is.
        """
        words = self.words["periods"]
        label, _, unit = label.partition("@")
        if unit:
            return str(words["each"]).format(period=self.period(label), unit=clean(self.office.unit_name(unit)))
        first, _, last = label.partition("_")
        if last:
            return str(words["span"]).format(first=self.period(first), last=self.period(last))
        if _DATE.fullmatch(label):
            return str(words["day"]).format(day=short_day(date.fromisoformat(label)))
        if week := _WEEK.fullmatch(label):
            return str(words["week"]).format(year=week[1], week=week[2])
        if case := _CASE.fullmatch(label):
            return str(words["case"]).format(number=case[1])
        match = _PERIOD.fullmatch(label)
        if not match:
            return clean(label)
        year, quarter, half, number = match.groups()
        if number is None:
            return str(words["year"]).format(year=year)
        if quarter or half:
            return str(words["quarters" if quarter else "halves"][int(number) - 1]).format(year=year)
        return str(words["month"]).format(month=number, year=year)

    def several(self, key: str, names: list[str]) -> str:
        """Names one after another: "parties" in a line of their own, "roles" in a sentence."""
        return str(self.words["values"][key]).join(names)

    def names(self, parties: tuple[str, ...]) -> str:
        """The names of units and groups."""
        return self.several("parties", [self._name[party] for party in parties])

    def party(self, party: str) -> str:
        """The name of a mail party: "unit:hcqt", "head:hcqt", "role:tracker"."""
        return party_name(party, self.office, self.words)

    def reported_to(self, party: str) -> str:
        """Whom something is reported to, within a sentence: the office's own title, else the general word for a unit's head."""
        scope, _, unit = party.partition(":")
        return self._role("unit_head") if scope == "head" and not head_title(unit, self.office) else self.party(party)

    def roles(self, roles: tuple[str, ...]) -> str:
        """The titles of roles."""
        return self.several("roles", [self._role(role) for role in roles])

    def contact(self, role: str) -> str:
        """The title and address of a role; empty if it has none."""
        known = self.office.role(role)
        if known is None or not known.email:
            return ""
        return self.value("contact", title=clean(known.title), address=known.email)

    def way(self, key: str, role: str) -> str:
        """How to answer or have something recorded: the link, else writing to that role."""
        words = self.words[key]
        if self.portal:
            return str(words["portal"])
        contact = self.contact(role)
        return str(words["mail"]).format(contact=contact) if contact else ""

    def _role(self, role: str) -> str:
        known = self.office.role(role)
        return clean(known.title) if known else str(self.words["roles"].get(role, role))

    @cached_property
    def _name(self) -> _Names:
        return _Names(self.office)


class _Names(dict[str, str]):
    """The office's names, each looked up once a mail."""

    def __init__(self, office: Office) -> None:
        super().__init__()
        self.office = office

    def __missing__(self, party: str) -> str:
        self[party] = clean(self.office.name_of(party))
        return self[party]


def party_name(party: str, office: Office, words: Mapping[str, Any]) -> str:
    """The name of a mail party, as a mail to it greets it: "unit:hcqt", "head:hcqt", "role:tracker"."""
    scope, _, name = party.partition(":")
    named = clean(office.name_of(name or scope))
    if scope != "head":
        return named
    return head_title(name, office) or str(words["values"]["head_of"]).format(unit=named)


def head_title(unit: str, office: Office) -> str:
    """What the head of a unit is called; empty where office.yaml does not say."""
    return clean(next((known.head_title or "" for known in office.units if known.id == unit), ""))


def short_day(day: date | None) -> str:
    """29/03/2024; empty for no day."""
    return f"{day:%d/%m/%Y}" if day else ""


def sentence(text: str) -> str:
    """`text` with a capital first letter."""
    return text[:1].upper() + text[1:]


def shortened(text: str, most: int) -> str:
    """`text` cut at a word so that it has at most `most` characters, with an ellipsis where cut."""
    if len(text) <= most:
        return text
    return text[: most - 1].rsplit(" ", 1)[0].rstrip(" ,;:-–") + "…"


def wrapped(text: str, indent: str = "", first: str = "") -> str:
    """`text` in lines of at most 72 characters; a longer word, such as a link, stays whole."""
    if len(first) + len(text) <= LINE_WIDTH and "\n" not in text:
        return first + text
    lines: list[str] = []
    line, begun = first, False
    for word in text.split():
        if begun and len(line) + 1 + len(word) > LINE_WIDTH:
            lines.append(line)
            line, begun = indent, False
        line += f" {word}" if begun else word
        begun = True
    return "\n".join((*lines, line))


@lru_cache(maxsize=1024)  # the same plan's texts go into every mail of a morning
def clean(text: str) -> str:
    """One line of NFC text without control, direction-changing or half characters: titles come from users."""
    return " ".join(_UNSEEN.sub("", unicodedata.normalize("NFC", text)).split())
