"""Every quarter of an hour of the working day: the mailbox of answers and bounces is read."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from dondoc.ledger.ledger import SYSTEM
from tasks.config.run_context import begin
from tasks.inbox.imap_flow import conclude_receiving, read_mailbox


@flow(retries=0)
def receive_mail() -> State[Any]:
    """Read the reply mailbox: results handed in by mail, and mail that came back."""
    context = begin(SYSTEM)
    return conclude_receiving(context, read_mailbox(context))
