"""The Python rules: one file a rule, each of which exports `RULE`; their order here is that of equal findings."""

from overstay.scan.python.unit import Unit
from overstay.scan.rule import Rule
from overstay.scan.rules import (
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
)
