"""The portal's interface is as its OpenAPI document says; nothing anybody sends breaks it, and looking changes nothing."""

from __future__ import annotations

import asyncio
import hashlib
import re
import shutil
from dataclasses import replace
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from installation import CONFIG, Installation, at
from itsdangerous import Signer
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

from dondoc.obligations.act_table import BY_ADDRESS
from dondoc.office.delegation import Delegation
from portal.app.addresses import INTERFACE
from portal.app.interface import HEADERS, description
from portal.mailbox.kept_letters import Letters
from portal.office.feeds import LEADERS
from portal.shell.rate_limit import Allowance
from tasks.inbox.receiving import receive
from tasks.runs.sweep import send_mail
from tasks.store.authority import delegate
from tasks.store.files import keep_file
from tasks.store.settle import check_occurrences

BASE = "dondoc@x.example"
Q1 = "ke-hoach/quy-mot/2024-Q1"
FEBRUARY = "chi-so/ket-qua/2024-02"
MARCH = "chi-so/ket-qua/2024-03"
TRUTHS = [status_code_conformance, content_type_conformance, response_headers_conformance]
MARKS = {"form", "token", "seq"}  # hidden fields that a page gives its own forms
VALID = "@valid"  # stands in a generated form for what the page's own form carries now
OFFICE = (
    "/bang",
    "/bieu-do",
    "/chung-cu",
    "/chi-so",
    "/diem",
    "/ky/",
    "/lich",
    "/o/",
    "/prefect",
    "/tep/",
    "/thu/",
    "/van-ban",
    "/vang",
    "/viec",
)
VISITORS = {  # whose way leads where
    "": ("/",),
    "tracker": (*OFFICE, "/vao", "/ra"),
    "auditor": OFFICE,
    "operator": (*OFFICE, "/mail"),
}
PDF = b"%PDF-1.7\n63"
SHA = hashlib.sha256(PDF).hexdigest()
STRAY = b"From: la@x.example\r\nTo: dondoc@x.example\r\nSubject: =?x?Q?=00?=\r\n\r\nXin h\xe1\xbb\x8fi.\r\n"
PARTS = ("plan", "item", "obligation", "period")
# A thread of the application that uses `random` while schemathesis draws a case looks to hypothesis like the strategy's own.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Do not use the `random` module inside strategies:hypothesis.errors.HypothesisDeprecationWarning"
)
# What a browser does not send and a probe does.
HOSTILE = st.sampled_from(
    ["", "\0", "a\0b", "٣/٣/٢٠٢٤", "31/02/2024", "0000-00-00", "99999-01-01", "9999-12-31", "9" * 5000, "-1", "NaN",
     "1e999", "../../etc", "%00", "%ff", "<script>", "' OR 1=1 --", "\u202e\u200b", "\r\nSet-Cookie: a=b", "{{7*7}}", "𝟚𝟘𝟚𝟜",
     "accept", "nho-2024", "hcqt", "red", "2024-04-30", "2024-Q1", "kiem-soat", "role:tracker", "role:deputy"]
)  # fmt: skip
FIELDS = st.sampled_from(sorted({name for entry in INTERFACE.values() for name in {**entry.form, **entry.query}}))
quick = settings(
    max_examples=8, derandomize=True, deadline=None, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
thorough = settings(quick, max_examples=20)


@pytest.fixture
def portal(installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Portal:
    """A morning whose mail is sent, with a file handed in and somebody standing in; no limit hides what lies behind."""
    made = Portal(installation, tmp_path / "mail", at("2024-03-22", "09:00"))
    installation.settings = replace(
        installation.settings, base_url=made.public_url, link_secret=made.secret, reply_base=BASE
    )
    check_occurrences(installation.engine, installation.rules, installation.plan.id, at("2024-03-22", "08:30"))
    send_mail.fn(installation.morning(at("2024-03-22", "08:30")))
    keep_file(installation.settings.var / "files", PDF)
    file = ("Kết quả 63.pdf", "application/pdf", len(PDF), SHA)
    installation.act(FEBRUARY, "submit", at("2024-03-22", "08:40"), "unit:ttpvks", files=(file,))
    away = Delegation("role:head", "role:deputy", date(2024, 3, 22), date(2024, 3, 29), "Đi công tác")
    delegate(installation.engine, installation.rules, away, at("2024-03-22", "08:45"), "role:head")
    receive(installation.morning(at("2024-03-22", "08:50")), STRAY)
    monkeypatch.setattr(Allowance, "take", lambda *_: 0)
    return made


class Probe:
    """Somebody who sends generated requests to the portal within this process."""

    def __init__(self, portal: Portal, role: str) -> None:
        self.portal, self.role = portal, role
        document = description()
        for found in document["paths"].values():
            for body in found.get("post", {}).get("requestBody", {}).get("content", {}).values():
                marks = MARKS & set(body["schema"]["properties"])
                body["schema"]["properties"].update({name: {"enum": [VALID]} for name in marks})
        self.schema = schemathesis.openapi.from_dict(document)
        self.schema.app = portal.app
        self.cookies = asyncio.run(self._sign_in())

    async def _sign_in(self) -> dict[str, str]:
        async with self.portal.signed_in(self.role) as browser:
            await browser.get("/vao")
            return dict(browser.cookies)

    def operations(self) -> list[APIOperation]:
        """What lies on this visitor's way, signing out last. HEAD is asked with every GET."""
        found = [result.ok() for result in self.schema.get_all_operations()]
        mine = [o for o in found if o.path.startswith(VISITORS[self.role]) and o.method.upper() != "HEAD"]
        return sorted(mine, key=lambda operation: operation.path == "/ra")

    def there(self, path: str) -> list[dict[str, str]]:
        """What that address can be asked about and is there."""
        if path.startswith("/a/"):
            parties = [(Q1, "unit:hcqt"), (MARCH, "unit:ttpvks"), (MARCH, "role:tracker"), (Q1, "head:hcqt")]
            tokens = [self.portal.token(*found) for found in [*parties, *[(FEBRUARY, "unit:ttpvks")] * 3]]
            tokens.append(self.portal.token(Q1, "unit:hcqt", until="2024-03-01"))
            return [{"token": token, "seq": seq, "number": "1"} for token in tokens for seq in ("1", self.told("occ"))]
        if path.startswith("/tep/"):
            return [{"seq": self.told("occurrence.submitted"), "number": number} for number in "112"]
        if path.startswith("/thu/"):
            name = hashlib.sha256(hashlib.sha256(STRAY).hexdigest().encode()).hexdigest()
            return [{"name": name, "code": "-", "number": number} for number in "01"]
        if path.startswith("/vang/"):
            return [{"seq": self.told("delegation")}]
        if path.startswith("/chung-cu/"):
            return [{"seq": self.told(kind)} for kind in ("occurrence.submitted", "notice.sent", "plan.adopted")]
        if path.startswith("/diem/"):
            signer = Signer(self.portal.secret, salt="dondoc scorecard")
            return [{"token": signer.sign(unit).decode()} for unit in ("hcqt", "khong-co")]
        if "{plan}" in path:
            return [
                dict(zip(PARTS, name.split("/"), strict=True)) for name in sorted(self.portal.installation.states())
            ]
        if path.startswith("/mail/"):
            return [{"id": letter.id} for letter in Letters(self.portal.mail).all()]
        if path.startswith("/lich/"):
            signer = Signer(self.portal.secret, salt="dondoc calendar feed")
            return [{"token": signer.sign(whose).decode()} for whose in (LEADERS, "hcqt")]
        return [{"path": "portal.css"}] if path.startswith("/static/") else []

    def told(self, kind: str) -> str:
        """The number of the last entry of that kind."""
        return str(self.portal.installation.ledger(kind)[-1]["seq"])

    def send(self, case: Case, hostile: dict[str, str], there: dict[str, str] | None) -> Response:
        """The case with some fields replaced, about something there is, with the marks of the page's own form."""
        for name in case.path_parameters:
            case.path_parameters[name] = (there or {}).get(name, case.path_parameters[name])
        known = INTERFACE[case.path]
        case.query = {**(case.query or {}), **{name: hostile[name] for name in hostile if name in known.query}}
        if isinstance(case.body, dict):
            spoiled = {
                name: hostile[name] for name in hostile if name in known.form and name not in {*MARKS, "act", "files"}
            }
            case.body.update(spoiled)
            if VALID in case.body.values():
                marks = self._marks(case)
                case.body.update({name: marks.get(name, "x") for name, value in case.body.items() if value == VALID})
        return self.call(case)

    def call(self, case: Case) -> Response:
        """The case as it is."""
        response = case.call(base_url=self.portal.public_url, cookies=self.cookies, allow_redirects=False, timeout=60)
        # Never a fault of the server, and the guard's headers on every answer.
        assert response.status_code < 500
        assert {name.lower() for name in HEADERS} <= set(response.headers)
        return response

    def _marks(self, case: Case) -> dict[str, str]:
        path, _, act = case.formatted_path.rpartition("/")
        if not case.path.startswith("/a/{token}"):
            path, act = ("/" if case.path == "/ra" else case.formatted_path), ""
        if case.path.startswith("/vang"):
            path = "/vang"
        if case.path.startswith("/chung-cu"):
            path = "/chung-cu"

        async def get() -> str:
            async with self.portal.browser() as browser:
                browser.cookies.update(self.cookies)
                return (await browser.get(path)).text

        page = asyncio.run(get())
        if act:
            page = "".join(re.findall(rf'action="[^"]+/{act}#answer".*?</form>', page, re.DOTALL)[:1])
        return {name: unescape(value) for name, value in re.findall(r'name="(form|token|seq)" value="([^"]*)"', page)}


def _some(found: list[dict[str, str]]) -> st.SearchStrategy[dict[str, str] | None]:
    return st.one_of(st.sampled_from(found), st.sampled_from(found), st.none()) if found else st.none()


@pytest.mark.parametrize("role", VISITORS)
def test_whatever_is_sent_is_answered_as_described_and_looking_changes_nothing(portal: Portal, role: str) -> None:
    probe = Probe(portal, role)
    for operation in probe.operations():
        before = portal.installation.ledger()

        @(thorough if operation.method.upper() == "POST" else quick)
        @given(
            operation.as_strategy(), st.dictionaries(FIELDS, HOSTILE, max_size=3), _some(probe.there(operation.path))
        )
        def as_described(case: Case, hostile: dict[str, str], there: dict[str, str] | None) -> None:
            response = probe.send(case, hostile, there)
            case.validate_response(response, checks=TRUTHS)
            if case.method == "GET":
                case.method = "HEAD"
                assert probe.call(case).status_code == response.status_code

        @quick
        @given(operation.as_strategy(GenerationMode.NEGATIVE))
        def not_broken(case: Case) -> None:
            probe.call(case)

        as_described()
        known = INTERFACE[operation.path]
        if known.path or known.query or known.form:
            not_broken()
        if operation.method.upper() == "GET":
            new = portal.installation.ledger()[len(before) :]
            # Whoever signs in is named for a file: a download of evidence is evidence.
            assert {entry["kind"] for entry in new} <= {"file.downloaded"}, operation.label
            known = ("/tep/{seq}/{number}", "/chung-cu/thu/{seq}/eml")
            assert new == [] or operation.path in known or operation.path.startswith("/thu/"), operation.label
    assert portal.installation.states() == portal.installation.folded()


RAW = [b"", b"\xff\xfe", b"reason=%ED%A0%80", b"act=waive&reason=%00", b"a" * 70_000, b"&".join([b"a=1"] * 99), b"=&=;%",
       b"--x\r\n", b"--x\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\n\xff\xfe\0\r\n--x--\r\n",
       b"--x\r\nContent-Disposition: form-data; name=\"files\"; filename=\"\xff.pdf\"\r\n\r\n%PDF\r\n--x--\r\n",
       b"--x\r\nContent-Disposition: form-data\r\n\r\n\r\n--x--\r\n", b"--x\r\n:\r\n\r\n"]  # fmt: skip
TYPES = ["", "text/plain", "application/json", "application/x-www-form-urlencoded", "multipart/form-data", "\xe9",
         "multipart/form-data; boundary=x", "multipart/form-data; boundary=", "multipart/form-data; boundary=x; charset=no",
         "application/x-www-form-urlencoded; charset=no"]  # fmt: skip


async def test_no_body_of_any_type_breaks_a_form(portal: Portal) -> None:
    before = portal.installation.ledger()
    paths = [path for path, entry in INTERFACE.items() if entry.post]
    there = {
        "token": portal.token(Q1, "unit:hcqt"),
        "seq": "1",
        "name": "0",
        "code": "-",
        **dict(zip(PARTS, f"nho-2024/{Q1}".split("/"), strict=True)),
    }
    async with portal.signed_in("tracker") as browser:
        for path in (path.format(**there) for path in paths if path != "/ra"):
            for kind in TYPES:
                for raw in RAW:
                    headers = {b"content-type": kind.encode("latin-1")} if kind else {}
                    answer = await browser.post(path, content=raw, headers=headers)
                    assert 303 <= answer.status_code < 500 or path == "/a/new-link", (path, kind, raw[:60])
                    assert answer.status_code < 500, (path, kind, raw[:60])
                    assert "content-security-policy" in answer.headers
    assert portal.installation.ledger() == before


HEADERS_OF_PROBES = [
    ("origin", "http://["), ("origin", "null"), ("origin", "\xe9"), ("sec-fetch-site", "cross-site"), ("host", "["), ("host", ""),
    ("cookie", "dondoc=\xff.x; dondoc-form=\xe9"), ("cookie", "dondoc=.; =; ;"), ("cookie", "dondoc-form=" + "x" * 199),
    ("range", "bytes=9-1,a-b"), ("if-modified-since", "Mon, 99 Foo 99999 99:99:99 GMT"), ("if-none-match", "\xe9"),
    ("content-length", "-1"), ("content-length", "9" * 5000), ("content-length", "\xb2"), ("expect", "x"), ("accept", "\xff"),
    ("transfer-encoding", "x"), ("x-forwarded-for", "["), ("accept-encoding", "\0"),
]  # fmt: skip
ADDRESSES_OF_PROBES = [
    "/a/{token}/recorded/" + "9" * 5000, "/a/{token}/recorded/99999999999999999999", "/a/" + "A" * 20_000, "/a/%00", "/a/{token}/x",
    "/a/{token}/recorded/0", "/ky/" + "a/" * 2000, "/ky/%ED%A0%80", "/o/%0d%0aSet-Cookie:a=b", "/o/" + "%C3%A9" * 900, "/o/%ff",
    "/mail/%00", "/mail/..%2f..%2fetc", "/static/..%2f..%2fapp.py", "/static/%00", "/static/" + "a" * 5000, "/static/", "/lich/%00.ics",
    "/lich/%F0%9F%98%80.ics", "/vao/" + "a" * 9000, "//evil.example/%2e%2e", "/bang/", "/bang?" + "q=1&" * 3000, "/mail?day=0000-00-00",
    "/tep/" + "9" * 5000 + "/1", "/tep/1/" + "9" * 5000, "/tep/" + "9" * 20 + "/1", "/tep/%D9%A3/1", "/vang/" + "9" * 5000 + "/thoi",
    "/vang/" + "9" * 20 + "/thoi", "/a/{token}/tep/" + "9" * 5000 + "/1", "/a/{token}/tep/1/" + "9" * 20, "/a/new-link",
    "/diem/%00", "/diem/" + "A" * 9000, "/diem/%C3%A9.%C3%A9", "/diem?plan=%ED%A0%80&so=%00&quarter=%D9%A3", "/diem.xlsx?unit=%ED%A0%80",
    "/bang.xlsx?q=%ED%A0%80&unit=%00", "/chi-so?plan=%00&thang=%ED%A0%80", "/bieu-do?plan=%ED%A0%80", "/bieu-do/don-vi.svg?plan=%00",
    "/van-ban?plan=%ED%A0%80", "/van-ban/tai?kind=progress&period=%ED%A0%80", "/van-ban/tai?kind=reminder&day=%00",
    "/van-ban/tai?kind=inspection-plan&item=%ED%A0%80", "/viec?unit=%ED%A0%80&page=%D9%A3", "/vang?xong=%ED%A0%80",
    "/chung-cu?item=%ED%A0%80&muc=%D9%A3&page=%D9%A3", "/chung-cu?from=%00&muc=" + "9" * 5000, "/chung-cu/muc/" + "9" * 5000,
    "/chung-cu/thu/" + "9" * 20 + "/eml", "/chung-cu/muc/0", "/chung-cu?document=%00",
    "/mail?page=" + "9" * 6, "/mail?to=%ED%A0%80", "/vao?den=%ED%A0%80", "/vao?den=//evil.example", "/bang?plan=%ED%A0%80&page=%D9%A3",
]  # fmt: skip


async def test_no_header_and_no_address_breaks_a_page(portal: Portal) -> None:
    token, before = portal.token(Q1, "unit:hcqt"), portal.installation.ledger()
    known = [f"/a/{token}", f"/ky/nho-2024/{Q1}", "/bang", "/vao", "/static/portal.css"]
    async with portal.signed_in("tracker") as browser:
        for name, value in HEADERS_OF_PROBES:
            for path in known:
                for method in ("GET", "HEAD"):
                    _unbroken(await browser.request(method, path, headers={name: value.encode("latin-1")}), name, value)
            for path in (f"/a/{token}/done", known[1], "/vao"):
                given = {"content-type": b"multipart/form-data; boundary=x", name: value.encode("latin-1")}
                _unbroken(await browser.post(path, content=b"--x--", headers=given), name, value)
        for address in ADDRESSES_OF_PROBES:
            for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "POST", "TRACE", "X"):
                _unbroken(await browser.request(method, address.format(token=token)), method, address[:80])
    assert portal.installation.ledger() == before


def _unbroken(answer: Any, *sent: str, most: int = 499) -> None:
    assert answer.status_code <= most, sent
    assert answer.status_code != 500, sent
    assert {name.lower() for name in HEADERS} <= set(answer.headers), sent


async def test_a_configuration_that_cannot_be_read_breaks_no_page(portal: Portal, tmp_path: Path) -> None:
    """An operator's slip in a file: a page of ours that says so, or signing in again, and well once it is mended."""
    shutil.copytree(CONFIG, tmp_path / "config")
    installation = portal.installation
    installation.settings = replace(installation.settings, config=tmp_path / "config")
    broken = Portal(installation, portal.mail, portal.now)
    there = {"token": portal.token(Q1, "unit:hcqt"), "seq": "1", "number": "1", "id": "0", "name": "0", "code": "-", "path": "portal.css",
             **dict(zip(PARTS, f"nho-2024/{Q1}".split("/"), strict=True))}  # fmt: skip
    office = tmp_path / "config/office.yaml"
    text = office.read_text(encoding="utf-8")
    async with broken.signed_in("tracker") as browser:
        assert (await browser.get("/bang")).status_code == 200
        office.write_text("units: [", encoding="utf-8")
        for path, entry in INTERFACE.items():
            for method in (("GET", "HEAD") if entry.get else ()) + (("POST",) if entry.post and path != "/ra" else ()):
                answer = await browser.request(method, path.format(**there), data={"token": "x", "act": "accept"})
                _unbroken(answer, method, path, most=503)
        office.write_text(text, encoding="utf-8")
        assert (await browser.get("/bang")).status_code == 200


async def test_every_route_and_every_field_of_a_form_is_described(portal: Portal) -> None:
    described = {
        path.replace("{plan}/{item}/{obligation}/{period}", "{id}"): entry for path, entry in INTERFACE.items()
    }
    routes = {re.sub(r":\w+(?=})", "", r.path) for r in portal.app.routes if isinstance(r, Route)}
    answers = {f"/a/{{token}}/{address}" for address in BY_ADDRESS}
    assert [r.path for r in portal.app.routes if isinstance(r, Mount)] == ["/static"]
    assert routes - {"/a/{token}/{act}"} == set(described) - answers - {"/static/{path}"}
    portal.installation.act(
        Q1, "extend_request", portal.now, "unit:hcqt", reason="Chờ", until=portal.now.date().replace(month=4)
    )
    async with portal.signed_in("tracker") as browser, portal.browser() as anyone:
        token = portal.token(MARCH, "unit:ttpvks")
        known = ("/bang", "/chi-so", "/diem", "/mail", "/van-ban", "/vang", "/viec", f"/ky/nho-2024/{Q1}")
        pages = [await browser.get(path) for path in known]
        pages += [await anyone.get(path) for path in (f"/a/{token}", f"/a/{token[:-9]}", "/vao")]
    for page in pages:
        for method, action, inside in _FORMS.findall(page.text):
            path = re.sub(r"^/vang/\d+/", "/vang/{seq}/", str(unescape(action or page.url.path)).partition("#")[0])
            entry = described[path.replace(token, "{token}").replace(f"nho-2024/{Q1}", "{id}")]
            sent = set(re.findall(r'<(?:input|select|textarea)[^>]* name="(\w+)"', inside))
            assert sent <= set(entry.form if method == "post" else entry.query), path
            assert entry.post or method == "get", path


_FORMS = re.compile(r'<form[^>]* method="(\w+)"(?: action="([^"]+)")?[^>]*>(.*?)</form>', re.DOTALL)
