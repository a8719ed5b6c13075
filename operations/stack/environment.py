"""What a child is told: where things are, and of the secrets those alone that its work needs.

All children run as one account, which can read every secret's file; but what a process never held cannot be read out of
it, logged by it, or handed on by it to what it starts.
"""

from __future__ import annotations

from collections.abc import Mapping

STORE = ("DONDOC_STORE_URL",)
LINKS = ("DONDOC_LINK_SECRET", "DONDOC_LINK_SECRET_FILE")
PREFECT = ("PREFECT_API_AUTH_STRING",)
MAIL = (
    "DONDOC_MAIL_PASSWORD", "DONDOC_MAIL_PASSWORD_FILE",
    "DONDOC_MAIL_RESCUE_PASSWORD", "DONDOC_MAIL_RESCUE_PASSWORD_FILE",
)  # fmt: skip
INBOX = ("DONDOC_IMAP_PASSWORD", "DONDOC_IMAP_PASSWORD_FILE")
ADMINISTRATOR = ("DONDOC_DATABASE_URL",)
EVERYTHING = (*STORE, *LINKS, *PREFECT, *MAIL, *INBOX, *ADMINISTRATOR)

NEEDS: Mapping[str, tuple[str, ...]] = {
    "prefect": PREFECT,  # and its own database, which it alone is told
    "mailbox": (*STORE, *LINKS, *PREFECT),  # it takes answers, and a run follows each
    "lmtp": (*STORE, *LINKS, *PREFECT),
    "portal": (*STORE, *LINKS, *PREFECT, *MAIL),  # it mails sign-in links at once
    "front": (*STORE, *LINKS, *PREFECT),
    "worker": (*STORE, *LINKS, *PREFECT, *MAIL, *INBOX),
    "watchdog": EVERYTHING,  # it starts the keeper,
    "keeper": EVERYTHING,  # and the keeper everybody
}

_PLAIN = frozenset(
    {
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "VIRTUAL_ENV", "LD_LIBRARY_PATH",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "MPLCONFIGDIR", "DO_NOT_TRACK",
    }
)  # fmt: skip
_KINDS = ("LC_", "XDG_", "PYTHON")
_OUTWARD = frozenset({"http_proxy", "https_proxy", "no_proxy", "all_proxy"})


def plain_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What every child is told: the machine's own settings and dondoc's that are no secret; nothing else of the caller's.

    A user's own Prefect profile must not send our children to another server, nor a token of theirs reach our children.
    """
    return {name: value for name, value in environ.items() if _is_plain(name)}


def environment_of(child: str, everything: Mapping[str, str]) -> dict[str, str]:
    """Of a complete environment what that child is told."""
    needed = NEEDS[child]
    return {name: value for name, value in everything.items() if name in needed or name not in EVERYTHING}


def _is_plain(name: str) -> bool:
    if name.startswith("DONDOC_"):
        return name not in EVERYTHING and name != "DONDOC_CHILD"
    return name in _PLAIN or name.startswith(_KINDS) or name.casefold() in _OUTWARD
