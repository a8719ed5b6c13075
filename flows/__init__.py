"""Orchestration: gather → decide → apply. One file per shape of work; an item's shape picks its function."""
