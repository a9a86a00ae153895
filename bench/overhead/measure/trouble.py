"""What can go wrong while a variant is measured."""


class VariantFailedError(Exception):
    """One variant cannot be measured; the message says why. The others go on."""


class EnvironmentFailedError(Exception):
    """The comparators could not be installed, so nothing can be measured."""
