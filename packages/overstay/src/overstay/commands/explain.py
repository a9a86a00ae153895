"""`overstay explain`: what a rule flags, why it hurts, and what ends it."""

import difflib
import string

from rich.console import Console

from overstay.checks.checkup import entry_points
from overstay.errors import UsageError
from overstay.messages import Speaker, sentences
from overstay.options import ExplainOptions
from overstay.report.sheet import Sheet

_BLANK = "…"
_CHECK = "check-"


def explain(options: ExplainOptions, say: Speaker, console: Console) -> int:
    """Write what the catalogue says about a rule; raises UsageError where there is none of that name."""
    if options.rule in check_names():
        return _explain_check(options.rule, say, Sheet(console))
    section = next((each for each in ("rule", "finding") if say.knows(f"{each}.{options.rule}.fix")), None)
    if section is None:
        raise _unknown(options.rule)
    sheet = Sheet(console)
    sheet.paragraph(options.rule, style="bold")
    for part in ("title", "why", "fix"):
        slug = f"{section}.{options.rule}.{part}"
        if say.knows(slug):
            sheet.row(say(f"explain.{part}"), _unfilled(slug, say), width=10)
    page = f"docs/rules/{options.rule}.md" if section == "rule" else f"docs/rules.md#{options.rule}"
    sheet.row(say("explain.more"), page, width=10)
    return 0


def _explain_check(rule: str, say: Speaker, sheet: Sheet) -> int:
    """Write what a check of the project is, and how to run it; what it looks at is on the page of the checklist."""
    sheet.paragraph(rule, style="bold")
    sheet.row(say("explain.title"), say("explain.check", check=rule.removeprefix(_CHECK)), width=10)
    sheet.row(say("explain.more"), say("explain.checklist"), width=10)
    return 0


def check_names() -> list[str]:
    """Return what findings of the installed checks have as their rule."""
    return [f"{_CHECK}{point.name}" for point in entry_points()]


def _unknown(rule: str) -> UsageError:
    """Return the error that names the rule that was meant, where one is near, else all of them."""
    near = difflib.get_close_matches(rule.lower(), [*rule_names(), *check_names()], 1)
    if near:
        return UsageError("usage.similar-rule", value=rule, guess=near[0])
    return UsageError("usage.unknown-rule", value=rule, known=", ".join(rule_names()))


def rule_names() -> list[str]:
    """Return the names of all rules, those of the source and those of a running server."""
    slugs = (slug.split(".") for slug in sentences("en"))
    return sorted({parts[1] for parts in slugs if parts[0] in ("rule", "finding") and parts[-1] == "fix"})


def _unfilled(slug: str, say: Speaker) -> str:
    """Return a sentence with dots where a finding has its names."""
    text = sentences(say.language)[slug]
    return say(slug, **{name: _BLANK for _, name, _, _ in string.Formatter().parse(text) if name})
