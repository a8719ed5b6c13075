"""Rendering: Jinja2 templates in the office's language, escaped, with the words and dates Vietnamese readers expect."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from dondoc.office.wording import sentence
from portal.shell.settings import PortalSettings
from portal.shell.visitors import current
from tasks.config.loading import words


class Pages:
    """The templates of one portal."""

    def __init__(self, settings: PortalSettings) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(settings.templates),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        weekdays = words(settings.config)["weekdays"]
        self._environment.filters["day"] = lambda day: f"{sentence(weekdays[day.weekday()])}, {day:%d/%m/%Y}"
        self._environment.filters["count"] = lambda number: f"{number:,}".replace(",", ".")
        self._environment.filters["sentence"] = sentence
        self._environment.filters["short_day"] = lambda day: f"{day:%d/%m/%Y}"

    def provide(self, **everywhere: Any) -> None:
        """Names that every page knows."""
        self._environment.globals.update(everywhere)

    def said_in(self, template: str, name: str) -> Any:
        """What a template sets under that name: words that a file needs as the page shows them."""
        return getattr(self._environment.get_template(template).module, name)

    def render(self, template: str, status: int = 200, **context: Any) -> HTMLResponse:
        """One page. It knows its `visitor`."""
        known = {"visitor": current.get(), **context}
        return HTMLResponse(self._environment.get_template(template).render(**known), status)
