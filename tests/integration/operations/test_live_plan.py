"""The adopted plan is the truth: what `[plan] live` names is only where it came from."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from installation import PLAN, Databases, Installation, at

from dondoc.foundation.errors import ConfigurationError
from dondoc.foundation.yaml_positions import parse_yaml
from dondoc.plan.plan_file import read_plan
from dondoc.planning.amendment import Ruling
from operations.installation import Installation as Deployed
from operations.live_plan import adopt_live, differs
from tasks.store.amending import amend_plan
from tasks.store.connect import engine
from tasks.store.plans import digest_of

NOW = at("2024-03-04", "09:00")


@pytest.fixture
def here(installation: Installation) -> Deployed:
    return Deployed(installation.engine, installation.rules, installation.settings)


def laid(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "live.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_after_an_amendment_the_old_file_is_no_hindrance(
    installation: Installation, here: Deployed, tmp_path: Path
) -> None:
    old = laid(tmp_path, PLAN)
    amended = read_plan(
        parse_yaml(PLAN.replace("Kế hoạch rà soát", "Kế hoạch rà soát và đánh giá"), "n.yaml"), here.rules.office
    )
    ruling = Ruling("21/QĐ-VP", date(2024, 3, 1), "gộp")
    assert amend_plan(here.engine, amended, ruling, here.rules, at("2024-03-04", "08:00"), "operator")
    for demo in (False, True):
        assert adopt_live(here, old, NOW, demo=demo) is None
    with here.engine.connect() as connection:
        assert digest_of(connection, installation.plan.id) == amended.digest
    assert differs(here, old) is None, "it was in force once"


def test_a_file_that_was_edited_is_named_and_changes_nothing(here: Deployed, tmp_path: Path) -> None:
    edited = laid(tmp_path, PLAN.replace("Kế hoạch rà soát", "Kế hoạch khác"))
    assert adopt_live(here, edited, NOW, demo=False) is None
    assert "--decision" in str(differs(here, edited))


def test_a_file_with_faults_stops_nothing_while_a_plan_is_adopted(here: Deployed, tmp_path: Path) -> None:
    broken = laid(tmp_path, PLAN.replace("lead: [hcqt]", "lead: [khong-co]", 1))
    assert adopt_live(here, broken, NOW, demo=False) is None
    assert "the adopted plan runs" in str(differs(here, broken))


def test_a_plan_of_another_year_is_adopted_when_the_file_names_it(here: Deployed, tmp_path: Path) -> None:
    following = laid(tmp_path, PLAN.replace("year: 2024", "year: 2025").replace("2024-01-02", "2025-01-02"))
    assert adopt_live(here, following, NOW, demo=False) == "nho-2025"
    assert adopt_live(here, following, NOW, demo=False) is None


def test_without_any_plan_the_faults_are_raised(databases: Databases, here: Deployed, tmp_path: Path) -> None:
    broken = laid(tmp_path, PLAN.replace("lead: [hcqt]", "lead: [khong-co]", 1))
    empty = engine(databases.copy()[1])
    with pytest.raises(ConfigurationError):
        adopt_live(replace(here, engine=empty), broken, NOW, demo=False)
    empty.dispose()
