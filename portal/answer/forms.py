"""An answer's form: what was typed becomes an act, or one clear line for each field that cannot stay so."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from dondoc.files.uploads import UploadError, clean_name, media_type, unused
from dondoc.obligations.act_table import ACTS, MOST_FILES, ActName
from dondoc.obligations.acts import Act
from dondoc.obligations.decision_input import Facts
from dondoc.office.refusals import faults_by_field
from portal.shell.act_form import SentFile, read_act


@dataclass
class AnswerForm:
    """One form as it was sent: the typed values, the lines about them, and the act once nothing is wrong.

    `ask` is a date of signing that looks mistyped and may be confirmed; `kept` then names the files (kept_files).
    """

    choice: ActName
    typed: Mapping[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    act: Act | None = None
    contents: tuple[bytes, ...] = ()
    names: tuple[str, ...] = ()
    ask: date | None = None
    kept: str = ""


def read_form(
    choice: ActName,
    typed: Mapping[str, str],
    files: Sequence[tuple[str, bytes]],
    facts: Facts,
    today: date,
    words: Mapping[str, Any],
    file_words: Mapping[str, str],
) -> AnswerForm:
    """The form of one choice with all that is wrong with it. `file_words`: what can be wrong with a file, in words."""
    given = files if "files" in ACTS[choice].fields else ()
    form = AnswerForm(choice, typed, contents=tuple(content for _, content in given))
    taken = _take_files(form, given, file_words)
    act, refusals = read_act(choice, typed, facts, today, taken)
    if given:  # a file that cannot be taken is said beside it
        refusals = tuple(refusal for refusal in refusals if refusal.code != "empty_result")
    form.errors = {**faults_by_field(refusals, words), **form.errors}
    form.names = tuple(name for name, _, _, _ in taken)
    form.ask = act.signed if any(refusal.code == "signed_early" for refusal in refusals) else None
    if form.errors.keys() - {"files"} and given and (not form.ask or "files" in form.errors):
        names = ", ".join(clean_name(name) for name, _ in given)
        form.errors.setdefault("files", file_words["again"].format(names=names))
    if not form.errors:
        form.act = act
    return form


def _take_files(form: AnswerForm, files: Sequence[tuple[str, bytes]], words: Mapping[str, str]) -> tuple[SentFile, ...]:
    """Each file's name, media type, size and SHA-256; the first that cannot be taken is said on the form."""
    taken, used = list[SentFile](), set[str]()
    if len(files) > MOST_FILES:
        form.errors["files"] = words["many"].format(most=MOST_FILES)
    for given, content in files:
        name = unused(clean_name(given), used)
        try:
            kind = media_type(name, content)
        except UploadError as error:
            form.errors.setdefault("files", words[error.fault].format(name=name))
            continue
        taken.append((name, kind, len(content), hashlib.sha256(content).hexdigest()))
    return tuple(taken)
