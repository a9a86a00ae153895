"""What clients and server say to each other, and how two wire formats spell it."""
