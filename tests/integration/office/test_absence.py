"""Standing in for an absent tracker: his mails, his acts under both names, for the days named and no longer."""

from __future__ import annotations

from pathlib import Path

import pytest
from httpx import AsyncClient, Response
from installation import Installation, at
from office_portal import ADDRESSES, Portal, ask, confirm, form_of, token_of

from dondoc.office.delegation import Delegation, DelegationError
from tasks.mail.delivery import deliver
from tasks.store.authority import delegate, revoke
from tasks.store.settle import check_occurrences

NAME = "ke-hoach/quy-mot/2024-Q1"  # led by hcqt, whose head is the tracker
Q1 = f"nho-2024/{NAME}"
OTHER = "chi-so/ket-qua/2024-01"  # led by ttpvks
JAN = f"nho-2024/{OTHER}"
HEAD_TTCBTH = "giam-doc-ttcbth@vpub.quangngai.example"
FIELDS = {
    "absent": "role:tracker",
    "stand_in": "role:deputy",
    "first": "2024-03-20",
    "last": "22/03/2024",
    "reason": "Đi công tác",
}


@pytest.fixture
def portal(installation: Installation, tmp_path: Path) -> Portal:
    check_occurrences(installation.engine, installation.rules, installation.plan.id, at("2024-01-02", "08:00"))
    return Portal(installation, tmp_path / "mail", at("2024-03-20", "09:00"))


async def name_stand_in(client: AsyncClient, **fields: str) -> Response:
    token = token_of(await client.get("/vang"))
    return await client.post("/vang", data={**FIELDS, **fields, "token": token})


def submitted(portal: Portal, name: str = OTHER, hour: str = "09:00") -> None:
    portal.installation.act(name, "submit", at("2024-03-20", hour), "unit:ttpvks", document="12/KH-VP")


async def test_the_stand_in_gets_the_mails_and_decides_under_both_names(portal: Portal) -> None:
    async with portal.signed_in("tracker") as tracker:
        answer = await name_stand_in(tracker)
        assert answer.headers["location"] == "/vang?xong=recorded"
        assert "đang có hiệu lực" in (await tracker.get("/vang")).text
        again = await name_stand_in(tracker, stand_in="role:head")
        assert again.status_code == 422
        assert "đã có người thay" in again.text
    (entry,) = portal.installation.ledger("delegation.recorded")
    assert (entry["actor"], entry["plan"], entry["body"]["stand_in"]) == ("role:tracker", "dondoc", "role:deputy")
    assert "Đi công tác" in portal.installation.post.text(ADDRESSES["deputy"])
    submitted(portal)
    (queued,) = portal.installation.notices(kind="submitted", recipient="role:deputy")
    assert queued.occurrence == JAN
    deliver(portal.installation.morning(at("2024-03-20", "09:00")))
    assert "12/KH-VP" in portal.installation.post.text(ADDRESSES["deputy"])
    async with portal.signed_in("deputy") as deputy:
        page = (await deputy.get(f"/ky/{JAN}")).text
        assert "đang thay Trưởng phòng Hành chính - Quản trị" in page
        done = await deputy.post(f"/ky/{JAN}", data={**await form_of(deputy, JAN), "act": "accept"})
        assert done.status_code == 303
        history = (await deputy.get(f"/ky/{JAN}")).text
        assert "Phó Chánh Văn phòng, thay Trưởng phòng Hành chính - Quản trị" in history
    (accepted,) = portal.installation.ledger("occurrence.accepted")
    assert accepted["actor"] == "role:deputy for role:tracker"
    assert "own_unit" not in accepted["body"]
    assert portal.installation.states() == portal.installation.folded()


async def test_it_ends_by_itself(portal: Portal) -> None:
    async with portal.signed_in("tracker") as tracker:
        await name_stand_in(tracker)
    submitted(portal)
    async with portal.signed_in("deputy") as deputy:
        form = await form_of(deputy, JAN)
        portal.now = at("2024-03-22", "12:00")
        async with portal.signed_in("deputy") as last_day:
            assert 'value="accept"' in (await last_day.get(f"/ky/{JAN}")).text
        portal.now = at("2024-03-23", "00:00")
        async with portal.signed_in("deputy") as day_after:
            assert 'value="accept"' not in (await day_after.get(f"/ky/{JAN}")).text
            assert (await day_after.post(f"/ky/{JAN}", data={**form, "act": "accept"})).status_code == 403
    portal.installation.act(OTHER, "raise_difficulty", at("2024-03-23"), "unit:ttpvks", reason="Chờ")
    assert [n.recipient for n in portal.installation.notices(kind="difficulty")] == ["role:tracker"]


