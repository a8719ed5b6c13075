"""The attacks' targets: real servers and installations of their own, as in tests/integration. Run by `make security`."""

from __future__ import annotations

from installation import databases, installation, make_installation, post_office  # noqa: F401  (fixtures)
from servers import postgres, prefect_settings, prefect_stack, stack, worker  # noqa: F401  (fixtures)
