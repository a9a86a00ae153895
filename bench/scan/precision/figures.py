"""The arithmetic: labels and findings to figures of each rule, lines and seconds to a speed."""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from precision.label import Key, Label

BAR_PRECISION = 0.8
BAR_SECONDS = 10.0
BAR_LABELS = 200
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Figures:
    """What the labels say about one rule: about what it shows by itself, or about its hints.

    `found` counts distinct findings, `read` those of them that have a label. `gone_true` and `gone_false` count labels
    of findings that the rule makes no longer: what a correction has cost and what it has gained.
    """

    rule: str
    is_hint: bool
    found: int
    to_read: int
    read: int
    true: int
    false: int
    unclear: int
    gone_true: int
    gone_false: int

    @property
    def precision(self) -> float | None:
        """Return the share of true findings among those with a clear label."""
        judged = self.true + self.false
        return self.true / judged if judged else None

    @property
    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval of the precision by Wilson's formula; all of it where nothing is judged."""
        return wilson(self.true, self.true + self.false)

    @property
    def is_met(self) -> bool:
        """Tell whether the rule may show its findings by themselves: it is precise enough, or a hint, or unproven."""
        return self.is_hint or self.precision is None or self.precision >= BAR_PRECISION


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of a share."""
    if not of:
        return 0.0, 1.0
    share, square = hits / of, _Z * _Z
    middle = share + square / (2 * of)
    spread = _Z * math.sqrt(share * (1 - share) / of + square / (4 * of * of))
    return max(0.0, (middle - spread) / (1 + square / of)), min(1.0, (middle + spread) / (1 + square / of))


def figures(
    rules: Iterable[str], found: Mapping[Key, bool], to_read: Collection[Key], labels: Mapping[Key, Label]
) -> list[Figures]:
    """Return the figures of what each rule shows by itself, and of its hints; `found` tells which finding is one.

    What is gone is counted with what is shown.
    """
    rows = []
    for rule in rules:
        shown = [key for key, is_hint in found.items() if key.rule == rule and not is_hint]
        hints = [key for key, is_hint in found.items() if key.rule == rule and is_hint]
        gone = Counter(label.verdict for key, label in labels.items() if key.rule == rule and key not in found)
        if shown or not hints:
            rows.append(_figures(rule, shown, to_read, labels, is_hint=False, gone=gone))
        if hints:
            of_hints = Counter[str]() if shown else gone
            rows.append(_figures(rule, hints, to_read, labels, is_hint=True, gone=of_hints))
    return rows


def _figures(
    rule: str,
    found: Sequence[Key],
    to_read: Collection[Key],
    labels: Mapping[Key, Label],
    *,
    is_hint: bool,
    gone: Counter[str],
) -> Figures:
    here = Counter(labels[key].verdict for key in found if key in labels)
    return Figures(
        rule=rule,
        is_hint=is_hint,
        found=len(found),
        to_read=sum(key in to_read for key in found),
        read=here.total(),
        true=here["true"],
        false=here["false"],
        unclear=here["unclear"],
        gone_true=gone["true"],
        gone_false=gone["false"],
    )


def seconds_per_100_000(lines: int, seconds: float) -> float:
    """Return how long 100,000 lines take at the speed of a scan."""
    return seconds / lines * 100_000 if lines else 0.0
