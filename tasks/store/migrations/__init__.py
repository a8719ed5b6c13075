"""Alembic's migrations of dondoc's tables."""
