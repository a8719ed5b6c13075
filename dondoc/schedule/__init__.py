"""Plan → Prefect deployments, as values."""
