"""`python -m operations.stack.serve_prefect`: `prefect server start`, made to schedule under SQLAlchemy 2.1.

Prefect 3.8.8's scheduler inserts runs in bulk with the computed fields (estimated_run_time …) among the values.
SQLAlchemy 2.0 dropped those; 2.1 raises "Can't evaluate bulk DML statement" and no run is ever scheduled. Here they
are dropped again, by SQLAlchemy's own hook for it. To be removed with a Prefect that runs its scheduler on 2.1.
"""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from typing import Any

from prefect.cli import app
from prefect.server.database import orm_models
from sqlalchemy.ext.hybrid import hybrid_property


def ignore_computed_fields() -> None:
    """Let every computed field of Prefect's tables be dropped from bulk inserts."""
    for mapper in orm_models.Base.registry.mappers:
        for attribute in mapper.all_orm_descriptors:
            if isinstance(attribute, hybrid_property) and attribute.bulk_dml_setter is None:
                attribute.bulk_dml_setter = _drop


def _drop(cls: Any, mapping: MutableMapping[str, Any], value: Any) -> None:
    """A computed field has no column: nothing to insert."""


if __name__ == "__main__":
    ignore_computed_fields()
    sys.argv[1:] = ["server", "start"]
    app()
