"""The portal's interface as an OpenAPI document: every address, what it takes, and every answer it may give.

It is generated for whoever checks the portal (`python -m portal.interface`) and never served: people need no map of
it, and nobody else is helped to one. A test compares it with the routes and forms there are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dondoc.links import LONGEST
from portal.decisions import ACTS as DECISIONS
from portal.intake import MOST_FILES

HTML, TEXT, ICS, URLENCODED = "text/html", "text/plain", "text/calendar", "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
# What every answer carries (portal.guard).
HEADERS = (
    "Content-Security-Policy",
    "X-Content-Type-Options",
    "Referrer-Policy",
    "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy",
    "Cache-Control",
)
_WORDS = {
    200: "As asked.", 303: "Look there.", 304: "As before.", 307: "The same without a last slash.",
    400: "Not a form of ours, or a form shown before the secret changed; shown again.",
    403: "Not for this role, or not from our own form.", 404: "Not here, or a link that was altered.",
    405: "Not by this method.", 409: "It changed meanwhile, or was decided already; nothing was recorded.",
    410: "A link that is too old or used, or a duty that has ended.", 413: "Too large.",
    415: "Not a form's media type.", 422: "Something in the form cannot stay so; said beside it.",
    429: "Too often.", 503: "The store or the configuration cannot be read now.",
}  # fmt: skip
_TEXT: dict[str, Any] = {"type": "string"}
_DAY: dict[str, Any] = {"type": "string", "description": "A day, 2024-03-31 or 31/03/2024; empty for none."}
_PAGE: dict[str, Any] = {"type": "string", "description": "The page's number; anything else counts as 1."}
_TOKEN: dict[str, Any] = {"type": "string", "pattern": f"^[A-Za-z0-9_-]{{1,{LONGEST}}}$"}
_SIGNED: dict[str, Any] = {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,200}$"}
_MAIL: dict[str, Any] = {"type": "string", "pattern": "^[0-9a-f]{1,64}$"}
_FILES: dict[str, Any] = {"type": "array", "items": {"type": "string", "format": "binary"}, "maxItems": MOST_FILES}


@dataclass(frozen=True, slots=True)
class Entry:
    """One address: the status codes of GET and HEAD, then of POST, with what each takes."""

    summary: str
    get: tuple[int, ...] = ()
    post: tuple[int, ...] = ()
    path: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    query: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    form: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    sent_as: str = URLENCODED
    content: str = HTML


_OFFICE = (200, 303, 403, 503)  # a page for signed-in people
_LINK = (200, 404, 410, 503)  # a page behind a link in a mail
_ANSWER = (303, 400, 403, 404, 409, 410, 413, 422, 429, 503)
_LINKED = {"token": _TOKEN}
_NEEDED = {"act", "form", "token", "seq"}  # without which a form of ours was never sent
_PART: dict[str, Any] = {"type": "string", "pattern": "^[A-Za-z0-9-]{1,60}$"}
_ADDRESS = dict.fromkeys(("plan", "item", "obligation", "period"), _PART)
_FORM = {"form": _TEXT}

INTERFACE: dict[str, Entry] = {
    "/": Entry("The first page.", (200,)),
    "/health": Entry("Whether the portal answers.", (200,), content=TEXT),
    "/static/{path}": Entry("Styles.", (200, 304, 404), path={"path": {"type": "string", "pattern": "^[a-z.]+$"}}, content="*/*"),
    "/mail": Entry("Kept mails.", (200, 303, 403), query={"to": _TEXT, "day": _DAY, "page": _PAGE}),
    "/mail/{id}": Entry("One mail.", (200, 303, 403, 404), path={"id": _MAIL}, query={"view": _TEXT}),
    "/mail/{id}/html": Entry("Its HTML, for a frame.", (200, 303, 403, 404), path={"id": _MAIL}),
    "/mail/{id}/han.ics": Entry("Its calendar.", (200, 303, 403, 404), path={"id": _MAIL}, content=ICS),
    "/mail/{id}/raw": Entry("As it was sent.", (200, 303, 403, 404), path={"id": _MAIL}, content="message/rfc822"),
    "/vao": Entry(
        "Asking for a sign-in link.", (200, 303), (200, 400, 403, 413, 415, 429),
        query={"den": _TEXT}, form={"token": _TEXT, "address": _TEXT, "den": _TEXT},
    ),
    "/vao/{token}": Entry(
        "Signing in by that link.", (200, 410), (303, 400, 403, 410, 413, 415, 429),
        path={"token": _SIGNED}, form={"token": _TEXT},
    ),
    "/ra": Entry("Signing out.", (), (303, 400, 403, 413, 415), form={"token": _TEXT}),
    "/bang": Entry(
        "The board.", _OFFICE,
        query={"plan": _TEXT, "unit": _TEXT, "quarter": _TEXT, "state": _TEXT, "q": _TEXT, "page": _PAGE},
    ),
    "/viec": Entry("What waits for a decision.", _OFFICE),
    "/o/{plan}/{item}/{obligation}/{period}": Entry("Where mails lead.", (303,), path=_ADDRESS),
    "/ky/{plan}/{item}/{obligation}/{period}": Entry(
        "One occurrence, and the tracker's decision on it.",
        (*_OFFICE, 404), (303, 400, 403, 404, 409, 413, 415, 422, 429, 503), path=_ADDRESS, query={"xong": _TEXT},
        form={
            "act": {"enum": list(DECISIONS)}, "seq": _TEXT, "token": _TEXT, "reason": _TEXT, "note": _TEXT,
            "document": _TEXT, "signed": _DAY, "until": _DAY,
        },
    ),
    "/lich": Entry("The addresses of calendar feeds.", _OFFICE),
    "/lich/{token}.ics": Entry("A calendar feed.", (200, 404, 503), path={"token": _SIGNED}, content=ICS),
    "/a/{token}": Entry("A duty, and the answers to it.", _LINK, path=_LINKED),
    "/a/{token}/all": Entry("Everything the unit owes.", _LINK, path=_LINKED),
    "/a/{token}/recorded/{seq}": Entry(
        "What was recorded.", _LINK, path={**_LINKED, "seq": {"type": "integer", "minimum": 0}}, query={"again": _TEXT}
    ),
    "/a/{token}/acknowledge": Entry("Received.", (303,), _ANSWER, path=_LINKED, form=_FORM),
    "/a/{token}/done": Entry(
        "The result.", (303,), _ANSWER, path=_LINKED, sent_as=MULTIPART,
        form={**_FORM, "document": _TEXT, "signed": _DAY, "signer": _TEXT, "reason": _TEXT, "note": _TEXT, "files": _FILES},
    ),
    "/a/{token}/more-time": Entry(
        "More time is asked for.", (303,), _ANSWER, path=_LINKED, form={**_FORM, "until": _DAY, "reason": _TEXT}
    ),
    "/a/{token}/blocked": Entry(
        "A difficulty.", (303,), _ANSWER, path=_LINKED, form={**_FORM, "reason": _TEXT, "note": _TEXT}
    ),
}  # fmt: skip


def description() -> dict[str, Any]:
    """The OpenAPI document."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "dondoc portal", "version": "1"},
        "paths": {path: _operations(path, entry) for path, entry in INTERFACE.items()},
    }


