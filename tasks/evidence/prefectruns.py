"""Prefect's side of the evidence: the runs that entries name, with their states, logs and artifacts, as it tells them.

Only reading calls, in batches. What changes by itself (when a record was last touched, estimates) is left out and all
lists are sorted: the same runs are the same bytes. A run that Prefect no longer has comes as the copy that the record
keeps of it, byte for byte. Prefect away, or a run gone without a copy, is said and never fails a pack.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import httpx

from tasks.config.settings import Settings
from tasks.store.files import LostFileError, fetch

_BATCH = 50
_PAGE = 200
_SECONDS = 20.0
_RUN = (
    "id", "name", "created", "flow_id", "deployment_id", "parameters", "tags", "idempotency_key", "work_queue_name",
    "state_type", "state_name", "run_count", "expected_start_time", "start_time", "end_time",
)  # fmt: skip
_STATE = ("id", "timestamp", "type", "name", "message")
_LOG = ("timestamp", "level", "name", "message")
_ARTIFACT = ("key", "type", "created", "description", "data")


@dataclass(slots=True)
class PrefectRuns:
    """What Prefect told. `reached` is false where it did not answer, also half-way: `missing` then is not yet asked."""

    reached: bool = True
    found: int = 0
    missing: list[str] = field(default_factory=list)


def write_runs(
    settings: Settings, runs: Iterable[str], folder: Path, copies: Mapping[str, str] | None = None
) -> PrefectRuns:
    """One JSON file a run below `folder`. `copies` are SHA-256s of the record's. Never raises for what Prefect does."""
    told = _asked(settings, runs, folder)
    missing = list(told.missing)
    for run in missing:
        try:
            content = fetch(settings.var / "files", (copies or {})[run])
        except (KeyError, LostFileError):
            continue
        (folder / f"{run}.json").write_bytes(content)
        told.missing.remove(run)
        told.found += 1
    return told


def _asked(settings: Settings, runs: Iterable[str], folder: Path) -> PrefectRuns:
    told, left = PrefectRuns(), iter(sorted(runs))
    client = _client(settings)
    if client is None:
        return PrefectRuns(False, 0, list(left))
    with client:
        while batch := list(islice(left, _BATCH)):
            try:
                known = dict(_runs(client, batch)) if told.reached else {}
            except (httpx.HTTPError, ValueError, KeyError, TypeError):
                told.reached, known = False, {}
            for run in batch:
                if run in known:
                    text = json.dumps(known[run], ensure_ascii=False, sort_keys=True, indent=1)
                    (folder / f"{run}.json").write_text(text + "\n", encoding="utf-8", newline="\n")
                    told.found += 1
                else:
                    told.missing.append(run)
    return told


def _client(settings: Settings) -> httpx.Client | None:
    if not settings.prefect_api:
        return None
    user, _, password = settings.prefect_auth.partition(":")
    return httpx.Client(base_url=settings.prefect_api, auth=(user, password) if password else None, timeout=_SECONDS)


def _runs(client: httpx.Client, batch: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    asked = {"id": {"any_": batch}}
    found = _ask(client, "/flow_runs/filter", {"flow_runs": asked, "limit": _PAGE})
    if not found:
        return
    ids = [run["id"] for run in found]
    flows = _ask(client, "/flows/filter", {"flows": {"id": {"any_": sorted({run["flow_id"] for run in found})}}})
    names = {flow["id"]: flow["name"] for flow in flows}
    logs = _by_run(_paged(client, "/logs/filter", {"logs": {"flow_run_id": {"any_": ids}}, "sort": "TIMESTAMP_ASC"}))
    artifacts = _by_run(
        _paged(client, "/artifacts/filter", {"artifacts": {"flow_run_id": {"any_": ids}}, "sort": "KEY_ASC"})
    )
    for run in found:
        key = str(run["id"])
        states = client.get("/flow_run_states/", params={"flow_run_id": key}).raise_for_status().json()
        yield (
            key,
            {
                **_only(_RUN, run),
                "flow": names.get(run["flow_id"], ""),
                "tags": sorted(run["tags"]),
                "states": _sorted(_STATE, states, "timestamp"),
                "logs": _sorted(_LOG, logs.get(key, ()), "timestamp"),
                "artifacts": _sorted(_ARTIFACT, artifacts.get(key, ()), "created"),
            },
        )


def _ask(client: httpx.Client, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.post(path, json=body).raise_for_status().json()
    return found


def _paged(client: httpx.Client, path: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    offset = 0
    while page := _ask(client, path, {**body, "limit": _PAGE, "offset": offset}):
        yield from page
        offset += len(page)
        if len(page) < _PAGE:
            return


def _by_run(found: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    by_run: dict[str, list[dict[str, Any]]] = {}
    for one in found:
        by_run.setdefault(str(one["flow_run_id"]), []).append(one)
    return by_run


def _only(names: tuple[str, ...], value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.get(name) for name in names}


def _sorted(names: tuple[str, ...], found: Iterable[Mapping[str, Any]], first: str) -> list[dict[str, Any]]:
    kept = [_only(names, one) for one in found]
    return sorted(kept, key=lambda one: (str(one[first]), json.dumps(one, sort_keys=True)))
