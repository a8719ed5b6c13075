"""The demonstration's plan goes live on the last working morning: real runs, real mail, and only once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from installation import Installation, at

from operations import first_morning
from operations.first_morning import go_live
from operations.installation import Installation as Deployed
from tasks.store.runs import verify_chain

SUNDAY = at("2025-03-23", "15:00")


@pytest.fixture
def here(installation: Installation, prefect_settings: None) -> Deployed:  # noqa: ARG001
    return Deployed(installation.engine, installation.rules, installation.settings)


def entries(installation: Installation) -> list[tuple[str, str]]:
    return [(e["kind"], e["at"]) for e in installation.ledger() if e["plan"] == "nho-2025"]


def test_a_sunday_brings_the_mail_of_friday_once(
    installation: Installation, here: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = replace(installation.plan, year=2025, adopted_on=date(2025, 3, 21))
    with monkeypatch.context() as killed:
        killed.setattr(first_morning, "_take_place", lambda *_: None)
        assert go_live(here, plan, "", SUNDAY)
    assert entries(installation) == [("plan.adopted", "2025-03-21T00:30:00.000Z")]

    assert not go_live(here, plan, "", SUNDAY + timedelta(days=1))  # goes on where it was killed
    found = entries(installation)
    assert {moment for _, moment in found} == {f"2025-03-21T{clock}:00.000Z" for clock in ("00:30", "01:00", "01:30")}
    assert "hcqt@vpub.quangngai.example" in installation.post.boxes()

    sent, head = installation.post.boxes(), verify_chain(installation.engine)
    assert not go_live(here, plan, "", SUNDAY + timedelta(days=2))
    assert (installation.post.boxes(), verify_chain(installation.engine)) == (sent, head)


def test_a_plan_that_begins_later_is_adopted_now_and_waits_for_its_own_morning(
    installation: Installation, here: Deployed
) -> None:
    plan = replace(installation.plan, year=2025, adopted_on=date(2025, 4, 1))
    assert go_live(here, plan, "", SUNDAY)
    assert entries(installation) == [("plan.adopted", "2025-03-23T08:00:00.000Z")]
    assert installation.post.boxes() == []
