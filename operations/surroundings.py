"""Where a command finds this installation: its folders, its stack, its database, its words."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.config.settings import HOME

if TYPE_CHECKING:
    import sqlalchemy as sa

    from dondoc.office.rules import Rules
    from dondoc.plan.plan import Plan
    from operations.stack.settings import Stack
    from tasks.config.settings import Settings


def config_folder() -> Path:
    """The configuration folder."""
    return Path(os.environ.get("DONDOC_CONFIG") or HOME / "config")


@cache
def stack() -> Stack:
    """The stack of this installation, as the environment sets it."""
    from operations.stack.settings import from_environment

    return from_environment(os.environ, HOME / "var")


def prepare() -> Settings:
    """Set what flows and Prefect's client read from the environment, and return the settings."""
    from operations.stack.account import PRIVATE
    from operations.stack.databases import database_urls
    from operations.stack.prefect_server import client_environment
    from tasks.config.settings import settings

    here = stack()
    os.umask(PRIVATE)  # what a command writes of an installation is for its own account
    os.environ.update(client_environment(here))
    os.environ.setdefault("DONDOC_VAR", str(here.root))
    os.environ.setdefault("DONDOC_MAIL_PORT", str(here.mail_port))
    os.environ["DONDOC_STORE_URL"] = database_urls(here).app
    for name, value in here.link_environment(os.environ).items():
        os.environ.setdefault(name, value)
    return settings()


def store() -> sa.Engine:
    """The database, reached and of this version. Raises DatabaseError with what to do otherwise."""
    url = prepare().store_url  # first: Prefect reads its settings when it is imported
    from tasks.config.run_context import own_engine as engine_of
    from tasks.store.connect import DatabaseError, check_version

    if check_version(url) is None:
        raise DatabaseError("the database is empty; create it with: dondoc up")
    return engine_of(url)


def own_rules() -> Rules:
    """Office, policy and calendar."""
    from tasks.config.loading import load_rules as read_house

    return read_house(config_folder())


def plan_path(given: str | None) -> Path:
    """The plan file to read: the one given, the live one, or the newest of config/plans."""
    from dondoc.foundation.errors import DondocError
    from tasks.config.settings import read_settings

    if given:
        return Path(given)
    live = read_settings(os.environ).live_plan
    if live:
        return live
    plans = sorted((config_folder() / "plans").glob("*.yaml"))
    if not plans:
        raise DondocError(f"no plan in {config_folder() / 'plans'}; write one, or give its file")
    return plans[-1]


def load_plan(path: Path) -> Plan:
    """A plan file, validated. Raises ConfigurationError with every fault."""
    from tasks.config.loading import read_plan_file

    return read_plan_file(path, own_rules().office, config_folder().parent)
