"""The office's own pages: board, inbox, occurrences, absence."""
