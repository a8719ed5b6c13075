"""Charts, progress and workbooks."""
