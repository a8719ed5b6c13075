"""`dondoc up`, step by step, with a progress bar: check, start, adopt, deploy; the demo's year before that."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import yaml
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from dondoc.plan.plan import Plan
from operations.coming_up import coming
from operations.installation import (
    Installation,
    background_children,
    foreground_names,
    front_address,
    open_installation,
)
from operations.live_plan import adopt_live, differs, live_plan_file
from operations.stack import services
from operations.stack.databases import database_urls
from operations.stack.settings import Stack
from operations.surroundings import config_folder, load_plan, prepare, stack
from tasks.config.settings import Settings

DEMO_YEAR = 2024
_NO_PLAN = "No plan runs yet: set live in [plan] of config/dondoc.toml, then run: dondoc up"


class _Bar:
    """The progress bar: one line a step, the replay counted by days."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.task: TaskID | None = None

    def step(self, what: str, total: int | None = None) -> None:
        if self.task is not None:
            self.progress.update(self.task, total=1, completed=1)
        self.task = self.progress.add_task(what, total=total)

    def day(self, day: date, number: int, total: int) -> None:
        assert self.task is not None
        self.progress.update(self.task, completed=number, total=total, description=f"replaying {day:%d/%m/%Y}")


@contextmanager
def _bar() -> Iterator[_Bar]:
    columns = (SpinnerColumn(), TextColumn("{task.description:<34}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = _Bar(progress)
        yield bar
        if bar.task is not None:
            progress.update(bar.task, total=1, completed=1)


def bring_up(demo: bool, accept_older: bool = False) -> None:
    """Bring the installation up; a second call finds everything there. Raises DondocError before anything half-starts."""
    from tasks.config.loading import clock

    here, settings = stack(), prepare()
    if demo:
        _refuse_foreign_mail(settings)
    _refuse_unread_mail(settings)
    demo_plan = load_plan(config_folder() / "plans" / f"{DEMO_YEAR}.yaml") if demo else None
    live = live_plan_file(here, settings, demo)  # every error of the configuration before the first process
    with _bar() as bar:
        started = _start(here, settings, bar, accept_older)
        installation = open_installation(settings)
        if demo_plan:
            bar.step("replaying")
            answers = config_folder() / "demo" / f"answers-{DEMO_YEAR}.yaml"
            replay_year(here, installation, demo_plan, answers, None, bar)
        bar.step("adopting and deploying the plan")
        adopted = adopt_live(installation, live, clock(installation.rules.policy), demo=demo) if live else None
        changed = installation.deploy().changed
    _say(here, settings, started, adopted, changed, demo, coming(installation, clock(installation.rules.policy)))
    note = differs(installation, live) if live else None if installation.adopted() else _NO_PLAN
    if note:
        Console().print(note, soft_wrap=True, markup=False)


def _refuse_foreign_mail(settings: Settings) -> None:
    from tasks.config.settings import SettingsError

    if not settings.mail_stays:
        raise SettingsError(
            f"the demo would mail 2024's notices through {settings.smtp.host}; "
            "empty [mail] host in config/dondoc.toml, or run: dondoc up"
        )


def _refuse_unread_mail(settings: Settings) -> None:
    from tasks.config.settings import SettingsError

    if settings.mail_stays and not settings.trial.on:
        raise SettingsError(
            "no mail would leave and nobody could read it: give host in [mail] of config/dondoc.toml, "
            "or set on = true in [trial]"
        )


def _start(here: Stack, settings: Settings, bar: _Bar, accept_older: bool) -> tuple[str, ...]:
    from tasks.store.connect import migrate

    names = {"postgres": "starting PostgreSQL", "prefect": "starting Prefect"}

    def on_step(name: str) -> None:
        # The tables must be there before the first child that reads them.
        if name == "mailbox":
            bar.step("bringing the tables up to date")
            migrate(database_urls(here).owner)
            _look_for_later_runs(settings, accept_older)
        bar.step(names.get(name, f"starting the {name}"))

    if not here.kept_by_systemd:
        return services.up(here, background_children(here, settings), on_step)
    kept = foreground_names(here, settings)
    started = services.up(here, [child for child in background_children(here, settings) if child.name in kept])
    _look_for_later_runs(settings, accept_older)
    return started


def _look_for_later_runs(settings: Settings, accept: bool) -> None:
    """Before anything runs or is mailed: an older copy of the ledger would tell everybody everything again."""
    from prefect.client.orchestration import get_client

    from tasks.audit.older_ledger import accept_older_ledger, refuse_older_ledger
    from tasks.config.loading import clock

    installation = open_installation(settings)
    asked = (installation.engine, installation.rules, settings)
    with get_client(sync_client=True) as client:
        if accept:
            accept_older_ledger(*asked, client, clock(installation.rules.policy))
        refuse_older_ledger(*asked, client, clock(installation.rules.policy))


def replay_year(
    here: Stack, installation: Installation, plan: Plan, answers: Path, until: date | None, bar: _Bar | None = None
) -> int:
    """Replay one plan year into Prefect's history; 0 when it is there already. Its mail goes to the local mailbox only."""
    from operations.replay import ANSWERED_AT
    from operations.scripted_answers import Answers
    from tasks.config.loading import read_yaml
    from tasks.config.settings import settings
    from tasks.store.plans import adopt

    rules = installation.rules
    # Whatever SMTP server is configured, a past year is mailed to nobody.
    os.environ["DONDOC_MAIL_KEPT"] = "1"
    os.environ["DONDOC_FIGURES"] = str(installation.settings.config / "demo" / "figures")
    os.environ["PREFECT_LOGGING_TO_API_ENABLED"] = "false"
    settings.cache_clear()
    bounces = Answers.model_validate(read_yaml(answers).value).bounces
    refused = [{"address": b.address, "from": b.from_, "to": b.to} for b in bounces]
    (here.root / "refusals.yaml").write_text(yaml.safe_dump(refused), encoding="utf-8")
    start = datetime.combine(plan.adopted_on, ANSWERED_AT, tzinfo=rules.policy.zone)
    adopt(installation.engine, plan, rules.policy, rules.calendar, start, "replay")
    installation.deploy(with_automations=False)
    try:
        return installation.replay(plan, answers, until, bar.day if bar else lambda *_: None)
    finally:
        for name in ("DONDOC_MAIL_KEPT", "DONDOC_FIGURES", "PREFECT_LOGGING_TO_API_ENABLED"):
            os.environ.pop(name, None)
        settings.cache_clear()


def _say(
    here: Stack,
    settings: Settings,
    started: tuple[str, ...],
    adopted: str | None,
    changed: int,
    demo: bool,
    next_morning: str,
) -> None:
    from portal.mailbox.key import mailbox_address
    from tasks.config.run_context import own_engine
    from tasks.mail.ways import in_trial

    def say(line: str) -> None:
        Console().print(line, soft_wrap=True, highlight=False, markup=False)

    command = "dondoc" if shutil.which("dondoc") else ".venv/bin/dondoc"
    if not started and not adopted and not changed:
        say("Everything runs already; nothing was changed and nothing was sent.")
    else:
        say(
            f"Started: {', '.join(started) or 'nothing'}. Adopted: {adopted or 'nothing new'}. "
            f"Deployments created or changed: {changed}."
        )
    front = front_address(here, settings)
    trial = in_trial(settings, own_engine(settings.store_url))
    if trial:
        guests = ", ".join(settings.trial.guests) if not settings.mail_stays else ""
        say(f"Trial: mail leaves to {guests or 'nobody'}; the rest stays in the mailbox. To end it: dondoc go-live")
    say(f"\n  Prefect UI  {front}  (sign in by the link mailed to a role of config/office.yaml)")
    if demo:
        say(f"  2024's runs {front}/{_YEAR}")
    if trial:
        say(f"  Mailbox     {mailbox_address(here.portal_url, here.root)}  (for you alone: its links act)")
    else:
        say(f"  Mailbox     {here.portal_url}/mail  (for the operator)")
    say(f"  Board       {here.portal_url}/bang  (the same sign-in)")
    say(f"  Coming up   {next_morning}")
    say(f"\nNext: {command} status · {command} ledger verify · {command} doctor · to stop: {command} down")


# The newer of Prefect's two run lists filters by the scheduled date; the classic one by when a run really started.
_YEAR = "v2/runs?start=2024-01-01T00:00:00.000Z&end=2025-02-01T00:00:00.000Z"
