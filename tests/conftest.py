"""For all tests: hypothesis keeps no files and watches no clock, so that a loaded machine fails nothing."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("dondoc", deadline=None, database=None, print_blob=True)
settings.load_profile("dondoc")