async def test_it_can_be_revoked_once(portal: Portal) -> None:
    async with portal.signed_in("head") as head:
        await name_stand_in(head)
        (entry,) = portal.installation.ledger("delegation.recorded")
        assert entry["actor"] == "role:head"
        token = token_of(await head.get("/vang"))
        address = f"/vang/{entry['seq']}/thoi"
        assert (await head.post(address, data={"token": token})).status_code == 303
        assert (await head.post(address, data={"token": token})).status_code == 409
        assert (await head.post(address, data={"token": ""})).status_code == 403
    assert len(portal.installation.ledger("delegation.revoked")) == 1
    async with portal.signed_in("deputy") as deputy:
        submitted(portal)
        assert 'value="accept"' not in (await deputy.get(f"/ky/{JAN}")).text


async def test_a_units_head_may_stand_in_and_does_not_hand_it_on(portal: Portal) -> None:
    async with portal.browser() as client:
        await ask(client, HEAD_TTCBTH)
        assert portal.links(HEAD_TTCBTH) == []
    async with portal.signed_in("tracker") as tracker:
        assert (await name_stand_in(tracker, stand_in="head:ttcbth")).status_code == 303
    submitted(portal)
    async with portal.browser() as client:
        await ask(client, HEAD_TTCBTH)
        assert (await confirm(client, portal.links(HEAD_TTCBTH)[-1])).status_code == 303
        for page, status in (("/viec", 200), (f"/ky/{JAN}", 200), ("/vang", 403), ("/mail/0", 403)):
            assert (await client.get(page)).status_code == status
        assert (await client.post("/vang", data=FIELDS)).status_code == 403
        answer = await client.post(f"/ky/{JAN}", data={**await form_of(client, JAN), "act": "accept"})
        assert answer.status_code == 303
        portal.now = at("2024-03-25", "09:00")
    (accepted,) = portal.installation.ledger("occurrence.accepted")
    assert accepted["actor"] == "head:ttcbth for role:tracker"


async def test_who_stands_in_for_a_units_head_gets_the_escalation(portal: Portal) -> None:
    wanted = Delegation("head:ttpvks", "head:ttcbth", at("2024-02-01").date(), at("2024-03-31").date(), "Ốm")
    delegate(portal.installation.engine, portal.rules, wanted, at("2024-01-31"), "role:deputy")
    morning = portal.installation.morning(at("2024-02-01"))
    for day in ("2024-02-01", "2024-02-02", "2024-02-05", "2024-02-06", "2024-02-07"):
        check_occurrences(portal.installation.engine, portal.rules, "nho-2024", at(day, "08:00"))
        deliver(portal.installation.morning(at(day)))
    assert {n.recipient for n in portal.installation.notices(kind="escalate", occurrence=JAN)} == {
        "head:ttpvks",
        "head:ttcbth",
    }
    assert morning.plan == "nho-2024"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"last": ""}, "ngày đầu và ngày cuối"),
        ({"first": "mai"}, "ngày đầu và ngày cuối"),
        ({"last": "2024-03-19"}, "đứng trước"),
        ({"first": "2024-03-01", "last": "2024-03-19"}, "đã qua"),
        ({"reason": " \u200b "}, "lý do"),
        ({"reason": "x" * 1001}, "quá dài"),
        ({"stand_in": "role:tracker"}, "cùng hộp thư"),
        ({"stand_in": "head:hcqt"}, "cùng hộp thư"),
        ({"stand_in": "role:auditor"}, "người thay trong danh sách"),
        ({"stand_in": "role:operator"}, "người thay trong danh sách"),
        ({"stand_in": "unit:ttcbth"}, "người thay trong danh sách"),
        ({"stand_in": "head:khong-co"}, "người thay trong danh sách"),
        ({"absent": "role:auditor"}, "người vắng mặt trong danh sách"),
        ({"absent": ""}, "người vắng mặt trong danh sách"),
    ],
)
async def test_what_cannot_be_is_said_in_words(portal: Portal, fields: dict[str, str], said: str) -> None:
    async with portal.signed_in("tracker") as tracker:
        before = portal.installation.ledger()
        answer = await name_stand_in(tracker, **fields)
        assert answer.status_code == 422
        assert said in answer.text
        assert portal.installation.ledger() == before


