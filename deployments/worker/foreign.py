"""Runs that this worker does not load: whoever reaches Prefect's interface can write any file into a deployment."""

from __future__ import annotations

from prefect.client.schemas.responses import DeploymentResponse


class RefusedRunError(Exception):
    """A run that is not loaded; the message is what its state says."""


def own_entrypoint(deployment: DeploymentResponse, entrypoints: frozenset[str]) -> str:
    """What a deployment runs. Raises RefusedRunError for what is none of ours."""
    if deployment.entrypoint is None or deployment.entrypoint not in entrypoints:
        raise RefusedRunError(
            f"Refused: {deployment.entrypoint or 'nothing'} is none of dondoc's flows; find out who changed deployment "
            f"{deployment.name}, then put it back with: dondoc deploy"
        )
    return deployment.entrypoint
