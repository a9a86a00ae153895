"""A project's ESLint report: said beside our matches where it says the same, read wherever it was written."""

import json
from pathlib import Path

import pytest

from overstay.errors import UsageError
from overstay.scan.rule import Rule
from overstay.scan.web import RULES, Script, merged, reported, units

CODE = """import { useEffect } from 'react';

export function Clock({ tick }) {
  useEffect(() => {
    setInterval(tick, 1000);
    document.addEventListener('click', tick, { once: true });
  }, []);
  return null;
}

document.addEventListener('scroll', report);
"""
INTERVAL = {"ruleId": "react-web-api/no-leaked-interval", "message": "It must be cleared.", "line": 5, "column": 5}
LISTENER = {
    "ruleId": "@eslint-react/web-api-no-leaked-event-listener",
    "message": "Remove it.",
    "line": 6,
    "column": 40,
}
GLOBAL = LISTENER | {"line": 11, "column": 1}
OTHER = {"ruleId": "no-unused-vars", "message": "Unused.", "line": 1, "column": 10}


def project(folder: Path, name: str, *messages: dict) -> Path:
    """Write the component, and a report that calls its file `name`."""
    (folder / "src").mkdir()
    (folder / "src" / "clock.jsx").write_text(CODE, encoding="utf-8")
    report = folder / "eslint.json"
    report.write_text(json.dumps([{"filePath": name, "messages": list(messages)}]), encoding="utf-8")
    return report


def own(folder: Path) -> list[tuple[Rule[Script], object]]:
    scripts, _, _ = units([folder / "src" / "clock.jsx"], folder)
    return [(rule, match) for script in scripts for rule in RULES for match in rule.check(script)]


@pytest.mark.parametrize(
    "name", ["/builds/page/src/clock.jsx", "D:\\project\\src\\clock.jsx", "src/clock.jsx", "./src/clock.jsx"]
)
def test_report_of_another_machine_is_read(tmp_path: Path, name: str) -> None:
    """The end of the path tells the file."""
    [(rule, match)] = reported(project(tmp_path, name, INTERVAL, OTHER), tmp_path)
    assert (rule.id, match.line, match.code) == ("interval-without-clear", 5, "setInterval(tick, 1000);")


def test_what_both_say_is_one_match_with_both_reasons(tmp_path: Path) -> None:
    """Nobody reads the same line twice."""
    told = reported(project(tmp_path, "src/clock.jsx", INTERVAL), tmp_path)
    [(rule, match)] = merged(own(tmp_path), told)
    assert rule.id == "interval-without-clear"
    slugs = [slug for slug, _ in match.evidence]
    assert slugs == ["web.dropped", "web.no-cleanup", "web.eslint"]


def test_what_eslint_alone_says_is_kept_as_its_word(tmp_path: Path) -> None:
    """It stands after ours, and its only evidence is ESLint's message."""
    told = reported(project(tmp_path, "src/clock.jsx", INTERVAL, GLOBAL), tmp_path)
    [_, (rule, match)] = merged(own(tmp_path), told)
    assert (rule.id, match.line, match.facts["event"]) == ("listener-without-removal", 11, "scroll")
    assert match.evidence == (("web.eslint", {"rule": LISTENER["ruleId"], "message": "Remove it"}),)


def test_what_our_search_found_closed_stays_closed(tmp_path: Path) -> None:
    """ESLint does not know that `once` ends a listener; asked for all that it says, it is heard."""
    report = project(tmp_path, "src/clock.jsx", LISTENER)
    assert reported(report, tmp_path) == []
    assert len(reported(report, tmp_path, doubted=True)) == 1


def test_two_messages_about_one_place_are_one_match(tmp_path: Path) -> None:
    """ESLint complains of a listener twice: that it stays, and that it has no name."""
    assert len(reported(project(tmp_path, "src/clock.jsx", GLOBAL, GLOBAL | {"column": 37}), tmp_path)) == 1


def test_files_outside_the_project_are_left_alone(tmp_path: Path) -> None:
    """A path with dots in it, or a link, leads nowhere."""
    inside = tmp_path / "project"
    inside.mkdir()
    (tmp_path / "other.jsx").write_text(CODE, encoding="utf-8")
    (inside / "linked.jsx").symlink_to(tmp_path / "other.jsx")
    for name in ("../other.jsx", "linked.jsx", "", "/"):
        report = tmp_path / "eslint.json"
        report.write_text(json.dumps([{"filePath": name, "messages": [INTERVAL]}]), encoding="utf-8")
        assert reported(report, inside) == []


@pytest.mark.parametrize("text", ["", "{}x", '{"results": []}', '[{"filePath": "a.js"}]', "[1]", "null", "[" * 100_000])
def test_what_is_no_report_is_said(tmp_path: Path, text: str) -> None:
    """The user is told which file, and how to write one."""
    report = tmp_path / "eslint.json"
    report.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        reported(report, tmp_path)
    assert caught.value.slug == "usage.no-eslint-report"


def test_odd_messages_do_no_harm(tmp_path: Path) -> None:
    """Lines that the file does not have, and fields of other types, are passed over."""
    odd = [INTERVAL | {"line": 9999}, INTERVAL | {"line": None, "column": "x"}, {"ruleId": None}, "text", None]
    assert reported(project(tmp_path, "src/clock.jsx", *odd), tmp_path) == []
