"""Voice activity: the interface."""
