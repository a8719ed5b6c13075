"""Monthly figures and the index made of them."""
