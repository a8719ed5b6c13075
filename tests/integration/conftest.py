"""What the tests of this folder may ask for: real servers, each started only when a test asks for it."""

from __future__ import annotations

from installation import (  # noqa: F401  (fixtures)
    databases,
    installation,
    make_installation,
    mortal,
    plain_tasks,
    post_office,
    whole_plan,
)
from letters import office  # noqa: F401  (a fixture)
from servers import postgres, prefect_settings, prefect_stack, stack, worker  # noqa: F401  (fixtures)
