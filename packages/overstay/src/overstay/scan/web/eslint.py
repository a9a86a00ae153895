"""What a project's own ESLint has found, as matches of our rules: its JSON is read, ESLint itself is not run.

Only rules that say what one of ours says are taken, whatever plug-in has them: `react-web-api/no-leaked-interval`, or
`@eslint-react/web-api-no-leaked-interval`. The report may have been written on another machine: a file is known by as
much of the end of its path as the project has.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from overstay.errors import UsageError
from overstay.scan.rule import Match, Rule
from overstay.scan.web.owners import opener_of, owners_of
from overstay.scan.web.reading import units
from overstay.scan.web.rules import RULES
from overstay.scan.web.script import Script

REPORT = "eslint.json"
"""Where a project keeps the report: `eslint --format json --output-file eslint.json`."""
_OURS = {
    "no-leaked-interval": "interval-without-clear",
    "no-leaked-timeout": "timeout-without-clear",
    "no-leaked-event-listener": "listener-without-removal",
    "no-leaked-resize-observer": "observer-without-disconnect",
    "no-leaked-intersection-observer": "observer-without-disconnect",
}
_OPENERS = re.compile(r"^(?:set(?:Interval|Timeout)|addEventListener|\w+Observer)$")

Found = tuple[Rule[Script], Match]


def reported(report: Path, root: Path, *, doubted: bool = False) -> list[Found]:
    """Return the matches that an ESLint report has of files below `root`; raises UsageError for what is no report.

    ESLint does not honour `once`, `signal`, or a clean-up that another function makes. Where our search knows who opens
    a thing and found it closed, its answer stands; with `doubted`, ESLint's is given all the same.
    """
    found: dict[tuple[object, ...], Found] = {}
    for name, messages in _files(report):
        told = [each for each in messages if _our_id(each)]
        path = _below(root, name) if told else None
        for script in units([path], root)[0] if path is not None else []:
            for pair in filter(None, (_found(script, each) for each in told)):
                if doubted or not _is_closed(script, *pair):
                    found.setdefault(_place(pair), pair)
    return list(found.values())


def merged(own: Sequence[Found], told: Sequence[Found]) -> list[Found]:
    """Return our matches, with ESLint's word as evidence where it says the same, and after them what it alone says."""
    by_place = {_place(pair): pair for pair in told}
    ours = []
    for rule, match in own:
        _, same = by_place.pop(_place((rule, match)), (rule, None))
        ours.append((rule, match if same is None else replace(match, evidence=(*match.evidence, *same.evidence))))
    return [*ours, *by_place.values()]


def with_eslint(own: Sequence[Found], root: Path) -> list[Found]:
    """Return our matches with what the project's own ESLint report says, where there is one."""
    report = root / REPORT
    return merged(own, reported(report, root)) if report.is_file() else list(own)


def _is_closed(script: Script, rule: Rule[Script], match: Match) -> bool:
    """Tell whether our own search knows the opening and has nothing to say about it."""
    is_known = opener_of(owners_of(script), script.position_of(match.line, match.column)) is not None
    return is_known and _place((rule, match)) not in {_place((rule, each)) for each in rule.check(script)}


def _place(found: Found) -> tuple[object, ...]:
    rule, match = found
    return rule.id, match.path, match.line, match.column


def _files(report: Path) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    try:
        told = json.loads(report.read_text(encoding="utf-8-sig"))
        yield from [(str(each["filePath"]), list(each["messages"])) for each in told]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as err:
        raise UsageError("usage.no-eslint-report", path=report, reason=type(err).__name__) from err


def _our_id(message: object) -> str:
    """Return our rule that says what a message of ESLint's says; empty where none does."""
    name = str(message.get("ruleId")) if isinstance(message, Mapping) else ""
    return next((ours for theirs, ours in _OURS.items() if name.endswith(theirs)), "")


def _below(root: Path, name: str) -> Path | None:
    """Return the file of the project that a path names, by as much of its end as there is; no link out of it."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    for start in range(len(parts)):
        path = root.joinpath(*parts[start:])
        if path.is_file() and path.resolve().is_relative_to(root.resolve()):
            return path
    return None


def _found(script: Script, message: Mapping[str, Any]) -> Found | None:
    """Return the opening that a message is about; None for one about something else, such as a removal."""
    position = script.position_of(_number(message, "line"), _number(message, "column") - 1)
    around = [each for each in script.calls if each.span[0] <= position < each.span[1]]
    call = next((each for each in reversed(around) if _OPENERS.match(each.name)), None)
    if call is None:
        return None
    facts = {"rule": str(message["ruleId"]), "message": str(message.get("message", "")).rstrip(".")}
    event = call.arguments[0].text().strip("'\"`") if call.arguments else ""
    match = script.match(
        call.span, evidence=(("web.eslint", facts),), what=call.name, event=event, target=call.receiver or "window"
    )
    return next(rule for rule in RULES if rule.id == _our_id(message)), match


def _number(message: Mapping[str, Any], name: str) -> int:
    value = message.get(name)
    return value if isinstance(value, int) and value > 0 else 1
