"""Who asks: read from the signed cookie before anything else, and known to every page of the request."""

from __future__ import annotations

import secrets
from contextvars import ContextVar
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from itsdangerous import BadSignature, Signer
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dondoc.errors import DondocError
from portal.permissions import ROLES, Action, may
from portal.sessions import SESSION_LASTS, Remembered, Session
from portal.settings import Settings
from tasks.house import house

COOKIE = "dondoc"
FORM_COOKIE = "dondoc-form"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever asks. `roles` are those that office.yaml gives the address now; `session` is None when signed out."""

    roles: frozenset[str] = frozenset()
    titles: str = ""
    address: str = ""
    session: str | None = None
    form: str = ""

    def may(self, action: Action) -> bool:
        """Whether one of the roles may."""
        return may(self.roles, action)


NOBODY = Visitor()
current: ContextVar[Visitor] = ContextVar("visitor", default=NOBODY)


class Visitors:
    """Sessions and their cookies."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._sessions: Remembered[Session] = Remembered(SESSION_LASTS)
        self._signer = Signer(settings.secret, salt="dondoc session")
        self._forms = Signer(settings.secret, salt="dondoc form")

    def recognise(self, cookies: dict[str, str]) -> Visitor:
        """The visitor of these cookies. One whose address lost its role is signed out."""
        form = cookies.get(FORM_COOKIE, "")
        name = self._unsigned(cookies.get(COOKIE, ""))
        found = self._sessions.get(name, self.settings.now()) if name else None
        if found is None or name is None:
            return Visitor(form=form)
        roles = self.roles_of(found.address)
        if not roles:
            return Visitor(form=form)
        return Visitor(frozenset(roles), ", ".join(roles.values()), found.address, name, form)

    def roles_of(self, address: str) -> dict[str, str]:
        """The roles of that address that may sign in, with their titles."""
        assert self.settings.installation is not None
        try:
            office = house(self.settings.installation.config).office
        except DondocError:
            return {}  # a configuration that cannot be read gives nobody a role
        wanted = address.strip().casefold()
        return {
            role.id: role.title
            for role in office.roles
            if role.id in ROLES and role.email and role.email.casefold() == wanted
        }

    def sign_in(self, answer: Response, address: str) -> None:
        """A new session in that answer's cookie."""
        name = self._sessions.add(Session(address), self.settings.now())
        self._set(answer, COOKIE, self._signer.sign(name).decode(), int(SESSION_LASTS.total_seconds()))

    def end(self, visitor: Visitor) -> None:
        """The session is over, whoever still holds its cookie."""
        if visitor.session:
            self._sessions.take(visitor.session, self.settings.now())

    def sign_out(self, answer: Response, visitor: Visitor) -> None:
        """The session is over, and its cookie gone."""
        self.end(visitor)
        answer.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=self.settings.secure)

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

    def _unsigned(self, cookie: str) -> str | None:
        try:
            return self._signer.unsign(cookie).decode()
        except (BadSignature, UnicodeDecodeError):
            return None


class Recognising:
    """ASGI middleware: `current` is the visitor while a request is answered."""

    def __init__(self, app: ASGIApp, visitors: Visitors) -> None:
        self._app, self._visitors = app, visitors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Set it, answer, set it back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        token = current.set(self._visitors.recognise(_cookies(Headers(scope=scope).get("cookie", ""))))
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
        name: found.value for name, found in jar.items() if name in (COOKIE, FORM_COOKIE) and len(found.value) < 200
    }
