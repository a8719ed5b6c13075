"""An answer's form: what was typed becomes an act, or one clear line for each field that cannot stay so."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from dondoc.files.uploads import UploadError, clean_name, media_type, unused
from dondoc.obligations.acts import Act
from dondoc.obligations.allowed_answers import Choice, explains, extension_span
from dondoc.obligations.decision_input import Facts
from dondoc.office.wording import short
from portal.shell.fields import typed_day
from portal.shell.form_body import MOST_FILES

_MOST = {"document": 200, "signer": 200, "note": 4000, "reason": 4000}
_BLANK = re.compile(r"[\s\x00-\x1f\x7f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]*")


@dataclass
class Form:
    """One form as it was sent: the typed values, the lines about them, and the act once nothing is wrong."""

    choice: Choice
    typed: Mapping[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    act: Act | None = None
    contents: tuple[bytes, ...] = ()


def read_form(
    choice: Choice,
    typed: Mapping[str, str],
    files: Sequence[tuple[str, bytes]],
    facts: Facts,
    today: date,
    words: Mapping[str, Any],
) -> Form:
    """The form of one choice, checked as `acts.take` will check it. `words` are the errors of answer.yaml."""
    form = Form(choice, typed)
    reader = _Reader(form, facts, today, words)
    _READERS[choice](reader, files if choice == "submit" else ())
    if form.errors and files:
        form.errors.setdefault("files", reader.say("again", names=", ".join(clean_name(name) for name, _ in files)))
    if not form.errors:
        given = {name: reader.text(name) or None for name in reader.read}
        form.act = Act(choice, **reader.days, **given, files=reader.files, channel="portal")  # type: ignore[arg-type]
    return form


class _Reader:
    """Reads fields one by one and notes what is wrong with each."""

    def __init__(self, form: Form, facts: Facts, today: date, words: Mapping[str, Any]) -> None:
        self.form, self.facts, self.today, self._words = form, facts, today, words
        self.read: list[str] = []
        self.days: dict[str, date | None] = {}
        self.files: tuple[tuple[str, str, int, str], ...] = ()

    def say(self, key: str, /, **values: Any) -> str:
        return str(self._words[key]).format(**values)

    def wrong(self, field_name: str, key: str, /, **values: Any) -> None:
        self.form.errors.setdefault(field_name, self.say(key, **values))

    def text(self, name: str) -> str:
        """A field's text; what is only blanks and unseen marks is nothing."""
        text = self.form.typed.get(name, "").strip()
        return "" if _BLANK.fullmatch(text) else text

    def texts(self, *names: str) -> None:
        for name in names:
            self.read.append(name)
            if len(self.text(name)) > _MOST[name]:
                self.wrong(name, "long", most=_MOST[name])

    def day(self, name: str) -> date | None:
        text, found = self.text(name), None
        if text:
            try:
                found = typed_day(text)
            except ValueError:
                self.wrong(name, "day")
        self.days[name] = found
        return found

    def take_files(self, files: Sequence[tuple[str, bytes]]) -> None:
        taken, used = [], set[str]()
        if len(files) > MOST_FILES:
            self.wrong("files", "many", most=MOST_FILES)
            return
        for given, content in files:
            name = unused(clean_name(given), used)
            try:
                kind = media_type(name, content)
            except UploadError as error:
                self.wrong("files", error.fault, name=name)
                return
            taken.append((name, kind, len(content), hashlib.sha256(content).hexdigest()))
        self.files = tuple(taken)
        self.form.contents = tuple(content for _, content in files)


def _acknowledge(_reader: _Reader, _files: Sequence[tuple[str, bytes]]) -> None:
    pass


def _submit(reader: _Reader, files: Sequence[tuple[str, bytes]]) -> None:
    reader.texts("document", "signer", "note", "reason")
    signed = reader.day("signed")
    if signed and signed > reader.today:
        reader.wrong("signed", "signed", today=short(reader.today))
    reader.take_files(files)
    if not (reader.text("document") or reader.text("note") or files):
        reader.wrong("document", "document")
    if explains(reader.facts, signed, reader.today) and not reader.text("reason"):
        reader.wrong("reason", "explain", due=short(reader.facts.state.due))


def _extend(reader: _Reader, _files: Sequence[tuple[str, bytes]]) -> None:
    reader.texts("reason")
    span, until = extension_span(reader.facts, reader.today), reader.day("until")
    if until is None:
        reader.wrong("until", "until")
    elif span and not span.first <= until <= span.last:
        reader.wrong("until", "span", first=short(span.first), last=short(span.last))
    if not reader.text("reason"):
        reader.wrong("reason", "reason")


def _blocked(reader: _Reader, _files: Sequence[tuple[str, bytes]]) -> None:
    reader.texts("reason", "note")
    if not reader.text("reason"):
        reader.wrong("reason", "blocked")


_READERS: dict[Choice, Callable[[_Reader, Sequence[tuple[str, bytes]]], None]] = {
    "acknowledge": _acknowledge,
    "submit": _submit,
    "extend_request": _extend,
    "raise_difficulty": _blocked,
}
