"""Bytes and ages as a person reads them."""

from overstay.messages import Speaker
from overstay.report.figures import figure

_UNITS = (("GB", 1e9), ("MB", 1e6), ("kB", 1e3))
_AGES = (("days", 86_400), ("hours", 3_600), ("minutes", 60))


def size(count: float, say: Speaker, *, signed: bool = False) -> str:
    """Return a number of bytes with its unit; with its sign where it is a change."""
    sign = "-" if count < 0 else "+" if signed else ""
    for unit, each in _UNITS:
        if abs(count) >= each:
            return f"{sign}{figure(abs(count) / each)} {unit}"
    return sign + say("check.amount.bytes", count=int(abs(count)))


def age(seconds: float, say: Speaker) -> str:
    """Return how long ago, in the largest unit that fits."""
    for unit, each in _AGES:
        if seconds >= each:
            return say(f"check.age.{unit}", count=int(seconds // each))
    return say("check.age.now")
