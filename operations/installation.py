"""What `up` brings together: the stack's children, the database's tables, adopted plans and their deployments."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from operations.stack.children import Child
from operations.stack.databases import database_urls
from operations.stack.environment import EVERYTHING, environment_of
from operations.stack.prefect_server import child_environment, client_environment
from operations.stack.settings import LOOPBACK, Port, Stack
from tasks.config.settings import HOME, Settings, SettingsError

if TYPE_CHECKING:
    import sqlalchemy as sa

    from deployments.apply import Applied
    from dondoc.office.rules import Rules
    from dondoc.plan.plan import Plan
    from dondoc.schedule.deployments import Deployment

CHILDREN = ("mailbox", "portal", "front", "worker", "watchdog", "keeper")


def background_children(stack: Stack, settings: Settings) -> tuple[Child, ...]:
    """The background processes beside Prefect: the local mailbox, the portal, Prefect's front, the worker."""
    front = front_address(stack, settings)
    environment = {
        **stack.link_environment(os.environ),  # first: what the environment sets goes before
        **child_environment(stack),
        **{name: os.environ[name] for name in EVERYTHING if name in os.environ},
        **client_environment(stack),
        "DONDOC_STORE_URL": database_urls(stack).app,
        "PREFECT_UI_URL": front,
        "DONDOC_VAR": str(stack.root),
        "DONDOC_CONFIG": str(settings.config),
        "DONDOC_MAIL_PORT": str(stack.mail_port),
    }
    mail = str(stack.mail_directory)
    refusals = str(stack.root / "refusals.yaml")

    def child(name: str, *command: str, port: str | None = None) -> Child:
        ports = (stack.port(port),) if port else ()
        return Child(
            name=name,
            command=(sys.executable, "-m", *command),
            environment=environment_of(name, environment),
            ports=ports,
            ready=(lambda: _listens(ports[0].number)) if ports else None,
            folder=HOME,
        )

    lmtp: tuple[Child, ...] = ()
    if settings.lmtp:
        from tasks.inbox.lmtp_server import listen_at

        host, port = listen_at(settings.lmtp)
        own = (Port("lmtp", port, "[reply] lmtp in config/dondoc.toml"),) if host == LOOPBACK else ()
        lmtp = (
            Child(
                "lmtp",
                (sys.executable, "-m", "tasks.inbox.lmtp_server"),
                environment_of("lmtp", environment),
                ports=own,
                folder=HOME,
            ),
        )
    return (
        child("mailbox", "tasks.mailbox.server", "--port", str(stack.mail_port), "--folder", mail, "--refuse", refusals,
              port="mail"),
        child("portal", "portal", "--port", str(stack.portal_port), "--mail", mail, "--prefect-url", front,
              port="portal"),
        child("front", "portal.front.serve", "--port", str(stack.front_port), "--upstream", stack.prefect_url,
              "--url", front, port="front"),
        child("worker", "deployments.worker"),
        *lmtp,
        child("watchdog", "operations.watchdog"),
        child("keeper", "operations.keeper"),  # last: it starts whom it misses
    )  # fmt: skip


def expected_children(stack: Stack, settings: Settings) -> tuple[str, ...]:
    """The names of the children that should run beside Prefect; under systemd keeper and watchdog are its own."""
    names = (*CHILDREN, "lmtp") if settings.lmtp else CHILDREN
    return tuple(name for name in names if not (stack.kept_by_systemd and name in ("watchdog", "keeper")))


def foreground_names(stack: Stack, settings: Settings) -> tuple[str, ...]:
    """What a supervisor keeps, in the order in which it starts."""
    beside = [child.name for child in background_children(stack, settings) if child.name not in ("watchdog", "keeper")]
    return (*(["postgres"] if stack.embedded else []), "prefect", *beside)


def front_address(stack: Stack, settings: Settings) -> str:
    """Where people open Prefect's pages: as configured, else the portal's host under the front's own port.

    Raises SettingsError for another host than the portal's: a browser would not show the sign-in there.
    """
    portal = urlsplit(settings.base_url or stack.portal_url)
    front = settings.front_url or f"{portal.scheme}://{_bracketed(portal.hostname or '')}:{stack.front_port}"
    if urlsplit(front).hostname != portal.hostname:
        raise SettingsError(
            f"front_url = {front} has another host name than the portal ({portal.hostname}), "
            "so that nobody would be signed in there; give the same name with another port"
        )
    return front.rstrip("/")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@dataclass(frozen=True)
