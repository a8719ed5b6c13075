"""The embedded stack: PostgreSQL, the Prefect server and dondoc's own background children under one var/ folder.

Nothing here imports Prefect: `dondoc status` and `dondoc down` stay quick.
"""
