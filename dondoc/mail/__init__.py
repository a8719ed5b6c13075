"""Mail that goes out, as values and bytes."""
