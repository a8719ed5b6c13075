"""What everything rests on: errors, YAML with positions, schema faults, canonical JSON, clean text."""
