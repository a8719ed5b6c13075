"""Where the document prints a duty and its time is kept with the plan, and shown; a plan without it keeps its digest."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import jinja2

from dondoc.plan.plan import Item, Source, plan_to_json
from dondoc.plan.plan_file import plan_from_json
from tasks.config.loading import load_rules, read_plan_file

CONFIG = Path(__file__).parents[3] / "config"
PLAN = read_plan_file(CONFIG / "plans/2024.yaml", load_rules(CONFIG).office)


def placed(**place: Source) -> Item:
    return replace(PLAN.items[0], **place)


def test_a_plan_read_from_no_document_keeps_its_digest() -> None:
    assert "source" not in plan_to_json(PLAN)["items"][0]


def test_the_place_of_a_duty_and_of_its_time_comes_back_from_the_record() -> None:
    item = placed(source=Source(page=2, line=14), time_source=Source(cell="1!E3", span=(0, 11)))
    plan = replace(PLAN, items=(item, *PLAN.items[1:]))
    assert plan_from_json(plan_to_json(plan)).items[0] == item


def test_the_page_of_an_occurrence_says_where_the_time_is_printed() -> None:
    page = (CONFIG / "words/vi/portal/occurrence.html").read_text(encoding="utf-8")
    cut = re.search(r"<dt>Thời gian in trong kế hoạch</dt>.*?</dd>", page, re.S)
    assert cut
    template = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(cut[0])

    def shown(item: Item) -> str:
        return template.render(facts={"obligation": item.obligations[0], "item": item})

    assert "(văn bản kế hoạch: trang 2, dòng 14)" in shown(placed(source=Source(page=2, line=14)))
    assert "(văn bản kế hoạch: ô 1!E3)" in shown(placed(time_source=Source(cell="1!E3")))
    assert "văn bản kế hoạch" not in shown(PLAN.items[0])
