"""Language models that keep nothing between two requests."""
