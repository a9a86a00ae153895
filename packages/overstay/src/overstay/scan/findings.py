"""Matches as findings: said in the reader's language, in the shape that those of a running server have."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from overstay.findings import AffectsYou, Finding, Fix, Site
from overstay.messages import Speaker
from overstay.report.excerpt import without_comment
from overstay.scan.mending import Mending
from overstay.scan.rule import Match, Rule

_SUSPECTS = {"memory": 2, "mcp": 3, "history": 5}
"""Of the checklist, by a word in the container's name or file: as for what is found in memory."""


def finding_of(rule: Rule[Any], match: Match, root: Path, say: Speaker, mending: Mending | None = None) -> Finding:
    """Return what a match means: likely, for the source alone proves nothing about a server that runs."""
    site = Site(file_of(match.path, root), match.line, match.function, match.code)
    evidence = [say(f"rule.{rule.id}.why"), *(say(slug, **_said(facts, root)) for slug, facts in match.evidence)]
    facts = _said(match.facts, root)
    kind = str(match.facts.get("kind", rule.kind))  # where what is left depends on the place
    return Finding(
        fingerprint=_fingerprint(rule, kind, site),
        rule=rule.id,
        kind=kind,
        verdict="likely",
        severity=rule.severity,
        title=say(f"rule.{rule.id}.title", **facts),
        rate=None,
        site=site,
        fix=Fix(say(f"rule.{rule.id}.fix", **facts), mending.diff(rule, match) if mending else None),
        suspect=_suspect(rule, match),
        evidence=tuple(evidence),
        affects_you=AffectsYou("unknown", ""),
    )


def file_of(path: Path, root: Path) -> str:
    """Return a file's path below the project, with forward slashes."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def _said(facts: Mapping[str, object], root: Path) -> dict[str, object]:
    """Return the facts with paths as the report shows them."""
    return {name: file_of(value, root) if isinstance(value, Path) else value for name, value in facts.items()}


def _fingerprint(rule: Rule[Any], kind: str, site: Site) -> str:
    statement = " ".join(without_comment(site.code).split())
    parts = (rule.id, kind, site.file, site.function, statement)
    return hashlib.sha1("\0".join(parts).encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()[:12]


def _suspect(rule: Rule[Any], match: Match) -> int | None:
    if rule.suspect is not None or rule.kind != "container":
        return rule.suspect
    text = f"{match.facts.get('name', '')} {match.path.name}".lower()
    return next((suspect for word, suspect in _SUSPECTS.items() if word in text), None)
