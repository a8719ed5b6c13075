"""Documents of an office, as values."""
