"""The domain of dondoc: pure. No Prefect, no SQLAlchemy, no network, no file reads, and it never asks the clock."""
