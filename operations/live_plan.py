"""Which plan `up` puts to work. The adopted plan is the truth; a file is only where it came from."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dondoc.foundation.errors import ConfigurationError
from operations.first_morning import go_live, last_morning
from operations.surroundings import config_folder, load_plan, own_rules

if TYPE_CHECKING:
    from operations.installation import Installation
    from operations.stack.settings import Stack
    from tasks.config.settings import Settings


def live_plan_file(here: Stack, settings: Settings, demo: bool) -> Path | None:
    """The file of the plan to adopt: the configured one; for the demo a draft of this year's, rolled over from the newest.

    None where neither is: an office does not get a plan that nobody chose. Raises ConfigurationError for one with
    faults, unless a database stands already: its plan may be adopted and need no file.
    """
    from tasks.config.loading import clock
    from tasks.plan.drafting import draft_plan

    if settings.live_plan:
        if not (here.database_url or here.data_directory.exists()):
            load_plan(settings.live_plan)
        return settings.live_plan
    rules = own_rules()
    day = last_morning(clock(rules.policy), rules.policy, rules.calendar)
    newest = sorted((config_folder() / "plans").glob("*.yaml"))[-1]
    if newest.stem == str(day.year):
        load_plan(newest)
        return newest
    target = here.root / "plans" / f"{day.year}.yaml"
    if not target.exists() and not demo:
        return None
    if not target.exists():
        source = newest.read_text(encoding="utf-8")
        text = draft_plan(load_plan(newest), source, day.year, day, config_folder(), own_rules(), day)
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_suffix(".part")
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(target)
    return target


def adopt_live(installation: Installation, live: Path, now: datetime, *, demo: bool) -> str | None:
    """Adopt the plan of that file where no version of it is in force yet; its id when it was adopted now.

    What was amended since stays as it is, whatever the file says. Raises ConfigurationError for a file with faults
    while no plan at all is adopted: then nothing would run.
    """
    from tasks.audit.witness_files import note_head
    from tasks.store.plans import adopt, digest_of

    try:
        plan, source = load_plan(live), live.read_text(encoding="utf-8")
    except ConfigurationError:
        if installation.adopted():
            return None
        raise
    with installation.engine.connect() as connection:
        known = digest_of(connection, plan.id)
    if known is not None and not (demo and known == plan.digest):
        return None
    if demo:
        return plan.id if go_live(installation, plan, source, now) else None
    rules = installation.rules
    done = adopt(installation.engine, plan, rules.policy, rules.calendar, now, "operator", source=source)
    note_head(installation.engine, installation.settings, now, plan.id)
    return plan.id if done else None


def differs(installation: Installation, live: Path) -> str | None:
    """Why the file is not what runs, in a line; None where it is, or once was, in force."""
    import sqlalchemy as sa

    from tasks.store.tables import plan_version

    try:
        plan = load_plan(live)
    except ConfigurationError as error:
        return f"{str(error).splitlines()[0]} (the adopted plan runs; correct the file, or empty live in [plan])"
    v = plan_version.c
    with installation.engine.connect() as connection:
        was = connection.scalar(sa.select(v.seq).where(v.plan == plan.id, v.digest == plan.digest))
    if was is not None:
        return None
    return (
        f"{live} is not the plan that runs; to put it in force: "
        f"dondoc plan adopt {live} --decision NUMBER --decided-on DATE"
    )
