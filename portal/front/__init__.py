"""The front of Prefect's own pages."""
