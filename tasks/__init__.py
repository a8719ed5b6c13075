"""Effects: the database, the mail server, Prefect's artifacts, files. Each is thin over a plain function."""
