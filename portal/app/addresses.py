"""Every address of the portal: what it takes by which method, and every status it may answer with.

A test compares this with the routes and forms there are; `portal.app.interface` makes an OpenAPI document of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dondoc.documents.kinds import DOCUMENT_KINDS as DOCUMENTS
from dondoc.mail.links import LONGEST
from dondoc.obligations.act_table import ACT_FIELDS, ACTS, BY_ADDRESS, MOST_FILES, OFFICE_DECIDES, ActName
from dondoc.reports.scorecard import FIGURES
from portal.office.inbox import INBOX_KINDS as WAITING
from tasks.documents.writing import DOCX
from tasks.spreadsheets.reading import XLSX

HTML, TEXT, ICS, SVG, URLENCODED = (
    "text/html", "text/plain", "text/calendar", "image/svg+xml", "application/x-www-form-urlencoded"
)  # fmt: skip
MULTIPART, BYTES, ZIP = "multipart/form-data", "application/octet-stream", "application/zip"
_TEXT: dict[str, Any] = {"type": "string"}
_DAY: dict[str, Any] = {"type": "string", "description": "A day, 2024-03-31 or 31/03/2024; empty for none."}
_PAGE: dict[str, Any] = {"type": "string", "description": "The page's number; anything else counts as 1."}
_TOKEN: dict[str, Any] = {"type": "string", "pattern": f"^[A-Za-z0-9_-]{{1,{LONGEST}}}$"}
_SIGNED: dict[str, Any] = {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,200}$"}
_MAIL: dict[str, Any] = {"type": "string", "pattern": "^[0-9a-f]{1,64}$"}
_NUMBER: dict[str, Any] = {"type": "string", "pattern": "^[0-9]{1,18}$"}
_QUARTER: dict[str, Any] = {"enum": ["", "1", "2", "3", "4"], "description": "Anything else counts as not said."}
_FILES: dict[str, Any] = {"type": "array", "items": {"type": "string", "format": "binary"}, "maxItems": MOST_FILES}


def _one_of(*known: str) -> dict[str, Any]:
    """One of these; anything else is answered too."""
    return {"anyOf": [{"enum": list(known)}, _TEXT]}


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


def _fields(*acts: ActName) -> dict[str, dict[str, Any]]:
    """The fields of those acts' forms."""
    shown = {"line": _TEXT, "lines": _TEXT, "day": _DAY, "files": _FILES}
    return {field: shown[ACT_FIELDS[field].form] for act in acts for field in ACTS[act].fields}


def _answer(act: ActName) -> Entry:
    """Where a unit answers with that act."""
    form = {"form": _TEXT, **_fields(act)}
    return Entry(
        ACTS[act].help, (303,), _ANSWER, path=_LINKED, form=form, sent_as=MULTIPART if "files" in form else URLENCODED
    )


