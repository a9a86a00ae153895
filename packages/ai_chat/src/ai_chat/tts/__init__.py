"""Text to speech: the interface, and an engine that makes tones."""
