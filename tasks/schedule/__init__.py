"""The deployments that adopted plans should have."""