_OFFICE = (200, 303, 403, 503)  # a page for signed-in people
_LINK = (200, 404, 410, 503)  # a page behind a link in a mail
_ANSWER = (303, 400, 403, 404, 409, 410, 413, 422, 429, 503)
_LINKED = {"token": _TOKEN}
_PART: dict[str, Any] = {"type": "string", "pattern": "^[A-Za-z0-9-]{1,60}$"}
_ADDRESS = dict.fromkeys(("plan", "item", "obligation", "period"), _PART)
_KEPT = {
    "name": {"type": "string", "pattern": "^[0-9a-f]{64}$"}, "code": {"type": "string", "pattern": "^[A-Za-z0-9-]{1,80}$"},
}  # fmt: skip
_FILTER = {"plan": _TEXT, "unit": _TEXT, "quarter": _QUARTER, "state": _TEXT, "q": _TEXT}
_PLAN = {"plan": _TEXT}
_CARD = {
    "plan": _TEXT, "quarter": _QUARTER, "unit": _TEXT, "role": _one_of("", "lead", "coordinating"), "so": _one_of(*FIGURES),
}  # fmt: skip
_FORM_OF_OFFICE = (303, 400, 403, 413, 415, 422, 503)

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
        query={**_FILTER, "ngay": _TEXT, "page": _PAGE},
    ),
    "/bang.xlsx": Entry("The board as a workbook.", (*_OFFICE, 404), query=_FILTER, content=XLSX),
    "/chi-so": Entry("The monthly index.", _OFFICE, query={**_PLAN, "thang": _TEXT}),
    "/chi-so/xu-huong.svg": Entry("Its trend.", (*_OFFICE, 404), query=_PLAN, content=SVG),
    "/bieu-do": Entry("The plan in pictures.", _OFFICE, query=_PLAN),
    "/bieu-do/thoi-gian.svg": Entry("Its timeline.", (*_OFFICE, 404), query=_PLAN, content=SVG),
    "/bieu-do/don-vi.svg": Entry("Its units by month.", (*_OFFICE, 404), query=_PLAN, content=SVG),
    "/diem": Entry("The scorecard of each unit, and what a figure of it was counted from.", _OFFICE, query=_CARD),
    "/diem.xlsx": Entry("The scorecards as a workbook.", (*_OFFICE, 404), query=_CARD, content=XLSX),
    "/diem/{token}": Entry("A unit's own scorecard.", (200, 404, 503), path={"token": _SIGNED}, query=_CARD),
    "/van-ban": Entry("The documents that can be written.", _OFFICE, query=_PLAN),
    "/van-ban/tai": Entry(
        "One of them.", (*_OFFICE, 404, 422), content=DOCX,
        query={**_PLAN, "kind": _one_of(*DOCUMENTS), "item": _TEXT, "period": _TEXT, "day": _DAY},
    ),
    "/viec": Entry(
        "What waits for a decision.", _OFFICE,
        query={"kind": _one_of("", *WAITING), "unit": _TEXT, "own": _one_of("", "1"), "page": _PAGE, "xong": _TEXT},
    ),
    "/vang": Entry(
        "Who stands in for whom.", _OFFICE, _FORM_OF_OFFICE, query={"xong": _TEXT},
        form={"token": _TEXT, "absent": _TEXT, "stand_in": _TEXT, "first": _DAY, "last": _DAY, "reason": _TEXT},
    ),
    "/vang/{seq}/thoi": Entry(
        "It ends now.", (), (*_FORM_OF_OFFICE, 404, 409), path={"seq": _NUMBER}, form={"token": _TEXT}
    ),
    "/tep/{seq}/{number}": Entry(
        "A file that was handed in.", (*_OFFICE, 404, 410), path={"seq": _NUMBER, "number": _NUMBER}, content=BYTES
    ),
    "/thu/{name}/{code}": Entry(
        "A mail that counts as no result, and that it was looked at.", (*_OFFICE, 404),
        (303, 400, 403, 404, 413, 415, 503), path=_KEPT, form={"token": _TEXT},
    ),
    "/thu/{name}/{code}/thu.eml": Entry("The mail as it came.", (*_OFFICE, 404, 410), path=_KEPT, content=BYTES),
    "/thu/{name}/{code}/{number}": Entry(
        "A file of it.", (*_OFFICE, 404, 410), path={**_KEPT, "number": _NUMBER}, content=BYTES
    ),
    "/chung-cu": Entry(
        "Finding evidence.", _OFFICE,
        query={
            **_PLAN, "item": _TEXT, "unit": _TEXT, "document": _TEXT, "from": _DAY, "to": _DAY, "muc": _TEXT, "page": _PAGE,
        },
    ),
    "/chung-cu/kiem-tra": Entry("The whole ledger checked.", _OFFICE),
    "/chung-cu/muc/{seq}": Entry("One entry.", (*_OFFICE, 404), path={"seq": _NUMBER}),
    "/chung-cu/thu/{seq}": Entry("The mail an entry names.", (*_OFFICE, 404, 410), path={"seq": _NUMBER}),
    "/chung-cu/thu/{seq}/html": Entry("Its HTML, for a frame.", (*_OFFICE, 404, 410), path={"seq": _NUMBER}),
    "/chung-cu/thu/{seq}/eml": Entry(
        "As it was sent.", (*_OFFICE, 404, 410), path={"seq": _NUMBER}, content="message/rfc822"
    ),
    "/chung-cu/goi": Entry(
        "A pack of what was found.", (), (200, 303, 400, 403, 413, 415, 422, 429, 503), content=ZIP,
        form={
            "token": _TEXT, **_PLAN, "item": _TEXT, "unit": _TEXT, "document": _TEXT, "from": _DAY, "to": _DAY,
        },
    ),
    "/o/{plan}/{item}/{obligation}/{period}": Entry("Where mails lead.", (303,), path=_ADDRESS),
    "/ky/{plan}/{item}/{obligation}/{period}": Entry(
        "One occurrence, and the tracker's decision on it.",
        (*_OFFICE, 404), (303, 400, 403, 404, 409, 413, 415, 422, 429, 503), path=_ADDRESS, query={"xong": _TEXT},
        form={
            "act": {"enum": list(OFFICE_DECIDES)}, "seq": _TEXT, "token": _TEXT, **_fields(*OFFICE_DECIDES),
        },
    ),
    "/prefect": Entry("Over to Prefect's pages.", _OFFICE),
    "/prefect/{path}": Entry("Over to one of them.", _OFFICE, path={"path": {"type": "string", "pattern": "^[a-z0-9/-]+$"}}),
    "/lich": Entry("The addresses of calendar feeds.", _OFFICE),
    "/lich/{token}.ics": Entry("A calendar feed.", (200, 404, 503), path={"token": _SIGNED}, content=ICS),
    "/a/new-link": Entry(
        "Asking for a new link.", (), (200, 400, 403, 413, 415, 429, 503), form={"token": _TEXT, "address": _TEXT}
    ),
    "/a/{token}": Entry("A duty, and the answers to it.", _LINK, path=_LINKED),
    "/a/{token}/all": Entry("Everything the unit owes.", _LINK, path=_LINKED),
    "/a/{token}/recorded/{seq}": Entry(
        "What was recorded.", _LINK, path={**_LINKED, "seq": _NUMBER}, query={"again": _TEXT}
    ),
    "/a/{token}/tep/{seq}/{number}": Entry(
        "A file that the unit handed in.", _LINK, path={**_LINKED, "seq": _NUMBER, "number": _NUMBER}, content=BYTES
    ),
    **{f"/a/{{token}}/{address}": _answer(name) for address, name in BY_ADDRESS.items()},
}  # fmt: skip
