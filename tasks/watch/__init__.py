"""The watchdog's eyes and its voice. Nothing here needs Prefect, its worker, or the outbox; nothing imports Prefect."""
