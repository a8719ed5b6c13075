"""Technical failures: recorded as a finding and mailed to the operator at once, outside the morning's digest."""

from __future__ import annotations

from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from dondoc.ledger.ledger import SYSTEM, Draft
from tasks.config.loading import words
from tasks.config.run_context import begin
from tasks.mail.letters import write_to
from tasks.smtp.sender import Accepted
from tasks.store.chain import append, appending


def tell_operator(run_id: str, run_name: str, state: str, message: str) -> State[Any]:
    """Record the finding and mail it. Failed when the operator could not be told, so that it shows."""
    morning = begin(SYSTEM)
    vocabulary = words(morning.settings.config)
    said = {"run": run_id, "run_name": run_name, "state": state, "message": message[:1000]}
    body = {"finding": "run_incident", **{name: _whole(text) for name, text in said.items()}}
    with appending(morning.engine) as connection:
        append(connection, morning.now, [Draft("audit.finding", SYSTEM, None, "dondoc", body, morning.run)])
    sent = write_to(morning, "operator", "incident", f"{run_id}|{body['state']}", {"incident": body})
    if sent is None:
        return Failed(message="office.yaml gives the role operator no address; add one")
    if isinstance(sent.result, Accepted):
        return Completed(name=vocabulary["states"]["incident_told"], message=sent.result.reply)
    return Failed(message=f"the operator could not be told: {sent.result.reply}")


def _whole(text: str) -> str:
    """`text` without half characters: an automation passes on what a broken run said, and no UTF-8 can carry those."""
    return text.encode("utf-8", "replace").decode()
