"""The Python rules: one file a rule, each of which exports `RULE`; their order here is that of equal findings."""

from overstay.scan.python.unit import Unit
from overstay.scan.rule import Rule
from overstay.scan.rules import (
    cleanup_cancellation_can_skip,
    close_after_pop,
    close_forgets,
    hasattr_close_guard,
    list_only_grows,
    map_kept_after_disconnect,
    task_set_without_discard,
    task_without_owner,
)

RULES: tuple[Rule[Unit], ...] = (
    task_without_owner.RULE,
    task_set_without_discard.RULE,
    map_kept_after_disconnect.RULE,
    list_only_grows.RULE,
    close_after_pop.RULE,
    close_forgets.RULE,
    hasattr_close_guard.RULE,
    cleanup_cancellation_can_skip.RULE,
)
