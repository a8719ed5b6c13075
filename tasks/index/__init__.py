"""Monthly figures gathered, scored and published."""
