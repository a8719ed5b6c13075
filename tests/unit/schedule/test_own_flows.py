"""Every flow of ours stands in one table, by which it is deployed and audited; deployments find their present names."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path
from uuid import uuid4

from factories import make_calendar, make_office, make_plan, make_policy
from jinja2 import Template
from prefect.flows import Flow

from deployments.renaming import NamedDeployment, Renaming, renamings
from dondoc.office.rules import Rules
from dondoc.schedule.deployments import Compiler, Deployment, own_deployments
from dondoc.schedule.own_flows import ENTRYPOINTS, OF_PLANS, OWN_FLOWS
from tasks.config.loading import words

ROOT = Path(__file__).parents[3]
WORDS = words(ROOT / "config")


def flows_of_the_house() -> dict[str, str]:
    """entrypoint → the name of every flow function under flows and deployments."""
    found = {}
    for path in (*(ROOT / "flows").glob("*.py"), *(ROOT / "deployments").glob("*.py")):
        module = import_module(f"{path.parent.name}.{path.stem}")
        for name, one in inspect.getmembers(module, lambda value: isinstance(value, Flow)):
            if one.fn.__module__ == module.__name__:
                found[f"{module.__name__}.{name}"] = name
    return found


def test_every_flow_is_an_items_or_stands_in_the_table() -> None:
    assert set(flows_of_the_house()) == ENTRYPOINTS


def test_every_flow_of_the_table_has_its_words_and_its_quiet_states_too() -> None:
    assert set(WORDS["own_flows"]) == set(OWN_FLOWS)
    assert {state for flow in OWN_FLOWS.values() for state in flow.quiet} <= set(WORDS["states"])
    assert len({flow.recorded for flow in OWN_FLOWS.values()}) == len(OWN_FLOWS)


def test_the_name_under_which_a_run_is_recorded_is_the_one_its_code_says() -> None:
    code = "\n".join(
        path.read_text(encoding="utf-8") for path in (*(ROOT / "flows").glob("*.py"), *(ROOT / "tasks").rglob("*.py"))
    )
    for flow in OWN_FLOWS.values():
        if flow.key != "incident":  # it records a finding, no run
            assert f'"{flow.recorded}"' in code, flow.key


# -- names


def compiled(family: str) -> tuple[Deployment, ...]:
    rules = Rules(make_office(), make_policy(), make_calendar())
    return Compiler(rules, WORDS, Template("")).deployments(make_plan(family=family))


def test_two_plans_of_one_year_share_no_deployment() -> None:
    first, second = compiled("cchc"), compiled("cds")
    keys = [(found.flow, found.name) for found in (*first, *second)]
    assert len(set(keys)) == len(keys)
    assert {found.name for found in first} == {"cchc-2024"}
    assert {found.parameters["plan"] for found in second} == {"cds-2024"}
    own = own_deployments(WORDS, "Asia/Ho_Chi_Minh", [key for key in OWN_FLOWS if key not in OF_PLANS])
    assert {found.name for found in own} == {"dondoc"}


def test_a_standing_deployment_gets_its_present_name_and_only_its_own() -> None:
    wanted = [*compiled("cchc"), *compiled("cds")]
    old = [NamedDeployment(uuid4(), one.flow, "2024", one.parameters) for one in compiled("cchc")]
    assert renamings(old, wanted) == [Renaming(one.id, "2024", "cchc-2024") for one in old]
    named = [NamedDeployment(one.id, one.flow, "cchc-2024", one.parameters) for one in old]
    assert renamings(named, wanted) == [], "once"
    foreign = [NamedDeployment(uuid4(), old[0].flow, "2024", {"plan": "khac-2024", "item": "x"})]
    assert renamings(foreign, wanted) == []
