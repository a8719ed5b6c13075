"""Who sees and may do what, as a whole matrix; the board's filters, figures and weight; no question breaks it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from httpx import AsyncClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from installation import Installation, at
from office_portal import ADDRESSES, Portal, enlarge

from dondoc.obligations.state import Status
from operations.status import status_of
from portal.office.boards import Boards
from portal.office.status_marks import MARKS, TONE, TONES
from portal.shell.page_context import PageContext
from portal.shell.permissions import ACTIONS, MAY, ROLES, may
from portal.shell.settings import PortalSettings
from tasks.store.settle import check_occurrences

Q1 = "nho-2024/ke-hoach/quy-mot/2024-Q1"
PAGES = {
    "/bang": "board",
    f"/ky/{Q1}": "occurrence",
    "/viec": "inbox",
    "/mail": "mailbox",
    "/lich": "feed",
    "/van-ban": "document",
    "/bang.xlsx": "board",
    "/diem": "scorecard",
    "/diem.xlsx": "scorecard",
    "/vang": "delegate",
}
ALLOWED = {
    "board": {"tracker", "deputy", "head", "operator", "auditor"},
    "occurrence": {"tracker", "deputy", "head", "operator", "auditor"},
    "feed": {"tracker", "deputy", "head", "operator", "auditor"},
    "inbox": {"tracker", "deputy", "head"},
    "document": {"tracker", "deputy", "head"},
    "scorecard": {"tracker", "deputy", "head", "auditor"},
    "mailbox": {"operator"},
    "evidence": {"tracker", "deputy", "head", "operator", "auditor"},
    "runs": {"tracker", "deputy", "head", "operator", "auditor"},
    "operate": {"operator"},
    "delegate": {"tracker", "deputy", "head"},
    "accept": {"tracker"},
    "return": {"tracker"},
    "extend": {"tracker"},
    "refuse_extension": {"tracker"},
    "waive": {"tracker"},
    "answer_difficulty": {"tracker"},
    "mark_seen": {"tracker"},
}


@pytest.fixture
def portal(installation: Installation, tmp_path: Path) -> Portal:
    now = at("2024-03-28", "09:00")
    check_occurrences(installation.engine, installation.rules, installation.plan.id, now)
    # Not the demo: the mailbox is the operator's.
    return Portal(installation, tmp_path / "mail", now, public_url="https://dondoc.example")


@pytest.fixture
async def browser(portal: Portal) -> AsyncIterator[AsyncClient]:
    async with portal.signed_in("head") as client:
        yield client


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("role", [*ROLES, "", "unit", "unit_head"])
def test_the_table_of_permissions(role: str, action: str) -> None:
    assert set(MAY) == set(ALLOWED) == set(ACTIONS)
    assert may([role], action) == (role in ALLOWED[action])  # type: ignore[arg-type]
    # Where the tracker heads the lead unit, the leaders may review as well; nothing else changes.
    for_own = ALLOWED[action] | ({"deputy", "head"} if action in ("accept", "return") else set())
    assert may([role], action, own=True) == (role in for_own)  # type: ignore[arg-type]


@pytest.mark.parametrize("role", [*ADDRESSES, ""])
async def test_every_role_on_every_page_and_act(portal: Portal, role: str) -> None:
    before = portal.installation.ledger()
    async with portal.signed_in(role) as client:
        for page, action in PAGES.items():
            status = (await client.get(page)).status_code
            # The mailbox sends nobody to sign in: it opens by its own address alone.
            refused = 403 if role or page.startswith("/mail") else 303
            assert status == (200 if role in ALLOWED[action] else refused), page
        for act in ("accept", "return", "extend", "refuse_extension", "waive", "answer_difficulty"):
            answer = await client.post(f"/ky/{Q1}", data={"act": act, "token": "x", "seq": "1", "reason": "thử"})
            # Who may still needs the form's own token.
            assert answer.status_code == (403 if role else 303), act
            assert (f'value="{act}"' in answer.text) == (role == "tracker" and act in ("extend", "waive"))
        assert (await client.post(f"/ky/{Q1}", data={"act": "submit"})).status_code == (400 if role else 303)
    assert portal.installation.ledger() == before


async def test_the_figures_are_those_of_status(
    portal: Portal, browser: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (await browser.get("/bang")).text
    for name in ("services", "expected_children", "prepare", "_mail"):
        monkeypatch.setattr(f"operations.status.{name}", lambda *_: [])
    monkeypatch.setattr("tasks.config.loading.today", lambda _policy: portal.now.date())
    said = status_of(None, lambda: portal.installation.engine, lambda: portal.rules)  # type: ignore[arg-type]
    (plan,) = said["plans"]
    for name, number in plan["outcomes"].items():
        word = {"open": "chưa kết thúc", "overdue": "quá hạn"}[name]
        assert f"{word} {number}" in page
    assert f"tất cả {len(plan['occurrences'])}." in page
    assert f"mục {said['head']['seq']} của sổ chứng cứ" in page
    counts = [int(number) for number in re.findall(r"<b>(\d+)</b>", page)]
    assert sum(counts) == len(plan["occurrences"])


async def test_what_is_owed_comes_first_with_words_and_signs(browser: AsyncClient) -> None:
    page = (await browser.get("/bang")).text
    assert page.index("Tháng 3: ") < page.index('class="list"')
    shown = re.findall(r'class="mark (\w+)"><span aria-hidden="true">(.)</span> ([^<]+)<', page)
    assert [words for _, _, words in shown[:2]] == ["Quá hạn", "Quá hạn"]
    assert [words for _, _, words in shown[2:4]] == ["Sắp đến hạn", "Sắp đến hạn"]
    assert {sign for _, sign, _ in shown} <= set("▲◆●○")


async def test_the_filters(browser: AsyncClient) -> None:
    async def found(query: str) -> set[str]:
        return {
            name.partition("/")[2]
            for name in re.findall(r'href="/ky/([^"]+)"', (await browser.get(f"/bang?{query}")).text)
        }

    assert await found("unit=ttpvks&quarter=1") == {f"chi-so/ket-qua/2024-0{m}" for m in (1, 2, 3)}
    assert await found("state=overdue") == {"chi-so/ket-qua/2024-01", "chi-so/ket-qua/2024-02"} | {
        name for name in await found("state=red") if name.startswith("bao-cao")
    }
    assert await found("quarter=0") == {"chuyen-doi-so/ke-hoach/kh-tinh"}
    assert await found("q=KE+HOACH+ra+soat") == {"ke-hoach/quy-hai/2024-Q2"}
    assert await found("q=khong-co") == set()
    assert await found("state=red&unit=hcqt&quarter=4") == set()
    everything = await found("")
    assert everything == await found("unit=&quarter=&state=&q=&plan=&page=1") == await found("state=nonsense&page=x")
    assert everything == set().union(*[await found(f"state={tone}") for tone in TONES])
    assert everything == set().union(*[await found(f"state={mark}") for mark in MARKS])


async def test_a_board_of_five_thousand_weighs_what_one_of_fifty_does(portal: Portal) -> None:
    asked: list[str] = []
    sa.event.listen(portal.installation.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    weights = []
    for rows in (50, 5000):
        enlarge(portal.installation, rows)
        fresh = Portal(portal.installation, portal.mail, portal.now, public_url=portal.public_url)
        async with fresh.signed_in("head") as client:
            first = await client.get("/bang")
            assert f"tất cả {rows:,}.".replace(",", ".", 1) in first.text
            assert len((await client.get("/viec")).content) < 50_000
            asked.clear()
            assert (await client.get("/bang?page=2")).status_code == 200
            weights.append((len(first.content), len(asked)))
    (small, few), (large, many) = weights
    assert large < 50_000
    assert large < small * 1.3
    # A second page asks who the visitor is, for the head, the plans, the default one and the mail's troubles; not for
    # the occurrences.
    assert few == many <= 8


def test_what_is_read_again_is_what_a_first_look_reads(portal: Portal) -> None:
    behind = portal.installation
    settings_ = PortalSettings(
        portal.mail, "", installation=behind.settings, now=lambda: portal.now, engine=behind.engine
    )
    desk = PageContext(settings_, behind.settings)
    kept, asked = Boards(desk), list[str]()
    sa.event.listen(behind.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    acts = [
        lambda: behind.submit("ke-hoach/quy-mot/2024-Q1", portal.now),
        lambda: behind.act("ke-hoach/quy-mot/2024-Q1", "return", portal.now, reason="Thiếu"),
        lambda: behind.act("chi-so/ket-qua/2024-03", "raise_difficulty", portal.now, reason="Thiếu"),
        lambda: portal.later(days=1),
        lambda: check_occurrences(behind.engine, behind.rules, behind.plan.id, at("2024-04-02", "08:00")),
    ]
    for act in acts:
        before = kept.of("")
        act()
        asked.clear()
        after = kept.of("")
        again = [statement for statement in asked if "last_seq >" in statement]
        assert (after == before, after) == (False, Boards(desk).of(""))
        assert len(again) == (act is not acts[3])  # another day is another board


def test_every_mark_has_a_tone_and_every_status_a_mark() -> None:
    assert set(TONE) == set(MARKS)
    assert len(Status) == 10


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=st.dictionaries(
        st.sampled_from(["plan", "unit", "quarter", "state", "q", "page", "to", "day", "den", "xong"]),
        st.text(max_size=30),
    ),
    path=st.sampled_from(["/bang", "/viec", "/vao", f"/ky/{Q1}", "/mail", "/ky/", "/ky/%00", "/vao/%ff", "/ky/a%0ab"]),
)
async def test_no_query_breaks_a_page(browser: AsyncClient, query: dict[str, str], path: str) -> None:
    encoded = {key: value.encode("utf-8", "replace").decode() for key, value in query.items()}
    assert (await browser.get(path, params=encoded)).status_code < 500


@pytest.mark.parametrize(
    "query", ["q=%ff%fe", "plan=%00", "quarter=٣", "page=99999999999", "page=0", "page=-1", "&&&=="]
)
async def test_odd_octets_in_a_query(browser: AsyncClient, query: str) -> None:
    assert (await browser.get(f"/bang?{query}")).status_code == 200


async def test_a_name_is_shown_never_run(installation: Installation, tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    installation.act("ke-hoach/quy-mot/2024-Q1", "submit", at("2024-03-02"), document=evil)
    portal = Portal(installation, tmp_path / "mail", at("2024-03-28", "09:00"))
    async with portal.signed_in("tracker") as client:
        for page in ("/bang?q=" + evil, "/viec", f"/ky/{Q1}"):
            answer = await client.get(page)
            assert answer.status_code == 200
            assert evil not in answer.text
            assert "script" not in answer.headers["content-security-policy"]
        assert "&lt;script&gt;" in (await client.get(f"/ky/{Q1}")).text


async def test_a_feed_by_its_signed_address_shows_that_unit_only(portal: Portal, browser: AsyncClient) -> None:
    links = re.findall(r'href="https://dondoc.example(/lich/[^"]+)"', (await browser.get("/lich")).text)
    assert len(links) == 1 + len(portal.rules.office.units)
    async with portal.browser() as program:  # signed in nowhere
        leaders, hcqt, *_ = [await program.get(link) for link in links]
        assert leaders.headers["content-type"].startswith("text/calendar")
        owed = [name for name, state in portal.installation.states().items() if state["due"]]
        assert leaders.text.count("BEGIN:VEVENT") == len(owed)
        assert 0 < hcqt.text.count("BEGIN:VEVENT") < len(owed)
        assert "II.2.c" not in hcqt.text.replace("\r\n ", "")
        other = links[1].replace("hcqt", "leaders")
        for wrong in (other, "/lich/hcqt.ics", "/lich/.ics", "/lich/%C3%A9.x.ics"):
            assert (await program.get(wrong)).status_code == 404


async def test_the_links_of_mails_lead_to_the_occurrence(browser: AsyncClient) -> None:
    assert (await browser.get(f"/o/{Q1}")).headers["location"] == f"/ky/{Q1}"
    assert (await browser.get("/o//evil.example")).headers["location"].startswith("/ky/")
