"""The Python rules: one file a rule, each of which exports `RULE`; their order here is that of equal findings."""

from overstay.scan.python.unit import Unit
from overstay.scan.rule import Rule
from overstay.scan.rules import task_without_owner

RULES: tuple[Rule[Unit], ...] = (task_without_owner.RULE,)
