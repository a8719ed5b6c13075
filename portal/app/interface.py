"""The portal's interface as an OpenAPI document: every address, what it takes, and every answer it may give.

It is generated for whoever checks the portal (`python -m portal.app.interface`) and never served: people need no map of
it, and nobody else is helped to one.
"""

from __future__ import annotations

import json
import re
from typing import Any

from portal.app.addresses import HTML, INTERFACE, Entry

# What every answer carries (portal.shell.security_headers).
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
_TEXT = {"type": "string"}
_NEEDED = {"act", "form", "token", "seq"}  # without which a form of ours was never sent


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
            "responses": _answers(entry.post, HTML if entry.get else entry.content),
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
