"""`dondoc doctor`: what is wrong with this installation and what to do, one line each."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import click

from dondoc.foundation.errors import DondocError
from operations.surroundings import config_folder, load_plan, own_rules, plan_path, prepare, stack, store

_LEAST_FREE = 1_000_000_000


@click.command()
def doctor() -> None:
    """What is wrong with this installation and what to do; exit 1 if anything is."""
    found = [line for check in _CHECKS for line in _run(check)]
    for line in found:
        click.echo(f"✗ {line}")
    if found:
        raise click.exceptions.Exit(1)
    click.echo("✓ nothing is wrong")


def _run(check: Callable[[], Iterator[str]]) -> Iterator[str]:
    try:
        yield from check()
    except DondocError as error:
        yield from str(error).splitlines()
    except Exception as error:
        yield f"{check.__name__.strip('_')}: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"


def _disk() -> Iterator[str]:
    root = stack().root
    free = shutil.disk_usage(root if root.exists() else root.parent).free
    if free < _LEAST_FREE:
        yield f"{free // 1_000_000} MB free at {root}; free some space, PostgreSQL stops without it"


def _privacy() -> Iterator[str]:
    from operations.stack.private import open_to_others

    root = stack().root
    found = list(open_to_others(root)) if root.exists() else []
    if found:
        yield (
            f"{len(found)} files and folders of {root} are open to other accounts of this machine, the first {found[0]}; "
            "close them with: dondoc up"
        )


def _configuration() -> Iterator[str]:
    own_rules()
    if not _anything_adopted():  # the adopted plan is the truth; a file is only where it came from
        load_plan(plan_path(None))
    yield from ()


def _anything_adopted() -> bool:
    from tasks.store.plans import adopted_ids

    try:
        with store().connect() as connection:
            return bool(adopted_ids(connection))
    except Exception:  # the database's own check says what is wrong with it
        return False


def _new_year() -> Iterator[str]:
    from tasks.config.loading import today
    from tasks.store.plan_years import awaited_plans

    with store().connect() as connection:
        for one in awaited_plans(connection, today(own_rules().policy)):
            yield (
                f"no plan of {one.year} is adopted to follow {one.last}; edit its draft and adopt it: "
                f"dondoc plan adopt FILE (handbook, section 10)"
            )


def _templates() -> Iterator[str]:
    from dondoc.mail.notices import NOTICE_KINDS
    from tasks.config.loading import language_folder

    folder = language_folder(config_folder())
    for kind in NOTICE_KINDS:
        if not (folder / "mail" / kind / "message.j2").exists():
            yield f"config/words/{folder.name}/mail/{kind}/message.j2 is missing; restore it from the repository"


def _calendar() -> Iterator[str]:
    from tasks.config.loading import today

    rules = own_rules()
    day = today(rules.policy)
    if rules.calendar.is_estimated(day.year):
        yield f"the working calendar of {day.year} is an estimate; add the official days to config/calendars"
    if day.month >= 11 and rules.calendar.is_estimated(day.year + 1):
        yield f"the working calendar of {day.year + 1} is still an estimate; add the official days when they are published"


def _services() -> Iterator[str]:
    from operations.installation import expected_children
    from operations.stack.services import status

    expected = expected_children(stack(), prepare())
    for service in status(stack(), expected):
        if not service.running:
            yield f"{service.name} does not run; start it with: dondoc up (its log: {stack().log_file(service.name)})"


def _ledger() -> Iterator[str]:
    from dondoc.ledger.findings import finding_words
    from tasks.config.loading import words
    from tasks.store.audit import reading_one_moment, verify_store

    engine = store()
    with reading_one_moment(engine) as connection:
        recounted, broken = verify_store(connection, shelf=prepare().var / "files")
    if broken:
        yield f"the ledger is broken at entry {broken.seq}: {broken.reason}; stop, keep the database, call the auditor"
    yield from (finding_words(finding, words(config_folder())) for finding in recounted.found.kept[:10])


def _history() -> Iterator[str]:
    """Prefect's history and the local witnesses against the ledger: one sentence each where one of them is older."""
    from prefect.client.orchestration import get_client

    from dondoc.ledger.findings import finding_words
    from tasks.audit.older_ledger import lost_history, refuse_older_ledger
    from tasks.audit.witness_files import beyond_the_end
    from tasks.config.loading import clock, words

    engine, rules, settings = store(), own_rules(), prepare()
    vocabulary = words(config_folder())
    with engine.connect() as connection:
        yield from (finding_words(one, vocabulary) for one in list(beyond_the_end(connection, settings))[:1])
    with get_client(sync_client=True) as client:
        yield from (finding_words(one, vocabulary) for one in lost_history(engine, client))
        refuse_older_ledger(engine, rules, settings, client, clock(rules.policy))


def _mail_server() -> Iterator[str]:
    from operations.mail_check import mail_steps
    from tasks.mail.ways import in_trial

    settings = prepare()
    for step in () if settings.mail_stays and not settings.imap else mail_steps(settings):
        if not step.well:
            yield f"{step.what}: {step.words}; correct dondoc.toml and try it with: dondoc mail test ADDRESS"
    if settings.mail_stays and not in_trial(settings, store()):
        yield "no mail leaves: [mail] host of dondoc.toml is empty and this is no trial; give host, or on = true in [trial]"


def _waiting_mail() -> Iterator[str]:
    from tasks.mail.routes import turns
    from tasks.mail.servers import dead_mailboxes, outbox_tally, server_troubles
    from tasks.mail.ways import server_names

    settings = prepare()
    with store().connect() as connection:
        found = outbox_tally(connection)
        refused, dead = (
            server_troubles(connection, server_names(settings)),
            dead_mailboxes(connection, turns(own_rules().office)),
        )
    for server in refused:
        yield f"{server.name} takes no mail of ours since {server.since:%Y-%m-%d %H:%M}: {server.words}"
    if found.waiting:
        yield f"{found.waiting} mails wait for their server, the oldest since {found.oldest}; they are tried again"
    if found.failed:
        yield f"{found.failed} notices of duties still owed reached nobody; correct the addresses in office.yaml"
    if found.damaged:
        yield f"{found.damaged} kept mails are not the bytes they had been; the ledger's audit.finding names them"
    for mailbox in dead:
        yield f"{mailbox.name} did not take its last mail: {mailbox.words}; correct the address in office.yaml"


def _answers() -> Iterator[str]:
    settings = prepare()
    local = settings.mail_stays
    if settings.reply_base and not local and not settings.lmtp and not settings.imap:
        yield f"mail is answered at {settings.reply_base}, but nothing reads it; give lmtp or imap_host in [reply]"
    if not settings.reply_base and not local:
        yield "bounces and answers by mail are not read; give [reply] address in config/dondoc.toml (handbook, section 7)"


_CHECKS = (
    _disk,
    _privacy,
    _configuration,
    _templates,
    _calendar,
    _new_year,
    _services,
    _ledger,
    _history,
    _mail_server,
    _waiting_mail,
    _answers,
)
