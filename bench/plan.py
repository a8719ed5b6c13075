"""The plan: what compiling costs beside parsing its YAML, and whether cost and memory grow with the plan and no faster."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from multiprocessing import get_context
from resource import RUSAGE_SELF, getrusage
from statistics import median
from time import perf_counter

import yaml

from bench.pairs import AbsentError, ratio
from dondoc.office.rules import Rules
from dondoc.plan.plan import Plan
from dondoc.planning.preview import compiled
from tasks.config.loading import load_rules, read_plan_file
from tasks.config.settings import HOME

CONFIG = HOME / "config"
FILE = CONFIG / "plans" / "2024.yaml"
OBLIGATIONS = 150_000
REPEATED = 51


def run() -> list[tuple[str, float]]:
    """(label, ratio) rows."""
    half, whole = alone(OBLIGATIONS // 2), alone(OBLIGATIONS)
    return [
        ("read, check and compile 2024.yaml / parse it with libyaml alone", ratio(all_of_it, parse_alone, 9)),
        (f"{OBLIGATIONS} obligations / 2024's {obligations(read())}, time an obligation", whole.time),
        (f"{OBLIGATIONS} obligations / half of them, peak memory an obligation", whole.memory / half.memory),
    ]


def read() -> Plan:
    """The plan of 2024."""
    return read_plan_file(FILE, load_rules(CONFIG).office)


def all_of_it() -> object:
    """The file as the commands take it: parsed, validated, occurrences and checkpoints."""
    return walk(read(), load_rules(CONFIG))


def walk(plan: Plan, rules: Rules) -> object:
    """Every occurrence with its checkpoints."""
    return compiled(plan, rules.office, rules.policy, rules.calendar)


@cache
def _floor() -> tuple[str, type[yaml.SafeLoader]]:
    loader = getattr(yaml, "CSafeLoader", None)
    if loader is None:
        raise AbsentError("this PyYAML has no libyaml; install its wheel from a package index")
    return FILE.read_text(encoding="utf-8"), loader


def parse_alone() -> object:
    """The same text as dictionaries and lists, nothing more."""
    text, loader = _floor()
    return yaml.load(text, loader)


def obligations(plan: Plan) -> int:
    """How many obligations the plan has."""
    return sum(len(item.obligations) for item in plan.items)


def synthetic(plan: Plan, size: int) -> Plan:
    """A plan of at least `size` obligations: the items of `plan` again and again, each under an id of its own."""
    rounds = -(-size // obligations(plan))
    return replace(plan, items=tuple(replace(item, id=f"{item.id}-{n}") for n in range(rounds) for item in plan.items))


@dataclass(frozen=True)
class Compiled:
    """One large compiling: its time an obligation in 2024's, and by how many bytes an obligation the peak rose."""

    time: float
    memory: float


def alone(size: int) -> Compiled:
    """Compile a plan of `size` obligations in a fresh process, whose peak memory then is that work's."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        return executor.submit(_compile, size).result()


def _compile(size: int) -> Compiled:
    rules, plan = load_rules(CONFIG), read()
    big = synthetic(plan, size)
    walk(plan, rules)
    before = getrusage(RUSAGE_SELF).ru_maxrss
    large = _seconds(lambda: walk(big, rules)) / size
    after = getrusage(RUSAGE_SELF).ru_maxrss
    small = median(_seconds(lambda: walk(plan, rules)) for _ in range(REPEATED)) / obligations(plan)
    return Compiled(large / small, (after - before) / size)


def _seconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started
