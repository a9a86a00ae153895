"""Speech to text: the interface."""
