"""Which of Prefect's calls only read. What stands in no list below changes something: nobody but the operator gets it.

`{}` is any one segment. Left out although they look like reads: `get_scheduled_flow_runs` and `get_runs` note that a
worker has asked; `csrf-token` writes a row. The classic pages do not start without `admin/settings`, in which Prefect
hides its secrets itself.
"""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import quote, unquote_to_bytes

CallKind = Literal["page", "read", "hidden", "private", "act", "outside"]

API = "/api/"
READS = """
GET admin/settings
GET admin/version
GET health
GET hello
GET ready
GET version
POST artifacts/count
POST artifacts/filter
POST artifacts/latest/count
POST artifacts/latest/filter
GET artifacts/{}
GET artifacts/{}/latest
POST automations/count
POST automations/filter
GET automations/related-to/{}
GET automations/{}
GET block_capabilities/
POST block_schemas/filter
GET block_schemas/checksum/{}
GET block_schemas/{}
POST block_types/filter
GET block_types/slug/{}
GET block_types/{}
POST concurrency_limits/filter
GET concurrency_limits/tag/{}
GET concurrency_limits/{}
POST deployments/count
POST deployments/filter
POST deployments/paginate
GET deployments/name/{}/{}
GET deployments/{}
GET deployments/{}/schedules
GET deployments/{}/work_queue_check
POST events/count-by/{}
POST events/filter
GET events/filter/next
GET flow_run_states/
GET flow_run_states/{}
POST flow_runs/count
POST flow_runs/filter
POST flow_runs/history
POST flow_runs/lateness
POST flow_runs/paginate
GET flow_runs/{}
GET flow_runs/{}/graph
GET flow_runs/{}/graph-v2
GET flow_runs/{}/logs/download
POST flows/count
POST flows/filter
POST flows/paginate
GET flows/name/{}
GET flows/{}
POST logs/filter
GET observed-states
POST saved_searches/filter
GET saved_searches/{}
GET task_run_states/
GET task_run_states/{}
POST task_runs/count
POST task_runs/filter
POST task_runs/history
POST task_runs/paginate
GET task_runs/{}
POST task_workers/filter
POST ui/flow_runs/count-task-runs
POST ui/flow_runs/history
POST ui/flows/count-deployments
POST ui/flows/next-runs
POST ui/task_runs/count
POST ui/task_runs/dashboard/counts
GET ui/task_runs/{}
POST v2/concurrency_limits/filter
GET v2/concurrency_limits/{}
POST work_pools/count
POST work_pools/filter
POST work_pools/{}/concurrency_status
POST work_pools/{}/queues/filter
POST work_pools/{}/workers/filter
GET work_pools/{}
GET work_pools/{}/queues/{}
POST work_queues/filter
POST work_queues/{}/concurrency_status
GET work_queues/name/{}
GET work_queues/{}
GET work_queues/{}/status
"""

# Reads of what may hold secrets, and the checks of a form while it is filled in (they look variables up).
PRIVATE = """
POST automations/templates/validate
GET block_documents/{}
GET block_types/slug/{}/block_documents
GET block_types/slug/{}/block_documents/name/{}
GET flow_runs/{}/input/{}
POST flow_runs/{}/input/filter
POST templates/validate
POST ui/schemas/validate
GET variables/name/{}
GET variables/{}
"""

# The same, asked by the pages themselves while they open.
HIDDEN = """
GET admin/storage
POST block_documents/count
POST block_documents/filter
POST variables/count
POST variables/filter
"""

# Prefect answers these by asking a server on the Internet.
OUTSIDE = """
GET collections/views/{}
"""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
_SEPARATOR = re.compile(rb"%(2f|5c)", re.IGNORECASE)
# A percent sign after decoding was encoded twice; the others mean something to whoever reads an address again.
_UNPLAIN = re.compile(r"[\x00-\x1f\x7f-\x9f\\%?#]")


def _patterns(listed: str) -> frozenset[tuple[str, ...]]:
    rows = (line.split(" ") for line in listed.split("\n") if line)
    return frozenset((method, *path.split("/")) for method, path in rows)


_LISTS: tuple[tuple[CallKind, frozenset[tuple[str, ...]]], ...] = (
    ("read", _patterns(READS)),
    ("hidden", _patterns(HIDDEN)),
    ("private", _patterns(PRIVATE)),
    ("outside", _patterns(OUTSIDE)),
)


def decoded_path(raw: bytes) -> str | None:
    """The path as everybody who decodes it once reads it; None where two readers could read two paths."""
    if _SEPARATOR.search(raw):
        return None
    try:
        path = unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        return None
    segments = path.split("/")
    if segments[0] or len(segments) < 2 or "" in segments[1:-1] or not {".", ".."}.isdisjoint(segments):
        return None
    return None if _UNPLAIN.search(path) else path


def encoded(path: str) -> str:
    """A plain path as it is sent: `decoded_path` of it is that path again."""
    return quote(path, safe="/~!$&'()*+,;=:@-._")


def kind_of(method: str, path: str) -> CallKind | None:
    """What a call with that (plain) path is; None for what nobody may send, such as OPTIONS or a POST to a page."""
    if method not in _METHODS:
        return None
    method = "GET" if method == "HEAD" else method
    # The pages' files; upper and lower case are two paths to Prefect.
    if not path.startswith(API) and path != API[:-1]:
        return "page" if method == "GET" else None
    call = (method, *path[len(API) :].split("/"))
    return next((kind for kind, patterns in _LISTS if any(_fits(call, p) for p in patterns)), "act")


def _fits(call: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    if len(call) != len(pattern):
        return False
    return all(have == want or (want == "{}" and have) for have, want in zip(call, pattern, strict=True))
