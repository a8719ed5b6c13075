"""The watchdog's judgement: what is wrong, of that what is a cause, and what the operator has not been told."""
