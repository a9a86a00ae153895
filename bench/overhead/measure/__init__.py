"""What an instrument adds to the CPU of a chat server: variants side by side, paired within rounds."""
