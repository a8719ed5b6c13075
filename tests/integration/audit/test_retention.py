"""Runs of a real Prefect copied into the record, and taken out of Prefect only then."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from installation import CONFIG, Installation, at
from prefect.client.orchestration import SyncPrefectClient

import tasks.audit.run_copies
from dondoc.foundation.errors import DondocError
from tasks.audit.auditing import audit
from tasks.audit.pruning import Pruned, prune
from tasks.audit.run_copies import copy_runs
from tasks.config.loading import clock, words
from tasks.config.run_context import RunContext
from tasks.config.settings import RetentionSection
from tasks.evidence.prefectruns import write_runs
from tasks.store.audit import reading_one_moment, verify_store
from tasks.store.copied import copied_runs, pruned_runs

LATER = timedelta(days=40)


@dataclass
class Office:
    """A deployed plan with two runs in Prefect and in the ledger."""

    installation: Installation
    client: SyncPrefectClient
    runs: tuple[str, ...]

    def morning(self, **retention: int) -> RunContext:
        settings = replace(self.installation.settings, retention=RetentionSection(**retention))
        now = clock(self.installation.rules.policy)
        return replace(self.installation.morning(now + LATER), settings=settings)

    def copy(self, **retention: int) -> int:
        return copy_runs(self.morning(**retention), self.client)

    def prune(self, days: int = 30, *, dry_run: bool = False) -> Pruned:
        morning = self.morning(keep_runs_days=days)
        return prune(morning.engine, morning.settings, self.client, morning.now, "operator", dry_run=dry_run)

    def there(self) -> set[str]:
        ids = {"any_": list(self.runs)}
        from tasks.audit.prefect_reading import read_runs

        return {str(run.id) for run in read_runs(self.client, {"id": ids})}

    def found(self) -> set[str]:
        now = clock(self.installation.rules.policy)
        made = self.installation
        found = audit(made.engine, made.rules, made.settings, self.client, now, whole=True).findings
        return {finding.code for finding in found}

    def verified(self) -> set[str]:
        with reading_one_moment(self.installation.engine) as connection:
            recounted, broken = verify_store(connection, shelf=self.installation.settings.var / "files")
        assert broken is None
        return {finding.code for finding in recounted.found}


@pytest.fixture
def office(make_installation: Any, prefect_settings: None) -> Iterator[Office]:  # noqa: ARG001  (its server)
    from prefect.client.orchestration import get_client

    from deployments.apply import apply, deployment_ids
    from deployments.history import PastRun, recording
    from deployments.worker import ensure_work_pool
    from flows.issue import issue
    from tasks.schedule.deployments import compile_plan, installation_deployments

    made: Installation = make_installation()
    ensure_work_pool()
    wanted = [
        *compile_plan(made.engine, made.rules, CONFIG, made.plan),
        *installation_deployments(made.rules, made.settings),
    ]
    with get_client(sync_client=True) as client:
        apply(client, wanted)
        (ours,) = [
            found for found in client.read_deployments() if found.parameters == {"plan": "nho-2024", "item": "ke-hoach"}
        ]
        flow = client.read_flow(ours.flow_id).name
        with recording() as recorder:
            states = [
                recorder.record(PastRun(issue, flow, ours.id, at("2024-01-10", hour), given))
                for hour in ("08:00", "09:00")
                for given in [{"plan": made.plan.id, "item": "ke-hoach", "as_of": at("2024-01-10", hour)}]
            ]
        yield Office(made, client, tuple(str(state.state_details.flow_run_id) for state in states))
        for (_, name), deployment in deployment_ids(client).items():
            if name in ("nho-2024", "dondoc"):
                client.delete_deployment(deployment)


def test_a_runs_history_is_copied_once_and_named_in_the_ledger(office: Office) -> None:
    assert office.copy(copy_after_days=365) == 0, "they ended not long ago"
    assert office.copy() == 2
    assert office.copy() == 0
    (entry,) = office.installation.ledger("run.copied")
    named = {copy["run"]: copy for copy in entry["body"]["runs"]}
    assert set(named) == set(office.runs)
    shelf = office.installation.settings.var / "files"
    for run, copy in named.items():
        content = (shelf / copy["sha256"][:2] / copy["sha256"]).read_bytes()
        said = json.loads(content)
        assert (said["id"], len(content)) == (run, copy["size"])
        assert [state["type"] for state in said["states"]][-1] == "COMPLETED"
        assert said["parameters"]["item"] == "ke-hoach"
        assert copy["artifacts"] == len(said["artifacts"]) > 0
    assert office.verified() == set()


def test_a_lost_or_changed_copy_is_found_by_verify(office: Office) -> None:
    office.copy()
    first, second = office.installation.ledger("run.copied")[0]["body"]["runs"]
    shelf = office.installation.settings.var / "files"
    (shelf / first["sha256"][:2] / first["sha256"]).unlink()
    (shelf / second["sha256"][:2] / second["sha256"]).write_text("{}")
    assert office.verified() == {"copy_missing", "copy_changed"}
    assert {"copy_missing", "copy_changed"} <= set(words(CONFIG)["findings"])
    found = office.prune()
    assert (found.runs, set(found.lost)) == ((), set(office.runs))
    assert office.there() == set(office.runs)


def test_nothing_is_pruned_unless_the_settings_say_so_and_it_is_old_enough(office: Office) -> None:
    office.copy()
    with pytest.raises(DondocError, match="keep_runs_days"):
        office.prune(0)
    assert office.prune(41).runs == ()
    assert set(office.prune(dry_run=True).runs) == set(office.runs)
    assert office.there() == set(office.runs)
    assert office.installation.ledger("run.pruned") == []


def test_a_run_that_was_not_copied_is_never_pruned(office: Office) -> None:
    assert office.prune().runs == ()
    assert office.there() == set(office.runs)


def copied_runs_by_content(folder: Path) -> dict[str, str]:
    return {file.stem: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def test_what_was_pruned_is_not_missed_and_what_was_deleted_is(office: Office, tmp_path: Path) -> None:
    office.copy()
    deleted, kept = office.runs
    office.client.delete_flow_run(UUID(deleted))
    assert "run_gone" in office.found(), "copied, but nobody let it go"
    assert office.prune().runs == (kept,)
    assert office.there() == set()
    (entry,) = office.installation.ledger("run.pruned")
    assert (entry["actor"], entry["body"]["runs"]) == ("operator", [kept])
    found = audit(
        office.installation.engine, office.installation.rules, office.installation.settings, office.client,
        clock(office.installation.rules.policy), whole=True,
    ).findings  # fmt: skip
    assert [finding.subject for finding in found if finding.code == "run_gone"] == [deleted]
    assert office.prune().runs == ()
    assert office.verified() == set()
    folder = tmp_path / "prefect"
    folder.mkdir()
    with office.installation.engine.connect() as connection:
        told = write_runs(office.installation.settings, office.runs, folder, copied_runs(connection))
    assert (told.found, told.missing) == (2, []), "an evidence pack has them all the same"
    copies = copied_runs_by_content(folder)
    assert copies == {
        copy["run"]: copy["sha256"] for copy in office.installation.ledger("run.copied")[0]["body"]["runs"]
    }


def test_a_run_that_was_edited_after_its_copy_is_not_pruned(office: Office) -> None:
    from prefect.states import Completed

    office.copy()
    edited, kept = office.runs
    office.client.set_flow_run_state(UUID(edited), Completed(name="Đúng hạn"), force=True)
    found = office.prune()
    # Prefect dates a forced end anew: it may also count as too young.
    assert found.runs == (kept,)
    assert set(found.differing) <= {edited}
    assert office.there() == {edited}


class _KilledError(BaseException):
    """The process ends here."""


def test_killed_between_storing_and_naming_a_copy_is_named_the_next_day(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any, **__: Any) -> int:
        raise _KilledError

    with monkeypatch.context() as patch:
        patch.setattr(tasks.audit.run_copies, "record_copies", killed)
        with pytest.raises(_KilledError):
            office.copy()
    assert office.copy() == 2
    assert len(list((office.installation.settings.var / "files").glob("??/*"))) == 2


@pytest.mark.parametrize("moment", ["delete_artifact", "delete_flow_run"])
def test_killed_in_the_middle_of_pruning_goes_on(office: Office, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    office.copy()
    calls = []
    real = getattr(SyncPrefectClient, moment)

    def mortal(self: SyncPrefectClient, *given: Any) -> Any:
        calls.append(given)
        if len(calls) > 1:
            raise _KilledError
        return real(self, *given)

    with monkeypatch.context() as patch:
        patch.setattr(SyncPrefectClient, moment, mortal)
        with pytest.raises(_KilledError):
            office.prune()
    with office.installation.engine.connect() as connection:
        assert pruned_runs(connection) == set(copied_runs(connection)) == set(office.runs)
    office.prune()
    assert office.there() == set()
    assert "run_gone" not in office.found()
    assert len(office.installation.ledger("run.pruned")) == 1


def test_a_sweep_that_ran_beside_another_names_no_copy_twice(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks.audit.run_copies, "not_copied", lambda _: list(office.runs))
    assert (office.copy(), office.copy()) == (2, 0)
    assert len(office.installation.ledger("run.copied")) == 1
