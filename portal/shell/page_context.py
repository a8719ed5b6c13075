"""What every office page shares: the store, the rules, the words, today, and the gate before each page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from dondoc.foundation.errors import DondocError
from dondoc.office.rules import Rules
from dondoc.office.wording import Wording
from portal.shell.permissions import Action
from portal.shell.settings import PortalSettings
from portal.shell.signin import ask_to_sign_in
from portal.shell.visitors import current
from tasks.config import loading as configuration
from tasks.config.settings import Settings as Installation
from tasks.store.connect import engine

Endpoint = Callable[[Request], Response]


class PageContext:
    """The office behind the portal. Nothing is connected or read before the first page asks for it."""

    def __init__(self, settings: PortalSettings, installation: Installation) -> None:
        self.settings, self.installation = settings, installation

    @cached_property
    def engine(self) -> sa.Engine:
        """The store. Raises DatabaseError where none is configured."""
        return self.settings.engine or engine(self.installation.store_url)

    @property
    def rules(self) -> Rules:
        """Office, policy and calendar as the files say now."""
        return configuration.load_rules(self.installation.config)

    @property
    def words(self) -> dict[str, Any]:
        """words.yaml and runs.yaml."""
        return configuration.words(self.installation.config)

    def now(self) -> datetime:
        """The moment, in the office's zone: taken once a request."""
        return self.settings.now().astimezone(self.rules.policy.zone)

    def wording(self, today: date) -> Wording:
        """The office's words on that day."""
        rules = self.rules
        return Wording(self.words, rules.office, rules.calendar, today, True)


def gated(action: Action, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    """`endpoint` in a thread, for those who may; others are asked to sign in, or refused when they are signed in.

    A store that cannot be reached is 503, with a page that says so.
    """

    async def guarded(request: Request) -> Response:
        visitor = current.get()
        if not visitor.may(action):
            if visitor.session:
                raise HTTPException(403)
            return ask_to_sign_in(request)
        return await reached(endpoint, request)

    return guarded


async def reached(endpoint: Callable[..., Response], *given: Any) -> Response:
    """The answer of `endpoint`, called in a thread; 503 where the store or the configuration cannot be read."""
    try:
        return await run_in_threadpool(endpoint, *given)
    except (sa.exc.OperationalError, sa.exc.ProgrammingError, sa.exc.TimeoutError, DondocError) as error:
        raise HTTPException(503) from error
