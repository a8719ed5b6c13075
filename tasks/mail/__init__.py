"""The morning's mail and single letters."""
