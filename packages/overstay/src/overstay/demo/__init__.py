"""A leaky chat server, the leaks that were planted in it, and the visit that shows them."""
