"""Plan files: drafts and workbooks."""
