"""Backup and restore: one archive of both databases, the files, the configuration and the witnesses."""
