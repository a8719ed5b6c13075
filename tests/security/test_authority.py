"""Power comes from the ledger alone: nobody gives it to himself, and none is held that no entry gives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from installation import Installation, at
from office_portal import ADDRESSES, Portal, form_of, token_of

from dondoc.obligations.acts import Act, ActError
from dondoc.office.delegation import NAMED_BY, Delegation, DelegationError, may_delegate, may_name, recorded
from dondoc.verification.completeness import Recount
from tasks.store.audit import reading_one_moment, verify_store
from tasks.store.authority import delegate
from tasks.store.settle import check_occurrences, record_act

JAN = "nho-2024/chi-so/ket-qua/2024-01"  # of another unit than the tracker's own
Q1 = "nho-2024/ke-hoach/quy-mot/2024-Q1"
DAY = at("2024-03-20").date()
FIELDS = {"first": "2024-03-20", "last": "2024-03-22", "reason": "Đi công tác"}


@pytest.fixture
def portal(installation: Installation, tmp_path: Path) -> Portal:
    check_occurrences(installation.engine, installation.rules, installation.plan.id, at("2024-01-02", "08:00"))
    return Portal(installation, tmp_path / "mail", at("2024-03-20", "09:00"))


def verified(installation: Installation) -> tuple[Recount, set[str]]:
    """`ledger verify`: what it recounted, and the codes of its findings."""
    with reading_one_moment(installation.engine) as connection:
        recounted, broken = verify_store(connection)
    assert broken is None
    return recounted, {finding.code for finding in recounted.found}


# --- who may name whom ---------------------------------------------------------------------------------------------


async def test_a_deputy_names_himself_for_the_tracker_and_waives_nothing(portal: Portal) -> None:
    async with portal.signed_in("deputy") as deputy:
        page = await deputy.get("/vang")
        assert 'value="role:tracker"' not in page.text.partition('name="stand_in"')[0]
        for stand_in in ("role:deputy", "head:ttcbth", "role:head"):
            fields = {**FIELDS, "absent": "role:tracker", "stand_in": stand_in, "token": token_of(page)}
            answer = await deputy.post("/vang", data=fields)
            assert answer.status_code == 422, stand_in
        answer = await deputy.post(
            f"/ky/{JAN}", data={"token": token_of(page), "seq": "1", "act": "waive", "document": "1/QĐ", "reason": "x"}
        )
        assert answer.status_code == 403
    assert portal.installation.ledger("delegation.") == []
    assert portal.installation.ledger("occurrence.waived") == []


def test_whoever_may_name_never_names_himself_nor_anybody_above(installation: Installation) -> None:
    office = installation.rules.office
    parties = [party for party in office.parties() if may_delegate(party)]
    roles = [party for party in parties if party.startswith("role:")]
    order = ["role:tracker", "role:deputy", "role:head"]
    assert set(NAMED_BY) == {*order, "head"}
    for actor in (*roles, "role:auditor", "role:operator", "unit:hcqt", "dondoc", ""):
        for absent in parties:
            for stand_in in parties:
                wanted = Delegation(absent, stand_in, DAY, DAY, "x")
                try:
                    recorded(wanted, (), office, DAY, actor)
                except DelegationError:
                    continue
                assert may_name(actor, absent)
                assert office.address(stand_in) != office.address(actor), (actor, absent, stand_in)
                assert actor in order
                if absent in order:
                    assert order.index(actor) >= order.index(absent), (actor, absent)


async def test_a_delegation_holds_only_after_the_others_were_told(portal: Portal) -> None:
    fields = {**FIELDS, "absent": "role:tracker", "stand_in": "role:deputy"}
    portal.installation.post.refuse(ADDRESSES["deputy"])
    async with portal.signed_in("tracker") as tracker:
        fields["token"] = token_of(await tracker.get("/vang"))
        answer = await tracker.post("/vang", data=fields)
        assert answer.status_code == 503
        assert "chưa ghi gì" in answer.text
        assert portal.installation.ledger("delegation.") == []
        portal.installation.post.replies.clear()
        assert (await tracker.post("/vang", data=fields)).status_code == 303
    (entry,) = portal.installation.ledger("delegation.recorded")
    sent = {address: message_id for address, message_id, _ in portal.installation.post.accepted}
    told = {one["party"]: one for one in entry["body"]["told"]}
    assert set(told) == {"role:tracker", "role:deputy"}
    assert told["role:deputy"]["message_id"] == sent[ADDRESSES["deputy"]]
    assert verified(portal.installation)[1] == set()


async def test_where_policy_says_so_the_own_units_result_is_another_ones_to_review(portal: Portal) -> None:
    portal.installation.act(
        "ke-hoach/quy-mot/2024-Q1", "submit", at("2024-03-20", "08:00"), "unit:hcqt", document="1/KH"
    )
    strict = portal.rules.policy.model_copy(update={"own_review": "refused"})

    rules = replace(portal.rules, policy=strict)
    for actor in ("role:tracker", "role:tracker for role:deputy", "operator:Lan for role:tracker"):
        with pytest.raises(ActError, match="own"):
            record_act(portal.installation.engine, rules, Q1, Act("accept"), portal.now, actor)
    record_act(portal.installation.engine, rules, Q1, Act("accept"), portal.now, "role:head")


# --- what verify says ------------------------------------------------------------------------------------------------


def as_owner(installation: Installation, statement: str, *given: object) -> None:
    """Whoever owns the database writes into it."""
    with psycopg.connect(installation.owner_url, autocommit=True) as connection:
        connection.execute(statement.encode(), given)


INVENTED = "INSERT INTO delegation (seq, absent, stand_in, first, last, reason) VALUES (%s, %s, %s, %s, %s, 'x')"


async def test_a_row_without_its_entry_gives_power_and_verify_names_it_and_what_was_done(portal: Portal) -> None:
    assert verified(portal.installation)[1] == set()
    as_owner(portal.installation, INVENTED, 999_999, "role:tracker", "role:auditor", DAY, DAY)
    async with portal.signed_in("auditor") as auditor:
        form = await form_of(auditor, Q1)
        given = {"act": "waive", "decision": "12/QĐ-VP", "signed": "2024-03-19", "reason": "Không cần"}
        done = await auditor.post(f"/ky/{Q1}", data={**form, **given})
    codes = verified(portal.installation)[1]
    assert "delegation_row_invented" in codes
    if done.status_code == 303:  # the application could not know better; the check does
        assert "acted_without_delegation" in codes


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("UPDATE delegation SET stand_in = 'role:auditor'", "delegation_row_differs"),
        ("UPDATE delegation SET last = '2030-01-01'", "delegation_row_differs"),
        ("UPDATE delegation SET absent = 'role:head'", "delegation_row_differs"),
        ("UPDATE delegation SET reason = 'khác'", "delegation_row_differs"),
        ("UPDATE delegation SET revoked_seq = 1", "delegation_row_differs"),
        ("DELETE FROM delegation", "delegation_row_missing"),
        ("UPDATE plan SET closed_seq = 1", "plan_row_differs"),
        ("UPDATE plan_version SET digest = repeat('0', 64)", "plan_row_differs"),
        ("UPDATE occurrence SET state = jsonb_set(state, '{due}', '\"2030-01-01\"') WHERE status = 'open'", "occurrence_row_differs"),
    ],
)  # fmt: skip
def test_every_table_that_gives_power_is_folded_anew(portal: Portal, change: str, code: str) -> None:
    wanted = Delegation("role:tracker", "role:deputy", DAY, DAY, "Đi công tác")
    delegate(portal.installation.engine, portal.rules, wanted, portal.now, "role:tracker")
    assert verified(portal.installation)[1] == set()
    with psycopg.connect(portal.installation.owner_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica") if _superuser(connection) else None
        connection.execute(change.encode())
    assert code in verified(portal.installation)[1]


def _superuser(connection: psycopg.Connection) -> bool:
    return connection.execute("SELECT current_setting('is_superuser')").fetchone() == ("on",)


async def test_a_session_that_was_ended_is_not_brought_back_unseen(portal: Portal) -> None:
    async with portal.signed_in("tracker") as tracker:
        cookie = tracker.cookies["dondoc"]
        token = token_of(await tracker.get("/bang"))
        await tracker.post("/ra", data={"token": token})
    assert len(portal.installation.ledger("session.ended")) == 1
    async with portal.browser(cookie=f"dondoc={cookie}") as again:
        assert (await again.get("/bang")).status_code == 303
    assert verified(portal.installation)[1] == set()
    as_owner(portal.installation, "DELETE FROM signed_out")
    assert verified(portal.installation)[1] == {"session_revived"}


def test_the_application_deletes_no_entry_and_changes_no_delegation(installation: Installation) -> None:
    for statement in (
        "UPDATE delegation SET last = '2030-01-01'", "DELETE FROM delegation", "UPDATE ledger SET actor = 'x'",
        "DELETE FROM ledger", "TRUNCATE ledger", "UPDATE plan SET body = '{}'", "CREATE TABLE mine (id int)",
        "ALTER TABLE ledger DISABLE TRIGGER ALL",
        "SET session_replication_role = replica", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ):  # fmt: skip
        with pytest.raises(sa.exc.DBAPIError), installation.engine.begin() as connection:
            connection.execute(sa.text(statement))


async def test_a_mailed_link_signs_in_once(portal: Portal) -> None:
    async with portal.signed_in("tracker"), portal.browser() as other:
        (link,) = portal.links(ADDRESSES["tracker"])
        assert (await other.get(link)).status_code == 410
