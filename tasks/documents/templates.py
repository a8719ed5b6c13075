"""A document's template, filled: settings read, wording rendered, text read back as values."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from dondoc.documents.form_settings import DocumentSettings, read_document_settings
from dondoc.documents.marked_text import Document, DocumentError, read_document, shielded
from dondoc.foundation.errors import ConfigurationError, Fault
from dondoc.office.office import Office
from dondoc.office.wording import sentence, short_day
from tasks.config.loading import language_folder, read_words, read_yaml


def document_settings(config: Path, office: Office) -> DocumentSettings:
    """documents.yaml and the words of its form. Raises ConfigurationError with every fault."""
    form = read_yaml(config / "documents.yaml", config.parent)
    return read_document_settings(form.with_keys_of(read_words(config, "documents/words.yaml")), office)


def check_documents(config: Path, office: Office) -> None:
    """documents.yaml and the syntax of every template. Raises ConfigurationError with every fault."""
    faults: list[Fault] = []
    try:
        document_settings(config, office)
    except ConfigurationError as error:
        faults += error.faults
    folder = language_folder(config) / "documents"
    environment = _environment(folder)
    for name in environment.list_templates(["j2"]):
        try:
            environment.get_template(name)
        except jinja2.TemplateSyntaxError as error:
            faults.append(
                Fault(
                    str((folder / name).relative_to(config.parent)), error.lineno, f"{error.message}; correct the line"
                )
            )
    if faults:
        raise ConfigurationError(faults)


def fill(config: Path, template: str, facts: dict[str, Any], settings: DocumentSettings) -> Document:
    """The document that a template says about those facts. Raises DocumentError naming the template and the line."""
    context = {**facts, "long_day": lambda day: long_day(day, settings)}
    folder = language_folder(config) / "documents"
    shown = folder.relative_to(config.parent)
    try:
        text = _environment(folder).get_template(template).render(context)
        return read_document(text)
    except jinja2.TemplateSyntaxError as error:
        raise DocumentError(f"{shown}/{error.name}:{error.lineno}: {error.message}; correct the line") from None
    except (jinja2.TemplateError, DocumentError) as error:
        raise DocumentError(f"{shown}/{template}: {error}; correct the template") from None


def long_day(day: date, settings: DocumentSettings) -> str:
    """ngày 05 tháng 02 năm 2024: days below 10 and months 1 and 2 with a zero (Nghị định 30/2020/NĐ-CP)."""
    month = f"{day.month:02}" if day.month < 3 else str(day.month)
    return settings.words.long_day.format(day=f"{day.day:02}", month=month, year=day.year)


def _lower_first(text: str) -> str:
    """Without its capital, unless the first word is all capitals (TTHC, UBND)."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _two(number: int) -> str:
    """A count as official documents write it: 03, 12; nothing is plain 0."""
    return f"{number:02}" if number else "0"


@cache
def _environment(folder: Path) -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        finalize=shielded,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # what comes out is no markup language: values are shielded, the writer escapes XML
    )
    made.filters.update(short=short_day, sentence=sentence, lower_first=_lower_first, two=_two)
    return made
