"""The operator's forms as Prefect gets them, their deployments, and that every refusal has its Vietnamese words."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter
from typing import Any, get_args

import pytest
from prefect.utilities.schema_tools.validation import is_valid, preprocess_schema

from deployments.apply import flow_function
from deployments.flow_forms import flow_form
from dondoc.foundation.refusals import ENGLISH, Refusal
from dondoc.obligations.act_table import ACT_FIELDS, ACTS
from dondoc.office.policy import Shape
from dondoc.office.refusals import in_words
from dondoc.schedule.deployments import OWN_TAG, own_deployments
from dondoc.schedule.own_flows import OWN_FLOWS
from tasks.config.loading import read_yaml, words
from tasks.obligations.operator_forms import RecordForm, act_labels

ROOT = Path(__file__).parents[3]
WORDS = words(ROOT / "config")
OWN = own_deployments(WORDS, "Asia/Ho_Chi_Minh", ("record", "record_event", "enter_figures"))
FILLED = {"occurrence": "a/b/c/d", "act": "Duyệt", "recorded_by": "Nguyễn Văn An"}


def schema(entrypoint: str) -> dict[str, Any]:
    return dict(flow_form(flow_function(entrypoint), WORDS).model_dump())


def test_the_forms_are_deployed_without_schedule_and_are_no_incidents() -> None:
    assert [(d.flow, d.name, d.entrypoint) for d in OWN] == [
        ("dondoc · Ghi nhận", "dondoc", "flows.record.record"),
        ("dondoc · Ghi sự kiện", "dondoc", "flows.record.record_event"),
        ("dondoc · Nhập số liệu", "dondoc", "flows.enter_figures.enter_figures"),
    ]
    (incident,) = own_deployments(WORDS, "Asia/Ho_Chi_Minh", ("incident",))
    for deployment in OWN:
        assert deployment.rrule is None
        assert deployment.tags == incident.tags == (OWN_TAG,)
        assert WORDS["tags"]["duty"] not in deployment.tags
        assert not re.search(r"[/%&<>]", deployment.flow)
    assert len({d.slug for d in (*OWN, incident)}) == 4


@pytest.mark.parametrize("entrypoint", [deployment.entrypoint for deployment in OWN])
def test_every_field_has_a_label_a_help_text_and_a_place(entrypoint: str) -> None:
    found = schema(entrypoint)
    assert [name for name, field in found["properties"].items() if not field.get("description")] == []
    for form in found["definitions"].values():
        for name, field in form["properties"].items():
            assert field["title"] != name
            assert field["description"].endswith("."), name
            assert "anyOf" not in field, f"the UI would ask for the type of {name} first"
        assert [field["position"] for field in form["properties"].values()] == list(range(len(form["properties"])))
    (form,) = (form for form in found["definitions"].values() if "recorded_by" in form["properties"])
    assert "recorded_by" in form["required"], "Prefect does not know who is signed in"


def test_every_flow_has_its_words_and_every_word_its_flow() -> None:
    entrypoints = [flow.entrypoint for flow in OWN_FLOWS.values()] + [f"flows.{s}.{s}" for s in get_args(Shape)]
    found = {entrypoint.rpartition(".")[2]: schema(entrypoint) for entrypoint in entrypoints}
    for form in found.values():
        assert [name for name, field in form["properties"].items() if not field["description"]] == []
    said = WORDS["parameters"]
    own = {(flow, name) for flow, names in said.items() if flow != "common" for name in names}
    assert own <= {(flow, name) for flow, form in found.items() for name in form["properties"]}
    assert set(said["common"]) == set.intersection(*(set(found[shape]["properties"]) for shape in get_args(Shape)))
    assert set(WORDS["forms"]) == {name for form in found.values() for name in form["definitions"]}


def test_the_choice_of_acts_is_complete() -> None:
    listed = schema("flows.record.record")["definitions"]["RecordForm"]["properties"]["act"]["enum"]
    assert listed == list(act_labels())
    assert list(act_labels().values()) == list(ACTS)
    assert set(ACT_FIELDS) - {"files"} <= set(RecordForm.model_fields)


@pytest.mark.parametrize(
    ("given", "valid"),
    [
        ({}, True),
        ({"until": "2026-12-10", "signed": None, "reason": None}, True),
        ({"act": "accept"}, False),
        ({"act": None}, False),
        ({"recorded_by": ""}, False),
        ({"occurrence": None}, False),
        ({"document": 12}, False),
        ({"ngay": "2026-12-10"}, False),
    ],
)
def test_prefect_refuses_bad_input_and_takes_empty_fields(given: dict[str, Any], valid: bool) -> None:
    prepared = preprocess_schema(schema("flows.record.record"), allow_none_with_default=True)
    assert is_valid({"form": {**FILLED, **given}}, prepared) is valid


# -- refusals


def braces(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_every_refusal_has_its_sentence_in_both_languages_and_names_only_known_facts() -> None:
    said = WORDS["refusals"]
    assert set(said) == set(ENGLISH)
    one_only = {"first", "last", "due", "today", "times", "typed"}  # facts that only one of the two languages names
    assert {code for code in ENGLISH if (braces(said[code]) ^ braces(ENGLISH[code])) - one_only} == set()


def test_every_code_that_the_house_gives_is_known_and_none_is_left_over() -> None:
    given: set[str] = set()
    for path in (*ROOT.glob("dondoc/**/*.py"), *ROOT.glob("tasks/**/*.py"), *ROOT.glob("portal/**/*.py")):
        text = path.read_text(encoding="utf-8")
        given |= {code for code in ENGLISH if f'"{code}"' in text and path.name != "refusals.py"}
    assert set(ENGLISH) - given == set()


def test_a_refusal_is_one_line_in_the_offices_words() -> None:
    forbidden = Refusal("not_now", {"occurrence": "p/i/o/2024", "status": "submitted", "entry": "occurrence.submitted"})
    assert (
        in_words(forbidden, WORDS) == "Kỳ p/i/o/2024 đang ở trạng thái “Chờ duyệt”; lúc này không “nộp kết quả” được."
    )
    assert in_words(Refusal("no_event", {"plan": "p", "event": "a\nb", "known": ["x", "y"]}), WORDS).endswith(
        "“a b”; có: x, y."
    )


def test_no_word_of_one_file_hides_a_word_of_the_other() -> None:
    first, second = (set(read_yaml(ROOT / "config/words/vi" / name).value) for name in ("words.yaml", "runs.yaml"))
    assert first & second == set()
