"""Findings as SARIF 2.1.0, which code hosts show beside the lines."""

import importlib.metadata
import json
import os
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from overstay.findings import Finding
from overstay.messages import Speaker

_LEVELS = {"severe": "error", "warning": "warning", "fine": "note"}
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def text(findings: Sequence[Finding], say: Speaker) -> str:
    """Return a SARIF log with one run: the rules that found something, and a result a finding."""
    rules = sorted({finding.rule for finding in findings})
    tool = {
        "name": "overstay",
        "version": importlib.metadata.version("overstay"),
        "rules": [_rule(rule, findings, say) for rule in rules],
    }
    run = {
        "tool": {"driver": tool},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, rules.index(finding.rule), say) for finding in findings],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, ensure_ascii=False, indent=2) + "\n"


def _rule(rule: str, findings: Sequence[Finding], say: Speaker) -> Mapping[str, object]:
    slug = f"rule.{rule}.why"
    first = next(finding for finding in findings if finding.rule == rule)
    described = {"shortDescription": {"text": say(slug)}} if say.knows(slug) else {}
    return {
        "id": rule,
        **described,
        "help": {"text": first.fix.summary},
        "defaultConfiguration": {"level": _LEVELS[first.severity]},
    }


def _result(finding: Finding, index: int, say: Speaker) -> Mapping[str, object]:
    answer = finding.affects_you
    switched_off = (say("screen.affects-no", why=answer.why),) if answer.answer == "no" else ()
    message = ". ".join((finding.title, *finding.evidence, *switched_off, finding.fix.summary))
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": message},
        "locations": _locations(finding),
        "partialFingerprints": {"overstay/v1": finding.fingerprint},
    }


def _locations(finding: Finding) -> list[Mapping[str, object]]:
    site = finding.site
    if site is None:
        return []
    artifact = {"uri": quote(os.fsencode(site.file)), "uriBaseId": "%SRCROOT%"}
    physical = {"artifactLocation": artifact, "region": {"startLine": site.line}}
    return [{"physicalLocation": physical, "logicalLocations": [{"fullyQualifiedName": site.function}]}]
