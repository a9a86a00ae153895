"""The items of the user's checklist, in his order; those that ask the same are one."""

from collections.abc import Mapping

SUSPECTS = ("suspect-1", "suspect-2", "suspect-3", "suspect-4", "suspect-5", "suspect-6", "suspect-7")
STEPS = ("step-4", "step-5")
CAUSES = ("cause-a", "cause-b", "cause-c")
FIXED = ("fixed-1", "fixed-2", "fixed-3", "fixed-4")
ITEMS = SUSPECTS + STEPS + CAUSES + FIXED

ALSO: Mapping[str, tuple[str, ...]] = {
    "suspect-1": ("step-1", "check-1"),
    "suspect-4": ("step-2", "check-2"),
    "suspect-5": ("step-3",),
    "step-4": ("check-3",),
}
"""Steps and checks that ask the same as an item, and are answered with it."""

SERVER = frozenset({"suspect-2", "suspect-3", "suspect-6", "step-4", "step-5"})
"""Items that only a running server answers for good."""
