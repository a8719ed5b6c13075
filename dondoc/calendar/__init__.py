"""Working days and periods."""
