"""One kept mail that counts as no result: what it says, its files and its bytes, and that the tracker has looked at it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from dondoc.files.uploads import clean_name
from dondoc.inbox.incoming import read_letter
from dondoc.inbox.own_words import manners
from dondoc.inbox.parts import LetterFile
from dondoc.ledger.ledger import SYSTEM, Draft
from dondoc.mail.redaction import cut_text
from portal.files.pages import Handed, attached, lost
from portal.mailbox.eml import seen_headers
from portal.shell.fields import posted
from portal.shell.page_context import PageContext, gated, reached
from portal.shell.pages import Pages
from portal.shell.signin import ask_to_sign_in
from portal.shell.visitors import Visitor, Visitors, current
from tasks.config.loading import read_words
from tasks.evidence.gathering import CUT
from tasks.evidence.redacting import ended_now, for_others
from tasks.store.chain import append, appending, forward
from tasks.store.files import LostFileError, fetch
from tasks.store.occurrences import tracked_row
from tasks.store.received import KeptMail, is_seen, kept


def address_of(key: str) -> str:
    """Where a kept mail is shown."""
    name, _, code = key.partition(" ")
    return f"/thu/{name}/{quote(code, safe='')}"


def received_routes(context: PageContext, visitors: Visitors, pages: Pages) -> list[Route]:
    """/thu/{name}/{code}, its files and its bytes."""

    def found(request: Request) -> KeptMail:
        key = f"{request.path_params['name']} {request.path_params['code']}"
        with context.engine.connect() as connection:
            mail = kept(connection, key) if key.isascii() and "\0" not in key else None
        if mail is None:
            raise HTTPException(404)
        return mail

    def opened(mail: KeptMail) -> tuple[bytes, str, tuple[LetterFile, ...]]:
        config = context.installation.config
        content = fetch(context.installation.var / "files", mail.sha256)
        return content, *read_letter(content, manners(read_words(config, "inbound.yaml").value))

    def gone(mail: KeptMail, error: LostFileError) -> Response:
        file = Handed(mail.plan or SYSTEM, mail.occurrence or "", mail.entry or 0, "thu.eml", mail.sha256)
        return lost(context.installation, context.rules, context.engine, pages, file, error, context.now())

    def shown(mail: KeptMail, status: int = 200, said: str = "") -> Response:
        visitor = current.get()
        try:
            content, text, files = opened(mail)
        except LostFileError:
            content, text, files, said = b"", "", (), "lost"
        with context.engine.connect() as connection:
            seen = is_seen(connection, mail)
            item = tracked_row(connection, mail.occurrence).item if mail.occurrence else None
        return pages.render(
            "received.html",
            status,
            mail=mail,
            subject=mail.subject or seen_headers(content).subject,
            item=item,
            text=cut_text(text)[0],  # a reply quotes our mail, links and all
            files=files,
            here=address_of(mail.key),
            seen=seen,
            said=said,
            reasons=context.words["letters"],
            refused_files=context.words["refused_files"],
            token=visitors.token(visitor, f"thu|{mail.key}"),
        )

    def one(request: Request) -> Response:
        return shown(found(request))

    def file_of(request: Request, chosen: Callable[[bytes, tuple[LetterFile, ...]], tuple[str, bytes]]) -> Response:
        mail = found(request)
        try:
            content, _, files = opened(mail)
        except LostFileError as error:
            if request.method == "HEAD":
                raise HTTPException(410) from None
            return gone(mail, error)
        name, wanted = chosen(content, files)
        if request.method == "GET":
            body = {"occurrence": mail.occurrence, "entry": mail.entry, "name": name, "sha256": mail.sha256}
            draft = Draft("file.downloaded", mail.plan or SYSTEM, None, current.get().actor("evidence"), body)
            with appending(context.engine) as connection:
                append(connection, context.now(), [draft])
        return attached(name, wanted)

    def raw(request: Request) -> Response:
        def chosen(content: bytes, _files: tuple[LetterFile, ...]) -> tuple[str, bytes]:
            with context.engine.connect() as connection:
                copy = for_others(connection, content, "", ended_now(connection))
            return f"thu{CUT if copy.cut else ''}.eml", copy.content

        return file_of(request, chosen)

    def file(request: Request) -> Response:
        number = request.path_params["number"]

        def chosen(_content: bytes, files: tuple[LetterFile, ...]) -> tuple[str, bytes]:
            if not 1 <= number <= len(files):
                raise HTTPException(404)
            return clean_name(files[number - 1].name), files[number - 1].content

        return file_of(request, chosen)

    def settle(request: Request, visitor: Visitor, token: str) -> Response:
        mail = found(request)
        if not visitors.token_fits(visitor, f"thu|{mail.key}", token):
            return shown(mail, 403, "form")
        _record(context, mail, visitor.actor("mark_seen"))
        return RedirectResponse("/viec?xong=thu#letter", 303)

    async def seen(request: Request) -> Response:
        visitor, fields = current.get(), await posted(request)
        if not visitor.session:
            return ask_to_sign_in(request)
        if not visitor.may("mark_seen"):
            raise HTTPException(403)
        return await reached(settle, request, visitor, fields.get("token", ""))

    path = "/thu/{name:str}/{code:str}"
    return [
        Route(path, gated("inbox", one)),
        Route(path, seen, methods=["POST"]),
        Route(f"{path}/thu.eml", gated("evidence", raw)),
        Route(f"{path}/{{number:number}}", gated("evidence", file)),
    ]


def _record(context: PageContext, mail: KeptMail, actor: str) -> None:
    """That it was looked at, once, in the history of what it is about."""
    body = {"key": mail.key, "sha256": mail.sha256, "outcome": mail.outcome, "entry": mail.entry}
    draft = Draft("mail.seen", mail.plan or SYSTEM, mail.occurrence, actor, body)
    with appending(context.engine) as connection:
        if is_seen(connection, mail):
            return
        at = forward(connection, context.now(), [draft.plan])
        append(connection, at, [draft])