def _operations(path: str, entry: Entry) -> dict[str, Any]:
    named = re.findall(r"\{(\w+)\}", path)
    given: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": entry.path[name]} for name in named
    ]
    query = [{"name": name, "in": "query", "schema": schema} for name, schema in entry.query.items()]
    found: dict[str, Any] = {"parameters": given}
    if entry.get:
        for method in ("get", "head"):
            found[method] = {
                "summary": entry.summary,
                "parameters": query,
                "responses": _answers(entry.get, entry.content if method == "get" else None),
            }
    if entry.post:
        schema: dict[str, Any] = {"type": "object", "properties": dict(entry.form), "additionalProperties": False}
        schema["required"] = [name for name in entry.form if name in _NEEDED]
        found["post"] = {
            "summary": entry.summary,
            "requestBody": {"content": {entry.sent_as: {"schema": schema}}},
            "responses": _answers(entry.post, HTML),
        }
    return found


def _answers(statuses: tuple[int, ...], content: str | None) -> dict[str, Any]:
    headers = {name: {"required": True, "schema": _TEXT} for name in HEADERS}
    answers: dict[str, Any] = {}
    for status in statuses:
        answer: dict[str, Any] = {"description": _WORDS[status], "headers": dict(headers)}
        if status == 303:
            answer["headers"]["Location"] = {"required": True, "schema": _TEXT}
        elif content and content != "*/*":
            # What is refused is a page that says so.
            answer["content"] = {content if status == 200 else HTML: {}}
        answers[str(status)] = answer
    return answers


if __name__ == "__main__":
    print(json.dumps(description(), ensure_ascii=False, indent=2))
