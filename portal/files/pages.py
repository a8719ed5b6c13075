"""Downloading what units handed in: hashed again on the way out, never shown inside the browser, recorded by name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dondoc.files.uploads import clean_name
from dondoc.ledger.ledger import SYSTEM, Draft
from dondoc.mail.mail import Address
from dondoc.obligations.actors import parts
from dondoc.office.rules import Rules
from portal.shell.immediate_mail import send_now
from portal.shell.page_context import PageContext, gated
from portal.shell.pages import Pages
from portal.shell.visitors import current
from tasks.config.settings import Settings
from tasks.store.answers import OccurrenceEntry, entry
from tasks.store.chain import append, appending
from tasks.store.files import LostFileError, fetch
from tasks.store.tables import ledger

# Nothing of it runs, whatever a browser takes it for.
_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
_NOT_ASCII = re.compile(r"[^A-Za-z0-9 ._()-]+")


@dataclass(frozen=True, slots=True)
class Handed:
    """One handed-in file: its entry and place, and what the entry says of it."""

    plan: str
    occurrence: str
    entry: int
    name: str
    sha256: str


def handed(plan: str, occurrence: str, told: OccurrenceEntry, number: int) -> Handed | None:
    """The file of that number (from 1) in an entry; None where it has none."""
    files: list[Mapping[str, Any]] = told.body.get("files") or []
    if not 1 <= number <= len(files):
        return None
    file = files[number - 1]
    return Handed(plan, occurrence, told.seq, clean_name(str(file["name"])), str(file["sha256"]))


def handed_by(told: OccurrenceEntry, party: str) -> bool:
    """Whether an entry's files are those of the unit that a mail party belongs to."""
    actor, behalf = parts(told.actor)
    scope, _, unit = (behalf or actor).partition(":")
    mine, _, own = party.partition(":")
    return scope in ("unit", "head") and mine in ("unit", "head") and unit == own


def disposition(name: str) -> str:
    """`Content-Disposition` of a download (RFC 6266): the whole name, and its letters without marks for old programs."""
    parted = unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D"))
    plain = _NOT_ASCII.sub("_", "".join(c for c in parted if not unicodedata.combining(c))).strip() or "tep"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def download(settings: Settings, file: Handed) -> Response:
    """The file as an attachment. Raises LostFileError."""
    return attached(file.name, fetch(settings.var / "files", file.sha256))


def attached(name: str, content: bytes) -> Response:
    """`content` as an attachment of that name, which nothing shows or runs."""
    headers = {"Content-Disposition": disposition(name), "Content-Security-Policy": _POLICY}
    return Response(content, media_type="application/octet-stream", headers=headers)


def file_routes(context: PageContext, pages: Pages) -> list[Route]:
    """/tep/{entry}/{number}: for those who sign in; each download is an entry of its own."""

    def one(request: Request) -> Response:
        seq, number = request.path_params["seq"], request.path_params["number"]
        with context.engine.connect() as connection:
            found = entry(connection, seq)
        file = handed(*found, number) if found else None
        if file is None:
            raise HTTPException(404)
        now = context.now()
        try:
            answer = download(context.installation, file)
        except LostFileError as error:
            if request.method == "HEAD":
                raise HTTPException(410) from None
            return lost(context.installation, context.rules, context.engine, pages, file, error, now)
        if request.method == "GET":
            body = {"occurrence": file.occurrence, "entry": file.entry, "name": file.name, "sha256": file.sha256}
            actor = current.get().actor("evidence")
            with appending(context.engine) as connection:
                append(connection, now, [Draft("file.downloaded", file.plan, None, actor, body)])
        return answer

    return [Route("/tep/{seq:number}/{number:number}", gated("evidence", one))]


def lost(
    settings: Settings, rules: Rules, store: sa.Engine, pages: Pages, file: Handed, error: LostFileError, now: Any
) -> Response:
    """The page that says so. The first time it is a finding in the ledger, and the operator is told."""
    answer = pages.render("file_lost.html", 410, finding=error.finding, file=file)
    body = {
        "finding": error.finding,
        "occurrence": file.occurrence,
        "entry": file.entry,
        "name": file.name,
        "sha256": file.sha256,
    }
    with appending(store) as connection:
        if _known(connection, body):
            return answer
        append(connection, now, [Draft("audit.finding", SYSTEM, None, "dondoc", body)])
    operator = rules.office.role("operator")
    if operator and operator.email:
        to = Address(operator.email, operator.title)
        answer.background = BackgroundTask(send_now, settings, store, rules, to, "file-incident", now, **body)
    return answer


def _known(connection: sa.Connection, body: Mapping[str, Any]) -> bool:
    line = sa.func.convert_from(ledger.c.line, "UTF8")
    query = sa.select(ledger.c.seq).where(
        ledger.c.kind == "audit.finding", line.contains(body["finding"]), line.contains(body["sha256"])
    )
    return connection.scalar(query.limit(1)) is not None
