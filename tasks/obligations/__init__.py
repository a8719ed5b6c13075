"""Looking at occurrences, acting on them, and what follows."""
