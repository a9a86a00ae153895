"""Which findings are read: all of a rule with few of them in a package, a random sample of one with many."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable

from precision.label import Key

SEED = 4
MOST = 40
"""Of one rule in one package, so that a package that repeats itself does not decide about a rule."""


def sample(keys: Iterable[Key], *, most: int = MOST, seed: int = SEED) -> set[Key]:
    """Return the findings to read.

    The order is that of a hash: a finding that comes or goes by a change of a rule leaves the others in the sample.
    """
    groups: dict[tuple[str, str], set[Key]] = defaultdict(set)
    for key in keys:
        groups[key.package, key.rule].add(key)
    return {key for group in groups.values() for key in sorted(group, key=lambda each: _draw(each, seed))[:most]}


def _draw(key: Key, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\0{key}".encode()).digest()
