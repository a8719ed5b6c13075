"""Ledger against Prefect, run copies, witnesses, time stamps."""
