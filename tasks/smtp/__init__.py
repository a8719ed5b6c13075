"""SMTP: the client, the sender, the limit that protects the server."""
