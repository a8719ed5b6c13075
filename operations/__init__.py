"""Running it: the stack, going up, replay, status, backup."""