def test_two_do_not_stand_in_for_one_at_once(portal: Portal) -> None:
    engine, rules, now = portal.installation.engine, portal.rules, at("2024-03-20")
    day = now.date()
    first = delegate(engine, rules, Delegation("role:tracker", "role:deputy", day, day, "x"), now, "role:tracker")
    other = Delegation("role:tracker", "role:head", day, day, "x")
    with pytest.raises(DelegationError):
        delegate(engine, rules, other, now, "role:tracker")
    revoke(engine, first.seq, now, "role:tracker")
    assert delegate(engine, rules, other, now, "role:tracker").seq > first.seq


async def test_the_leaders_review_the_trackers_own_unit_and_he_is_marked(portal: Portal) -> None:
    portal.installation.act(NAME, "submit", at("2024-03-20", "08:00"), "unit:hcqt", document="12/KH-VP")
    submitted(portal)
    async with portal.signed_in("tracker") as tracker:
        inbox = (await tracker.get("/viec")).text
        assert inbox.count("tự xét</small>") == 1
        assert Q1 in (only := (await tracker.get("/viec?own=1&kind=review")).text)
        assert JAN not in only
        assert "sẽ ghi rõ là tự xét" in (await tracker.get(f"/ky/{Q1}")).text
    async with portal.signed_in("deputy") as deputy:
        page = (await deputy.get(f"/ky/{Q1}")).text
        assert "Quyết định của lãnh đạo Văn phòng" in page
        assert [act for act in ("accept", "return", "waive") if f'value="{act}"' in page] == ["accept", "return"]
        assert 'value="accept"' not in (await deputy.get(f"/ky/{JAN}")).text
        fields = await form_of(deputy, Q1)
        assert (await deputy.post(f"/ky/{Q1}", data={**fields, "act": "waive", "reason": "x"})).status_code == 403
        assert (await deputy.post(f"/ky/{Q1}", data={**fields, "act": "accept"})).status_code == 303
    (accepted,) = portal.installation.ledger("occurrence.accepted")
    assert (accepted["actor"], "own_unit" in accepted["body"]) == ("role:deputy", False)
    # The same by the tracker himself is possible, and the history says so.
    portal.installation.act(
        "ke-hoach/quy-hai/2024-Q2", "submit", at("2024-03-20", "09:10"), "unit:hcqt", document="1/KH"
    )
    second = "nho-2024/ke-hoach/quy-hai/2024-Q2"
    async with portal.signed_in("tracker") as tracker:
        answer = await tracker.post(f"/ky/{second}", data={**await form_of(tracker, second), "act": "accept"})
        assert answer.status_code == 303
        assert "Tự xét</dt>" in (await tracker.get(f"/ky/{second}")).text


async def test_policy_may_leave_ones_own_unit_to_the_leaders(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    strict = portal.rules
    strict = type(strict)(strict.office, strict.policy.model_copy(update={"own_review": "refused"}), strict.calendar)
    monkeypatch.setattr("tasks.config.loading.load_rules", lambda _config: strict)
    portal.installation.act(NAME, "submit", at("2024-03-20", "08:00"), "unit:hcqt", document="12/KH-VP")
    async with portal.signed_in("tracker") as tracker:
        page = (await tracker.get(f"/ky/{Q1}")).text
        assert 'value="accept"' not in page
        assert "do lãnh đạo Văn phòng quyết định" in page
        answer = await tracker.post(f"/ky/{Q1}", data={**await form_of(tracker, Q1), "act": "accept"})
        assert answer.status_code == 422
    async with portal.signed_in("head") as head:
        answer = await head.post(f"/ky/{Q1}", data={**await form_of(head, Q1), "act": "accept"})
        assert answer.status_code == 303
