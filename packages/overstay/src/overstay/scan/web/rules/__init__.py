"""The rules for scripts of a page, one file each."""

from importlib import import_module
from pkgutil import iter_modules

from overstay.scan.rule import Rule
from overstay.scan.web.script import Script

RULES: tuple[Rule[Script], ...] = tuple(
    import_module(f"{__name__}.{module.name}").RULE
    for module in sorted(iter_modules(__path__), key=lambda each: each.name)
)
"""Every rule, by its id."""
