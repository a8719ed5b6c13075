"""Who asks: read from the signed cookie before anything else, and known to every page of the request."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from http.cookies import CookieError, SimpleCookie

import sqlalchemy as sa
from itsdangerous import BadSignature, Signer
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dondoc.foundation.errors import DondocError
from dondoc.obligations.actors import on_behalf
from dondoc.office.delegation import Delegation
from portal.shell.permissions import ROLES, Action, may, roles_allowed
from portal.shell.roles_of import KnownPerson, known_by
from portal.shell.sessions import SESSION_LASTS, Session, new_session, read_session, write_session
from portal.shell.settings import PortalSettings
from tasks.config.loading import load_rules
from tasks.store.authority import delegations, is_signed_out, sign_out

_log = logging.getLogger(__name__)

COOKIE = "dondoc"
FORM_COOKIE = "dondoc-form"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever asks. `own` are the roles that office.yaml gives the address now, `roles` also those it stands in for.

    `session` is the session's name, None when signed out. `stands_for` are the titles of the absent.
    """

    roles: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    party: str = ""
    titles: str = ""
    stands_for: str = ""
    address: str = ""
    session: str | None = None
    until: datetime | None = None
    form: str = ""

    def may(self, action: Action, *, own: bool = False) -> bool:
        """Whether one of the roles may. Naming a stand-in is not handed on with standing in."""
        return may(self.own if action == "delegate" else self.roles, action, own=own)

    def actor(self, action: Action, *, own: bool = False) -> str:
        """Who does it, as the ledger names them: a role of theirs, or whoever they stand in for beside themselves."""
        allows = roles_allowed(action, own=own)
        for role in ROLES:
            if role in allows and role in self.own:
                return f"role:{role}"
        return next(on_behalf(self.party, f"role:{role}") for role in ROLES if role in allows and role in self.roles)


NOBODY = Visitor()
current: ContextVar[Visitor] = ContextVar("visitor", default=NOBODY)


class Visitors:
    """Sessions and their cookies. `store` gives the database of delegations and of sessions that were ended."""

    def __init__(self, settings: PortalSettings, store: Callable[[], sa.Engine] | None = None) -> None:
        self.settings = settings
        self._store = store
        self._signer = Signer(settings.secret, salt="dondoc session")
        self._forms = Signer(settings.secret, salt="dondoc form")
        self._ended: dict[str, datetime] = {}

    def recognise(self, cookies: dict[str, str]) -> Visitor:
        """The visitor of these cookies. One whose address lost its role is signed out."""
        form = cookies.get(FORM_COOKIE, "")
        session = self._session(cookies.get(COOKIE, ""))
        if session is None:
            return Visitor(form=form)
        known = self.known(session.address)
        if not known.roles:
            return Visitor(form=form)
        return Visitor(
            roles=known.roles,
            own=frozenset(known.own),
            party=known.party,
            titles=known.title,
            stands_for=", ".join(known.stands_for.values()),
            address=session.address,
            session=session.name,
            until=session.until,
            form=form,
        )

    def known(self, address: str) -> KnownPerson:
        """What that address may do now. A configuration that cannot be read gives nobody anything."""
        assert self.settings.installation is not None
        try:
            rules = load_rules(self.settings.installation.config)
        except DondocError:
            return KnownPerson()
        today = self.settings.now().astimezone(rules.policy.zone).date()
        return known_by(address, rules.office, self._delegations, today)

    def _delegations(self) -> tuple[Delegation, ...]:
        if self._store is None:
            return ()
        try:
            with self._store().connect() as connection:
                return delegations(connection)
        except (sa.exc.SQLAlchemyError, DondocError):
            return ()  # nobody stands in for anybody while that cannot be read

    def sign_in(self, answer: Response, address: str) -> None:
        """A new session in that answer's cookie."""
        cookie = write_session(new_session(address, self.settings.now()))
        self._set(answer, COOKIE, self._signer.sign(cookie).decode(), int(SESSION_LASTS.total_seconds()))

    def end(self, visitor: Visitor) -> None:
        """The session is over, whoever still holds its cookie; also after a restart where the database can be reached."""
        if not visitor.session or visitor.until is None:
            return
        now = self.settings.now()
        self._ended = {name: until for name, until in self._ended.items() if until > now}
        self._ended[visitor.session] = visitor.until
        if self._store is not None:
            try:
                sign_out(self._store(), visitor.session, visitor.until, now, visitor.party or "portal")
            except (sa.exc.SQLAlchemyError, DondocError):
                _log.warning("a sign-out could not be stored; it holds until the portal is started again")

    def sign_out(self, answer: Response, visitor: Visitor) -> None:
        """The session is over, and its cookie gone."""
        self.end(visitor)
        answer.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=self.settings.secure)

    def _session(self, cookie: str) -> Session | None:
        if not cookie:
            return None
        try:
            session = read_session(self._signer.unsign(cookie).decode(), self.settings.now())
        except (BadSignature, ValueError):
            return None
        if session is None or session.name in self._ended:
            return None
        if self._store is not None:
            try:
                with self._store().connect() as connection:
                    return None if is_signed_out(connection, session.name) else session
            except (sa.exc.SQLAlchemyError, DondocError):
                pass  # what the database would show is not shown either
        return session

    def token(self, visitor: Visitor, purpose: str) -> str:
        """What a form of this visitor for this purpose must carry."""
        return self._forms.get_signature(f"{visitor.session or visitor.form}|{purpose}").decode()

    def token_fits(self, visitor: Visitor, purpose: str, token: str) -> bool:
        """Whether a form carries the right token; a browser without any cookie of ours has none."""
        owner = visitor.session or visitor.form
        return bool(owner) and self._forms.verify_signature(f"{owner}|{purpose}".encode(), token.encode())

    def with_form(self, visitor: Visitor) -> Visitor:
        """The visitor with a name for its forms, also when signed out."""
        return visitor if visitor.session or visitor.form else Visitor(form=secrets.token_urlsafe(18))

    def remember_form(self, answer: Response, visitor: Visitor) -> None:
        """Keep that name in the browser until it closes."""
        if not visitor.session:
            self._set(answer, FORM_COOKIE, visitor.form, None)

    def _set(self, answer: Response, name: str, value: str, lasts: int | None) -> None:
        answer.set_cookie(name, value, max_age=lasts, httponly=True, samesite="lax", secure=self.settings.secure)


class Recognising:
    """ASGI middleware: `current` is the visitor while a request is answered."""

    def __init__(self, app: ASGIApp, visitors: Visitors) -> None:
        self._app, self._visitors = app, visitors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Set it, answer, set it back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        cookies = _cookies(Headers(scope=scope).get("cookie", ""))
        recognise = self._visitors.recognise
        visitor = await run_in_threadpool(recognise, cookies) if COOKIE in cookies else recognise(cookies)
        token = current.set(visitor)
        try:
            await self._app(scope, receive, send)
        finally:
            current.reset(token)


def _cookies(header: str) -> dict[str, str]:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(header)
    except CookieError:
        return {}
    return {
        name: found.value for name, found in jar.items() if name in (COOKIE, FORM_COOKIE) and len(found.value) < 500
    }
