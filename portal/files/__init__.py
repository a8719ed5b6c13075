"""Files handed in, downloaded."""
