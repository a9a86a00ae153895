"""Each rule on marked snippets: exactly the lines that say so are matched, in every kind of file that has scripts."""

import re
from pathlib import Path

import pytest

from overstay.messages import LANGUAGES, Language, Speaker
from overstay.scan.rule import Match, Rule
from overstay.scan.web import RULES, SUFFIXES, Script, units

SNIPPETS = Path(__file__).parent / "snippets"
PAGES = Path(__file__).parents[5] / "docs" / "rules"
SECTIONS = ["What it flags", "Why it hurts", "Bad", "Good", "The fix", "Limits"]
by_id = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)


def scripts_of(rule: Rule[Script]) -> list[Script]:
    """Return the snippets of a rule, read as one project."""
    paths = sorted(path for path in (SNIPPETS / rule.id).iterdir() if path.suffix in SUFFIXES)
    return units(paths, SNIPPETS)[0]


def marked(rule: Rule[Script], mark: str) -> set[tuple[str, int]]:
    """Return file and line of each line that ends with a mark."""
    return {
        (path.name, number)
        for path in (SNIPPETS / rule.id).iterdir()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if line.endswith(f"// {mark}")
    }


def matches_of(rule: Rule[Script]) -> list[Match]:
    return [match for script in scripts_of(rule) for match in rule.check(script)]


@by_id
def test_exactly_the_marked_lines_match(rule: Rule[Script]) -> None:
    """What is bad is found, once; what is good is left alone, and so is every line that has no mark."""
    found = sorted((match.path.name, match.line) for match in matches_of(rule))
    assert found == sorted(marked(rule, "bad"))


@by_id
def test_a_rule_has_six_snippets_of_either_kind(rule: Rule[Script]) -> None:
    """Six ways to do it wrong and six to do it right are the least that a rule is tried on."""
    assert len(marked(rule, "bad")) >= 6
    assert len(marked(rule, "good")) >= 6


@by_id
def test_snippets_parse(rule: Rule[Script]) -> None:
    """A snippet that is no TypeScript would prove nothing."""
    assert [script.path.name for script in scripts_of(rule) if script.nodes("ERROR")] == []


@by_id
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_of_a_match_can_be_said(rule: Rule[Script], language: Language) -> None:
    """Title, reason and fix, and all evidence, have their fields filled in by the match."""
    say = Speaker(language)
    for match in matches_of(rule):
        # The reason is the same everywhere, and said without facts.
        said = [say(f"rule.{rule.id}.title", **match.facts), say(f"rule.{rule.id}.why")]
        said += [say(f"rule.{rule.id}.fix", **match.facts), *(say(slug, **facts) for slug, facts in match.evidence)]
        assert all(said)


@by_id
def test_a_match_shows_its_own_line(rule: Rule[Script]) -> None:
    """Line, column and code are those of the file, whatever was blanked around the script."""
    for match in matches_of(rule):
        line = match.path.read_text(encoding="utf-8").splitlines()[match.line - 1]
        assert match.code == line.strip()
        assert line[: match.column].strip() == "" or match.column < len(line)


@by_id
def test_a_rule_has_its_page(rule: Rule[Script]) -> None:
    """Whoever looks a finding up reads what it means, what to do, and what it cannot see."""
    page = (PAGES / f"{rule.id}.md").read_text(encoding="utf-8")
    code = re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)
    assert re.findall(r"^# (.+)$", code, re.MULTILINE) == [f"`{rule.id}`"]
    assert re.findall(r"^## (.+)$", code, re.MULTILINE) == SECTIONS


@by_id
def test_the_examples_of_a_page_are_what_they_say(rule: Rule[Script], tmp_path: Path) -> None:
    """The bad example is matched, and the good one is not."""
    page = (PAGES / f"{rule.id}.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```tsx\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    counts = []
    for number, code in enumerate(examples):
        path = tmp_path / f"example{number}.tsx"
        path.write_text(code, encoding="utf-8")
        [[script], passed, _] = units([path], tmp_path)
        assert passed == []
        counts.append(len(list(rule.check(script))))
    assert len(counts) == 2
    assert counts[0] > 0
    assert counts[1] == 0


def test_ids_are_the_flagged_patterns_and_stable() -> None:
    """Others keep these names in their code and their dashboards."""
    assert [rule.id for rule in RULES] == [
        "animation-frame-without-cancel",
        "audio-context-without-close",
        "devtools-in-production",
        "interval-without-clear",
        "listener-without-removal",
        "media-tracks-without-stop",
        "object-url-without-revoke",
        "observer-without-disconnect",
        "reconnect-without-backoff",
        "state-mutated-outside-producer",
        "timeout-without-clear",
        "websocket-without-close",
        "worker-without-terminate",
    ]


def test_reconnecting_is_suspect_seven() -> None:
    """The user's checklist asks for it under this number."""
    assert {rule.id: rule.suspect for rule in RULES if rule.suspect} == {"reconnect-without-backoff": 7}
