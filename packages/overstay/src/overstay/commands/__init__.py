"""What each command does; the command line only translates its words into these calls."""
