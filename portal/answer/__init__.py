"""Answering from a mail's link."""