class Installation:
    """A running installation: its store, its rules, its configuration folder."""

    engine: sa.Engine
    rules: Rules
    settings: Settings
    # libpq URL of Prefect's own database, for what its interface cannot do; empty: out of reach
    prefect_database: str = field(default="", repr=False)

    def compile(self, plan: Plan, only: str | None = None) -> tuple[Deployment, ...]:
        """The deployments of an adopted or draft plan, with what was extended moved and what has ended left out.

        `only`: the one item of that id, without the plan's own flows.
        """
        from tasks.schedule.deployments import compile_plan

        return compile_plan(self.engine, self.rules, self.settings.config, plan, only)

    def compile_as_adopted(self, plan: Plan) -> tuple[Deployment, ...]:
        """The same as on the day of adoption, whatever has happened since: what a replay walks."""
        from tasks.schedule.deployments import compiler

        return compiler(self.rules, self.settings.config, {}).deployments(plan)

    def adopted(self) -> list[Plan]:
        """Every adopted plan."""
        from tasks.store.plans import adopted, adopted_ids

        with self.engine.connect() as connection:
            return [adopted(connection, plan_id) for plan_id in adopted_ids(connection)]

    def deploy(self, *, dry_run: bool = False, with_automations: bool = True) -> Applied:
        """Make Prefect's deployments those of the adopted plans; automations last, so that none sees a replay."""
        from prefect.client.orchestration import get_client

        from deployments.apply import apply, deployment_ids, standing_names
        from deployments.automations import apply_automations, automations
        from deployments.renaming import rename, renamings
        from deployments.worker import ensure_work_pool
        from dondoc.schedule.own_flows import OWN_FLOWS
        from tasks.audit.older_ledger import refuse_older_ledger
        from tasks.config.loading import clock, words
        from tasks.schedule.deployments import deploying, installation_deployments

        vocabulary = words(self.settings.config)
        own = installation_deployments(self.rules, self.settings)
        incident = next(found for found in own if found.entrypoint == OWN_FLOWS["incident"].entrypoint)
        if not dry_run:
            ensure_work_pool()
        with deploying(self.engine), get_client(sync_client=True) as client:
            refuse_older_ledger(self.engine, self.rules, self.settings, client, clock(self.rules.policy))
            wanted = [*(found for plan in self.adopted() for found in self.compile(plan)), *own]
            if self.prefect_database and not dry_run:
                rename(self.prefect_database, renamings(standing_names(client), wanted))
            applied = apply(client, wanted, dry_run=dry_run)
            if with_automations and not dry_run:
                target = deployment_ids(client)[incident.flow, incident.name]
                apply_automations(client, automations(target, vocabulary))
        return applied

    def replay(
        self, plan: Plan, answers_file: Path, until: date | None, on_day: Callable[[date, int, int], None]
    ) -> int:
        """Walk `plan` through its year with real flow runs in Prefect's history; the number of mornings walked."""
        from dondoc.obligations.timing import occurrences
        from operations.replay import Walk, walk_year
        from operations.scripted_answers import read_answers
        from tasks.config.loading import read_yaml

        register = {o.id: o for o in occurrences(plan, self.rules.policy, self.rules.calendar)}
        answers = read_answers(read_yaml(answers_file, self.settings.config.parent), plan, register)
        with self.past_runs() as run:
            walk = Walk(self.engine, self.rules, plan, self.compile_as_adopted(plan), answers, run)
            return walk_year(walk, until, on_day)

    @contextmanager
    def past_runs(self) -> Iterator[Callable[[Sequence[Deployment], datetime], None]]:
        """What runs deployed flows as of a past moment, side by side, each once, into Prefect's history."""
        from prefect.client.orchestration import get_client

        from deployments.apply import deployment_ids, flow_function
        from deployments.history import PastRun, recording

        with get_client(sync_client=True) as client:
            ids = deployment_ids(client)
        with recording() as recorder:

            def run(deployments: Sequence[Deployment], moment: datetime) -> None:
                recorder.record_all(
                    [
                        PastRun(
                            flow_function(found.entrypoint),
                            found.flow,
                            ids[found.flow, found.name],
                            moment,
                            {**found.parameters, "as_of": moment},
                        )
                        for found in deployments
                    ]
                )

            yield run


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def open_installation(settings: Settings) -> Installation:
    """The installation whose services run. Raises ConfigurationError."""
    from operations.surroundings import stack
    from tasks.config.loading import load_rules
    from tasks.config.run_context import own_engine

    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")
    return Installation(
        own_engine(settings.store_url), load_rules(settings.config), settings, database_urls(stack()).prefect
    )
