"""Mail that comes in: bytes → what it is and what it counts as."""
