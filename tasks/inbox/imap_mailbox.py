"""Reading the mailbox that answers and bounces come to; a mail leaves its folder only once it is recorded."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import sqlalchemy as sa
from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError

from dondoc.foundation.errors import DondocError
from tasks.config.run_context import RunContext
from tasks.config.settings import Imap
from tasks.inbox.receiving import NotYetError, take_in

_TIMEOUT = 30.0
_MOST = 500  # mails of one look: the rest waits for the next one
_TAKEN = re.compile(rb'INTERNALDATE "([^"]{10,40})"')
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


class ImapError(DondocError):
    """The mailbox cannot be read now; nothing in it is lost."""


def look_in(context: RunContext, imap: Imap, largest: int) -> Counter[str]:
    """Take every mail of the folder, the oldest first; how many were taken for what. Raises ImapError.

    Killed between recording a mail and moving it, the next look finds it again and knows that it was read.
    """
    taken: Counter[str] = Counter()
    faults: list[str] = []
    with _open(imap) as box:
        for uid in box.uids("ALL")[:_MOST]:
            content, at = _content(box, uid, largest)
            if content is None:
                continue
            try:
                taken.update(one.outcome for one in take_in(context, content, at=at))
            except NotYetError:
                continue
            except (sa.exc.OperationalError, sa.exc.InterfaceError):  # nothing can be recorded now
                raise
            except Exception as error:  # one mail that we cannot take must not keep the others out
                faults.append(f"{type(error).__name__}: {error}")
                continue
            box.move(uid, imap.done)
    if faults:
        raise ImapError(f"{len(faults)} mails stay in {imap.folder}, they could not be recorded: {faults[0][:300]}")
    return taken


@contextmanager
def _open(imap: Imap) -> Iterator[BaseMailBox]:
    try:
        box = _connected(imap)
        try:
            box.login(imap.user, imap.password, imap.folder)
        except BaseException:
            box.client.shutdown()  # who is not signed in cannot sign out, and the socket would stay
            raise
        with box:
            if not box.folder.exists(imap.done):
                box.folder.create(imap.done)
            yield box
    except (ImapToolsError, imaplib.IMAP4.error, OSError, EOFError) as error:
        why = " ".join(str(error).split())[:300] or type(error).__name__
        raise ImapError(f"the mailbox {imap.user} at {imap.host}:{imap.port} cannot be read: {why}") from None


def try_mailbox(imap: Imap) -> str:
    """Sign in and look, moving nothing; what was seen. Raises ImapError with the server's words."""
    with _open(imap) as box:
        return f"{imap.user} at {imap.host}:{imap.port}, {len(box.uids('ALL'))} mails in {imap.folder}"


def _connected(imap: Imap) -> BaseMailBox:
    """A box that is not signed in to. The certificate is checked: a password is for its server alone."""
    if imap.tls == "none":
        return MailBoxUnencrypted(imap.host, imap.port, timeout=_TIMEOUT)
    context = ssl.create_default_context()
    if imap.ca:
        context.load_verify_locations(imap.ca)
    kind = MailBox if imap.tls == "tls" else MailBoxStartTls
    return kind(imap.host, imap.port, timeout=_TIMEOUT, ssl_context=context)


def _content(box: BaseMailBox, uid: str, largest: int) -> tuple[bytes | None, datetime | None]:
    """The very bytes of a mail, of one that is too large only the beginning, and when its server took it; None when it
    is gone."""
    told = box.client.uid("FETCH", uid, "(RFC822.SIZE INTERNALDATE)")[1]
    lines = [line if isinstance(line, bytes) else line[0] for line in told if line]
    size = next((int(found[1]) for line in lines if (found := _SIZE.search(line))), 0)
    taken = next((found[1].decode() for line in lines if (found := _TAKEN.search(line))), "")
    asked = "(BODY.PEEK[])" if size <= largest else f"(BODY.PEEK[]<0.{largest + 1}>)"
    answer = box.client.uid("FETCH", uid, asked)[1]
    return next((part[1] for part in answer if isinstance(part, tuple)), None), _moment(taken)


def _moment(told: str) -> datetime | None:
    """The moment of an INTERNALDATE (RFC 3501, 2.3.3)."""
    try:
        return datetime.strptime(told.strip(), "%d-%b-%Y %H:%M:%S %z")
    except ValueError:
        return None
