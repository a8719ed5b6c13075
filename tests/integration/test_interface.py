"""The portal's interface is as its OpenAPI document says; nothing anybody sends breaks it, and looking changes nothing."""

from __future__ import annotations

import asyncio
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from installation import Installation, at
from office_portal import Portal
from schemathesis import Case, GenerationMode
from schemathesis.core.transport import Response
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    status_code_conformance,
)
from starlette.routing import Mount, Route

from portal.allowance import Allowance
from portal.interface import HEADERS, INTERFACE, description
from portal.sessions import Limiter
from tasks.store.settle import look

Q1 = "ke-hoach/quy-mot/2024-Q1"
MARCH = "chi-so/ket-qua/2024-03"
TRUTHS = [status_code_conformance, content_type_conformance, response_headers_conformance]
VALID = "@valid"  # stands in a generated form for what the page's own form carries now
VISITORS = ["", "tracker", "auditor", "operator"]
EXAMPLES = 6
# What a browser does not send and a probe does.
HOSTILE = st.sampled_from(
    ["", "\0", "a\0b", "٣/٣/٢٠٢٤", "31/02/2024", "0000-00-00", "99999-01-01", "9999-12-31", "9" * 5000, "-1", "NaN",
     "1e999", "../../etc", "%00", "%ff", "<script>", "' OR 1=1 --", "\u202e\u200b", "\r\nSet-Cookie: a=b", "{{7*7}}", "𝟚𝟘𝟚𝟜",
     "accept", "nho-2024", "hcqt", "red", "2024-04-30"]
)  # fmt: skip
FIELDS = st.sampled_from(sorted({name for entry in INTERFACE.values() for name in {**entry.form, **entry.query}}))
quick = settings(
    max_examples=EXAMPLES, derandomize=True, deadline=None, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.fixture
def portal(installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Portal:
    look(installation.engine, installation.house, installation.plan.id, at("2024-03-01", "08:00"))
    # A limit would hide what lies behind it.
    monkeypatch.setattr(Allowance, "take", lambda *_: 0)
    monkeypatch.setattr(Limiter, "allows", lambda *_: True)
    return Portal(installation, tmp_path / "mail", at("2024-03-22", "09:00"))


class Probe:
    """Somebody who sends generated requests to the portal within this process."""

    def __init__(self, portal: Portal, role: str) -> None:
        self.portal = portal
        self.schema = schemathesis.openapi.from_dict(_with_what_is_there(portal))
        self.schema.app = portal.app
        self.cookies = asyncio.run(self._cookies(role))

    async def _cookies(self, role: str) -> dict[str, str]:
        async with self.portal.signed_in(role) as browser:
            await browser.get("/vao")
            return dict(browser.cookies)

    def operations(self) -> list[APIOperation]:
        return [found.ok() for found in self.schema.get_all_operations()]

    def send(self, case: Case, hostile: dict[str, str]) -> Response:
        """The case with some of its fields replaced, and with the marks of the page's own form."""
        case.query = {**(case.query or {}), **{name: hostile[name] for name in hostile if name in _query(case)}}
        if isinstance(case.body, dict):
            case.body.update({name: hostile[name] for name in hostile if name in _form(case) - {"files"}})
            if VALID in case.body.values():
                marks = self._marks(case)
                case.body.update({name: marks.get(name, "x") for name, value in case.body.items() if value == VALID})
        return case.call(base_url=self.portal.public_url, cookies=self.cookies, allow_redirects=False)

    def _marks(self, case: Case) -> dict[str, str]:
        path = case.formatted_path
        act = path.rpartition("/")[2]
        if path.startswith("/a/"):
            path = path.rpartition("/")[0]
        if path == "/ra":
            path = "/"

        async def get() -> str:
            async with self.portal.browser() as browser:
                browser.cookies.update(self.cookies)
                return (await browser.get(path)).text

        page = asyncio.run(get())
        if case.path.startswith("/a/"):
            page = "".join(re.findall(rf'action="[^"]+/{act}#answer".*?</form>', page, re.DOTALL)[:1])
        return {name: unescape(value) for name, value in re.findall(r'name="(form|token|seq)" value="([^"]*)"', page)}


def _query(case: Case) -> set[str]:
    return set(INTERFACE[case.path].query)


def _form(case: Case) -> set[str]:
    return set(INTERFACE[case.path].form)


def _with_what_is_there(portal: Portal) -> dict[str, Any]:
    """The document, with the links, occurrences and form marks there are as further examples."""
    document = description()
    tokens = [
        portal.token(Q1, "unit:hcqt"),
        portal.token(MARCH, "unit:ttpvks"),
        portal.token(MARCH, "role:tracker"),
        portal.token(Q1, "unit:hcqt", until="2024-03-01"),
    ]
    there = {"/a/": ("token", tokens), "/ky/": ("id", list(portal.installation.states()))}
    for path, found in document["paths"].items():
        for parameter in found["parameters"]:
            for start, (name, values) in there.items():
                if path.startswith(start) and parameter["name"] == name:
                    parameter["schema"] = {"anyOf": [{"enum": values}, parameter["schema"]]}
        for body in found.get("post", {}).get("requestBody", {}).get("content", {}).values():
            marks = {"form", "token", "seq"} & set(body["schema"]["properties"])
            body["schema"]["properties"].update({name: {"enum": [VALID, VALID, VALID, "x", ""]} for name in marks})
            body["schema"]["required"] = sorted(marks)
    return document


def guarded(response: Response) -> None:
    """Never a server's fault, and the guard's headers on every answer."""
    assert response.status_code < 500, response.text[:500]
    assert {name.lower() for name in HEADERS} <= set(response.headers), response.status_code


@pytest.mark.parametrize("role", VISITORS)
def test_whatever_is_sent_is_answered_as_described(portal: Portal, role: str) -> None:
    probe = Probe(portal, role)
    for operation in probe.operations():
        before = portal.installation.ledger()

        @quick
        @given(operation.as_strategy(), st.dictionaries(FIELDS, HOSTILE, max_size=3))
        def as_described(case: Case, hostile: dict[str, str]) -> None:
            response = probe.send(case, hostile)
            guarded(response)
            case.validate_response(response, checks=TRUTHS)

        @quick
        @given(operation.as_strategy(GenerationMode.NEGATIVE))
        def not_broken(case: Case) -> None:
            guarded(probe.send(case, {}))

        as_described()
        if any(INTERFACE[operation.path].__getattribute__(name) for name in ("path", "query", "form")):
            not_broken()
        if operation.method.upper() != "POST":
            assert portal.installation.ledger() == before, operation.label
    assert portal.installation.states() == portal.installation.folded()
