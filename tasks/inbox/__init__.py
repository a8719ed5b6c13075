"""Mail that comes in, kept and settled."""
