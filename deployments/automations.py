"""Automations, made by code and visible in the UI: technical failures, late and hanging runs start the incident flow.

A duty not met is a Failed state under a name of its own ("Quá hạn"): its event bears that name, so that the
technical names below never match it. Runs of the incident flow lack the mark and cannot start themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.events.actions import RunDeployment
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

# A failure seldom comes alone: the incident run comes when those of this time are all there, and tells them together.
GATHERED = timedelta(minutes=2)
_ANY_RUN = {"prefect.resource.id": "prefect.flow-run.*"}
_EACH = {"prefect.resource.id"}


def automations(incident: UUID, words: Mapping[str, Any]) -> tuple[AutomationCore, ...]:
    """What should stand: one incident run two minutes after the first failure or late run; one for what is pending long."""
    marked = {"prefect.resource.role": "tag", "prefect.resource.id": f"prefect.tag.{words['tags']['duty']}"}
    triggers = {
        "failed": _reactive(marked, "prefect.flow-run.Failed", "prefect.flow-run.Crashed", "prefect.flow-run.TimedOut"),
        "late": _reactive(marked, "prefect.flow-run.Late"),
        "pending": EventTrigger(
            match=_ANY_RUN,
            match_related=marked,
            for_each=_EACH,
            after={"prefect.flow-run.Pending"},
            expect={"prefect.flow-run.Running", "prefect.flow-run.Crashed", "prefect.flow-run.Cancelled"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(minutes=10),
        ),
    }
    return tuple(
        AutomationCore(
            name=words["automations"][key],
            description="",
            enabled=True,
            trigger=trigger,
            actions=[RunDeployment(source="selected", deployment_id=incident, schedule_after=GATHERED)],
        )
        for key, trigger in triggers.items()
    )


def apply_automations(client: SyncPrefectClient, wanted: tuple[AutomationCore, ...]) -> list[str]:
    """Create those that are missing and correct those that differ; the names of what was done. Disabled ones stay so."""
    done = []
    for automation in wanted:
        standing = client.read_automations_by_name(automation.name)
        if not standing:
            client.create_automation(automation)
            done.append(automation.name)
        elif _content(standing[0]) != _content(automation):
            kept = automation.model_copy(update={"enabled": standing[0].enabled})
            client.update_automation(standing[0].id, kept)
            done.append(automation.name)
    return done


def _reactive(marked: dict[str, str], *events: str) -> EventTrigger:
    return EventTrigger(
        match=_ANY_RUN,
        match_related=marked,
        expect=set(events),
        posture=Posture.Reactive,
        threshold=1,
        within=GATHERED,
    )


def _content(automation: AutomationCore) -> dict[str, Any]:
    found = automation.model_dump(mode="json", include={"name", "description", "trigger", "actions"})
    found["trigger"].pop("id", None)
    return found
