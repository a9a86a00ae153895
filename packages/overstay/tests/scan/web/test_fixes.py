"""Mechanical fixes: a clean-up where an effect has none; the result parses and the rule has nothing to say."""

import shutil
import subprocess
from pathlib import Path

import pytest

from overstay.scan.rule import Rule
from overstay.scan.web import RULES, Script, diff_of, fixed, units

SNIPPETS = Path(__file__).parent / "snippets"


def script_of(folder: Path, code: str, name: str = "page.tsx") -> Script:
    (folder / name).write_text(code, encoding="utf-8")
    [[script], _, _] = units([folder / name], folder)
    return script


def matches(script: Script) -> list[str]:
    return [rule.id for rule in RULES for _ in rule.check(script)]


def effect(*lines: str) -> str:
    """Return a component whose effect has these lines."""
    body = "".join(f"    {line}\n" for line in lines)
    return f"export function Page({{ url }}) {{\n  useEffect(() => {{\n{body}  }}, []);\n  return <p />;\n}}\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            ["setInterval(tick, 10);"],
            ["const interval = setInterval(tick, 10);", "return () => clearInterval(interval);"],
        ),
        (["const id = setTimeout(tick, 9)"], ["const id = setTimeout(tick, 9);", "return () => clearTimeout(id);"]),
        (
            ["timer.current = setTimeout(tick, 9);"],
            ["timer.current = setTimeout(tick, 9);", "return () => clearTimeout(timer.current ?? undefined);"],
        ),
        (
            ["socket.current = new WebSocket(url);"],
            ["socket.current = new WebSocket(url);", "return () => socket.current?.close();"],
        ),
        (
            ["new ResizeObserver(draw).observe(box); // its size"],
            [
                "const observer = new ResizeObserver(draw);",
                "observer.observe(box); // its size",
                "return () => observer.disconnect();",
            ],
        ),
        (
            ["window.addEventListener('page-hide', () => stop(), true);"],
            [
                "const onPageHide = () => stop();",
                "window.addEventListener('page-hide', onPageHide, true);",
                "return () => window.removeEventListener('page-hide', onPageHide, true);",
            ],
        ),
        (
            ["if (!url) return;", "const worker = new Worker(url);"],
            ["if (!url) return;", "const worker = new Worker(url);", "return () => worker.terminate();"],
        ),
        (
            ["const a = new AudioContext();", "setInterval(tick, 10);"],
            [
                "const a = new AudioContext();",
                "const interval = setInterval(tick, 10);",
                "return () => {",
                "  clearInterval(interval);",
                "  void a.close();",
                "};",
            ],
        ),
        (
            ["const interval = 10;", "setInterval(tick, interval);"],
            [
                "const interval = 10;",
                "const interval2 = setInterval(tick, interval);",
                "return () => clearInterval(interval2);",
            ],
        ),
    ],
    ids=lambda lines: lines[0],
)
def test_effect_gets_its_clean_up(tmp_path: Path, before: list[str], after: list[str]) -> None:
    """What has no name gets one, and the rest of the effect stays as it was."""
    script = script_of(tmp_path, effect(*before))
    assert matches(script) != []
    result = fixed(script)
    assert sorted(result.splitlines()) == sorted(effect(*after).splitlines())
    assert matches(script_of(tmp_path, result)) == []


@pytest.mark.parametrize(
    "lines",
    [
        ["if (url) {", "  setInterval(tick, 10);", "}"],
        ["setInterval(tick, 10);", "return () => console.log('closed');"],
        ["const start = () => setInterval(tick, 10);", "start();"],
        ["navigator.mediaDevices.getUserMedia({ audio: true }).then((stream) => use(stream));"],
        ["setInterval(tick, 10);", "return;"],
    ],
    ids=lambda lines: lines[0],
)
def test_what_needs_thought_is_left_to_a_person(tmp_path: Path, lines: list[str]) -> None:
    """No change is better than one that is wrong."""
    script = script_of(tmp_path, effect(*lines))
    assert matches(script) != []
    assert fixed(script) == script.source
    assert [diff_of(script, rule, match, "page.tsx") for rule in RULES for match in rule.check(script)] == [None]


def test_effect_on_one_line_stays_on_one_line(tmp_path: Path) -> None:
    """The clean-up follows the last statement, whether it ended with a semicolon or not."""
    script = script_of(tmp_path, "const P = () => { useEffect(() => { setInterval(tick, 1) }, []); return null };\n")
    assert "{ const interval = setInterval(tick, 1); return () => clearInterval(interval); }" in fixed(script)


def test_async_effect_is_not_given_a_clean_up_that_nobody_calls(tmp_path: Path) -> None:
    """What an async effect returns is a promise."""
    script = script_of(tmp_path, effect("setInterval(tick, 10);").replace("useEffect(() =>", "useEffect(async () =>"))
    assert matches(script) == ["interval-without-clear"]
    assert fixed(script) == script.source


def test_svelte_file_keeps_its_markup(tmp_path: Path) -> None:
    """The script is mended where it stands between other things, in whatever alphabet."""
    code = (
        "<h1>时钟 🕰</h1>\n<script>\n  onMount(() => {\n    setInterval(tick, 1000);\n  });\n</script>\n<p>{now}</p>\n"
    )
    result = fixed(script_of(tmp_path, code, "Clock.svelte"))
    assert result == code.replace("setInterval", "const interval = setInterval").replace(
        "1000);\n", "1000);\n    return () => clearInterval(interval);\n"
    )


def test_windows_line_ends_are_kept(tmp_path: Path) -> None:
    """A diff of one line is one line."""
    code = effect("setInterval(tick, 10);").replace("\n", "\r\n")
    (tmp_path / "page.tsx").write_bytes(code.encode())
    [[script], _, _] = units([tmp_path / "page.tsx"], tmp_path)
    assert "\n" not in fixed(script).replace("\r\n", "")


RULES_ON_SNIPPETS = [(rule, path) for rule in RULES for path in sorted((SNIPPETS / rule.id).iterdir())]


@pytest.mark.parametrize(
    ("rule", "path"), RULES_ON_SNIPPETS, ids=[f"{rule.id}-{path.name}" for rule, path in RULES_ON_SNIPPETS]
)
def test_every_diff_of_a_snippet_applies_and_ends_the_match(rule: Rule[Script], path: Path, tmp_path: Path) -> None:
    """`patch` takes each diff as it is, and one match fewer is left."""
    [[script], _, _] = units([path], SNIPPETS)
    count = len(list(rule.check(script)))
    for match in rule.check(script):
        diff = diff_of(script, rule, match, path.name)
        if diff is not None:
            shutil.copy(path, tmp_path / path.name)
            command = ["patch", "-p1", "--quiet"]
            subprocess.run(command, input=diff.encode(), cwd=tmp_path, check=True)
            [[patched], passed, _] = units([tmp_path / path.name], tmp_path)
            assert passed == []
            assert len(list(rule.check(patched))) == count - 1


def test_a_fix_is_found_for_the_plain_cases_of_every_rule_that_has_one() -> None:
    """A change to the search may not make the fixes vanish unseen."""
    fixable = set()
    for rule, path in RULES_ON_SNIPPETS:
        for script in units([path], SNIPPETS)[0]:
            if any(diff_of(script, rule, match, path.name) for match in rule.check(script)):
                fixable.add(rule.id)
    assert fixable == {
        "audio-context-without-close",
        "interval-without-clear",
        "listener-without-removal",
        "object-url-without-revoke",
        "observer-without-disconnect",
        "timeout-without-clear",
        "websocket-without-close",
        "worker-without-terminate",
    }
