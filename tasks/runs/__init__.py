"""The daily sweep, incidents, and the operator's own runs."""
