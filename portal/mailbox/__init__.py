"""Kept mails as pages."""
