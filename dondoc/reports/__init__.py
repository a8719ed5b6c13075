"""Tables, scorecards and pictures, as values."""
