"""November: the next year's plan lies drafted and is mailed once; adopted, it starts the new year without a gap."""

from __future__ import annotations

import io
from datetime import date
from email import message_from_bytes

import pytest
from docx import Document as open_docx
from installation import HCQT, TRACKER, Installation, at

from dondoc.foundation.yaml_positions import parse_yaml
from dondoc.plan.plan_file import read_plan
from dondoc.schedule.deployments import Compiler
from tasks.config.loading import words
from tasks.mail.delivery import deliver
from tasks.obligations.run_result import templates
from tasks.plan.drafting import draft_next_year
from tasks.store.plans import adopt, adopted
from tasks.store.settle import check_occurrences

ITEM = "ke-hoach-cchc-nam-sau"


def drafted(installation: Installation, day: str, dry_run: bool = False) -> str:
    return draft_next_year(installation.morning(at(day, "08:00"), ITEM, dry_run))


@pytest.fixture
def november(whole_plan: Installation) -> Installation:
    """The whole plan of 2024, looked at on a few mornings of the year and never answered."""
    for day in ("2024-01-02", "2024-04-01", "2024-11-15"):
        check_occurrences(whole_plan.engine, whole_plan.rules, whole_plan.plan.id, at(day, "08:00"))
    return whole_plan


def test_nothing_is_drafted_before_its_day_nor_in_a_rehearsal(november: Installation) -> None:
    assert drafted(november, "2024-11-14") == "–"
    assert drafted(november, "2024-11-15", dry_run=True) == "–"
    assert not (november.settings.var / "drafts").exists()


def test_the_draft_is_laid_and_mailed_once_with_both_files(november: Installation) -> None:
    names = {drafted(november, day) for day in ("2024-11-15", "2024-11-18", "2024-12-02")}
    assert names == {"cchc-2025.yaml"}
    queued = [n for n in november.notices() if n.kind == "draft-plan"]
    assert {n.recipient for n in queued} == {"unit:hcqt", "role:tracker"}
    deliver(november.morning(at("2024-12-02")))
    for address in (HCQT, TRACKER):
        carried = [
            {part.get_filename(): part.get_payload(decode=True) for part in message_from_bytes(content).walk()}
            for to, _, content in november.post.accepted
            if to == address
        ]
        (files,) = [found for found in carried if "cchc-2025.docx" in found]
        assert files["cchc-2025.yaml"] == (november.settings.var / "drafts/cchc-2025.yaml").read_bytes()
        text = "\n".join(p.text for p in open_docx(io.BytesIO(files["cchc-2025.docx"])).paragraphs)
        assert "Cải cách hành chính năm 2025" in text
        assert "Cần quyết định" in text
    assert november.folded() == november.states()


def test_what_somebody_edited_stays(november: Installation) -> None:
    drafted(november, "2024-11-15")
    path = november.settings.var / "drafts/cchc-2025.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "# sửa tay\n", encoding="utf-8")
    drafted(november, "2024-11-18")
    assert path.read_text(encoding="utf-8").endswith("# sửa tay\n")


def test_the_adopted_draft_begins_the_new_year_without_a_gap(november: Installation) -> None:
    drafted(november, "2024-11-15")
    rules = november.rules
    text = (november.settings.var / "drafts/cchc-2025.yaml").read_text(encoding="utf-8")
    plan = read_plan(parse_yaml(text, "cchc-2025.yaml"), rules.office)
    assert "chưa xong" in str(plan.item("huong-dan-van-phong-cap-huyen").question), "unfinished, so proposed again"
    assert adopt(
        november.engine, plan, rules.policy, rules.calendar, at("2024-12-31", "16:00"), "operator", source=text
    )
    sheet = templates(november.settings.config).get_template("deployment.md.j2")
    with november.engine.connect() as connection:
        compiled = Compiler(rules, words(november.settings.config), sheet).deployments(adopted(connection, plan.id))
    january = {
        found.flow
        for found in compiled
        for morning in found.mornings
        if morning.date() == date(2025, 1, 2) and "item" in found.parameters
    }
    assert len(january) > 15, "what opens in January is looked at on the year's first working morning"
    opened = check_occurrences(november.engine, rules, plan.id, at("2025-01-02", "08:00"))
    assert sum(any(e.kind == "occurrence.opened" for e in found.entries) for found in opened) > 15
