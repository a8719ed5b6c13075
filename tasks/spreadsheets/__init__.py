""".xlsx and .csv, written and read."""
