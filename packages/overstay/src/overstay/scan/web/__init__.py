"""The static scan of a page's scripts: TypeScript, JavaScript, and what Vue, Svelte and HTML files have of them."""

from overstay.scan.web.eslint import REPORT, merged, reported, with_eslint
from overstay.scan.web.fixes import diff_of, fixed
from overstay.scan.web.reading import SUFFIXES, units
from overstay.scan.web.rules import RULES
from overstay.scan.web.script import Script

__all__ = [
    "REPORT",
    "RULES",
    "SUFFIXES",
    "Script",
    "diff_of",
    "fixed",
    "merged",
    "reported",
    "units",
    "with_eslint",
]
