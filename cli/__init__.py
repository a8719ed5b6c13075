"""The command line. Nothing here imports Prefect or SQLAlchemy before a command needs it: `--help` is quick."""

from __future__ import annotations

import os
import sys
from importlib import import_module

import click

# command → where it is and its one line of help, so that the list needs no import
COMMANDS = {
    "init": ("cli.init:init", "Write the configuration of an office of your own."),
    "plan": ("cli.plan:plan", "Check, show, compare, carry over and adopt plans."),
    "up": ("cli.stack:up", "Start everything; with --demo, replay 2024 first."),
    "down": ("cli.stack:down", "Stop what 'up' started."),
    "status": ("cli.stack:status", "The services and every occurrence's state."),
    "deploy": ("cli.stack:deploy", "Create, update and prune Prefect's deployments."),
    "replay": ("cli.stack:replay", "Walk a plan year day by day with scripted answers."),
    "progress": ("cli.tables:progress", "The progress table as .xlsx."),
    "scorecard": ("cli.tables:scorecard", "The scorecard of each unit, every number with its proof."),
    "submit": ("cli.acts:submit", "Record that a unit delivered."),
    "accept": ("cli.acts:accept", "Accept what was submitted."),
    "return": ("cli.acts:return_", "Return what was submitted, with a reason."),
    "extend": ("cli.acts:extend", "Ask for, grant or refuse an extension."),
    "waive": ("cli.acts:waive", "Waive a duty, naming the decision."),
    "act": ("cli.acts:act", "Record any other act of a unit or of the office."),
    "event": ("cli.acts:event", "Record an outside event, which opens what waited for it."),
    "document": (
        "cli.documents:document",
        "Write a document as .docx: a draft, a letter, a form, a report.",
    ),
    "ledger": ("cli.ledger:ledger", "Verify, export and print the head of the ledger."),
    "evidence": ("cli.evidence:evidence", "Packs of evidence that prove themselves."),
    "mail": ("cli.mail:mail", "Try the mail servers, with one mail."),
    "go-live": ("cli.mail:go_live", "End the trial: mail leaves to everybody."),
    "audit": ("cli.audit:audit", "Compare the ledger with Prefect's run history."),
    "backup": ("cli.backup:backup", "Write everything into one archive, while it runs."),
    "restore": ("cli.backup:restore", "Bring an archive back into an empty place."),
    "prefect": ("cli.prefect:prefect", "Take old runs out of Prefect that are in the record."),
    "service": ("cli.service:service", "systemd units for production."),
    "doctor": ("cli.doctor:doctor", "What is wrong with this installation and what to do."),
}

FOUND, USAGE, UNREACHABLE = 1, 2, 3


class _Lazy(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(package_name="dondoc")
@click.pass_context
def cli(context: click.Context, debug: bool) -> None:
    """dondoc: every item of a public office's yearly plan as a scheduled, tracked, provable Prefect flow."""
    context.obj = {"debug": debug}


def main() -> None:
    """The entry point: errors are one line and an exit code (1 found something, 2 usage, 3 unreachable)."""
    try:
        sys.exit(cli(standalone_mode=False) or 0)  # click returns the code of `Exit` here instead of raising it
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(USAGE)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader went away: nothing to say
        sys.exit(FOUND)
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        sys.exit(_say(error))


def _say(error: Exception) -> int:
    from dondoc.foundation.errors import DondocError
    from tasks.store.cures import cure

    cured = cure(error)
    if cured and not isinstance(error, DondocError | OSError):
        click.echo(cured, err=True)
        return UNREACHABLE
    if isinstance(error, DondocError):
        click.echo(str(error), err=True)
        return UNREACHABLE if type(error).__name__ in ("StackError", "DatabaseError") else FOUND
    if type(error).__name__ in ("OperationalError", "ConnectError", "ConnectTimeout", "ReadTimeout"):
        click.echo(f"cannot reach a service ({_line(error)}); start it with: dondoc up", err=True)
        return UNREACHABLE
    if isinstance(error, OSError):
        click.echo(f"{error.strerror or error}: {error.filename or ''}; correct the path or its permissions", err=True)
        return FOUND
    click.echo(f"unexpected: {type(error).__name__}: {_line(error)}; run again with --debug and report it", err=True)
    return FOUND


def _line(error: Exception) -> str:
    return (str(getattr(error, "orig", None) or error).strip().splitlines() or [type(error).__name__])[0]
