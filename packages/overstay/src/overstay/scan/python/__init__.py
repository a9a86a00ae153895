"""Python sources: modules as their syntax trees, and the project that they make together."""
