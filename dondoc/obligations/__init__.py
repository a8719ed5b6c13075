"""The heart: occurrences, their timing, lifecycle, decisions and acts."""
