"""Settings, the configuration folder, and a run's context."""
