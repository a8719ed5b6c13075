"""Deployments under their present names: a standing one is renamed, so that its runs stay its own.

Prefect's interface cannot rename a deployment, and a new one beside it would begin without history. So its database is
asked, where this installation has it; elsewhere `apply` makes a new one and pauses the old with its runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from dondoc.schedule.deployments import Deployment


@dataclass(frozen=True, slots=True)
class NamedDeployment:
    """A deployment that stands in Prefect."""

    id: UUID
    flow: str
    name: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Renaming:
    """One deployment and the name it should have."""

    id: UUID
    before: str
    after: str


def renamings(standing: Sequence[NamedDeployment], wanted: Iterable[Deployment]) -> list[Renaming]:
    """Each wanted deployment of a plan that does not stand, where one of its flow does the same under another name."""
    taken = {(found.flow, found.name) for found in standing}
    by_work = {(found.flow, _work(found.parameters)): found for found in standing if found.parameters}
    missing = [
        deployment for deployment in wanted if deployment.parameters and (deployment.flow, deployment.name) not in taken
    ]
    kept = {(deployment.flow, deployment.name) for deployment in wanted}
    found = []
    for deployment in missing:
        old = by_work.get((deployment.flow, _work(deployment.parameters)))
        if old is not None and (old.flow, old.name) not in kept:
            found.append(Renaming(old.id, old.name, deployment.name))
    return found


def rename(database_url: str, some: Sequence[Renaming]) -> None:
    """Give them their names in Prefect's database, all or none."""
    with psycopg.connect(database_url) as connection:
        for one in some:
            connection.execute(
                "UPDATE deployment SET name = %s WHERE id = %s AND name = %s", (one.after, one.id, one.before)
            )


def _work(parameters: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, str(value)) for name, value in parameters.items()))
