"""The local mailbox: an SMTP server that lets nothing leave."""
