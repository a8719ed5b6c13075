"""The auditor's place."""
