"""What a scan of scripts makes of files as they are: huge, minified, broken, in other encodings, inside markup."""

import re
from pathlib import Path

import pytest

from overstay.messages import LANGUAGES, Speaker
from overstay.scan.rule import Match
from overstay.scan.web import RULES, units
from overstay.scan.web.markup import scripts_alone

LEAK = "useEffect(() => { setInterval(tick, 1000); }, []);"
PAGE = f"export function Page() {{\n  {LEAK}\n  return null;\n}}\n"


def scanned(path: Path) -> list[Match]:
    return [match for script in units([path], path.parent)[0] for rule in RULES for match in rule.check(script)]


def lines(path: Path) -> list[int]:
    return [match.line for match in scanned(path)]


def why(path: Path) -> list[str]:
    return [each.why for each in units([path], path.parent)[1]]


def test_file_of_fifty_megabytes_is_not_read(tmp_path: Path) -> None:
    """Its size is enough to say so."""
    path = tmp_path / "bundle.js"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    scripts, [passed], count = units([path], tmp_path)
    assert (scripts, passed.why, passed.facts, count) == ([], "too-large", {"size": "50.0 MB"}, 0)


@pytest.mark.parametrize("name", ["bundle.js", "chunk.mjs", "page.ts"])
def test_minified_file_is_passed_over_and_said(tmp_path: Path, name: str) -> None:
    """Nobody wrote it, and nobody can mend it."""
    path = tmp_path / name
    path.write_text("// licence\n" + PAGE.replace("\n", " ") * 200, encoding="utf-8")
    assert scanned(path) == []
    assert why(path) == ["minified"]


def test_long_line_of_data_makes_no_file_minified(tmp_path: Path) -> None:
    """A picture in the source is shorter than the source around it."""
    path = tmp_path / "page.tsx"
    path.write_text(f"const icon = '{'A' * 6000}';\n" + PAGE + "// more\n" * 900, encoding="utf-8")
    assert lines(path) == [3]


def test_invalid_utf8_is_read_as_a_browser_reads_it(tmp_path: Path) -> None:
    """The rest of the file, and its line numbers, are as they were."""
    path = tmp_path / "page.tsx"
    path.write_bytes(b"// caf\xe9 \xff\xfe\n" + PAGE.encode())
    assert lines(path) == [3]


def test_byte_order_mark_is_no_code(tmp_path: Path) -> None:
    """Editors on Windows write it."""
    path = tmp_path / "page.tsx"
    path.write_bytes(b"\xef\xbb\xbf" + PAGE.encode())
    assert lines(path) == [2]


def test_binary_file_is_passed_over(tmp_path: Path) -> None:
    """A video whose name ends in .ts is no script."""
    path = tmp_path / "clip.ts"
    path.write_bytes(b"G\0\x11" * 500)
    assert why(path) == ["binary"]


def test_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    """It may have gone since it was listed."""
    [passed] = units([tmp_path / "gone.js"], tmp_path)[1]
    assert passed.why == "unreadable"
    assert passed.facts["reason"]


def test_syntax_error_is_said_and_the_rest_is_read(tmp_path: Path) -> None:
    """A file that is being written has one most of the time."""
    path = tmp_path / "page.tsx"
    path.write_text(f"{PAGE}\nconst = = ;\n\n{PAGE}", encoding="utf-8")
    assert lines(path) == [2, 9]
    [passed] = units([path], tmp_path)[1]
    assert (passed.why, passed.facts) == ("partly", {"line": 6})


@pytest.mark.parametrize("language", LANGUAGES)
def test_partly_read_file_has_its_sentence(language: str) -> None:
    """The line is named."""
    assert "7" in Speaker(language)("skipped.partly", line=7)


@pytest.mark.parametrize(
    "code",
    [
        "x = " + "(" * 20_000 + ")" * 20_000,
        "x = " + "[" * 20_000,
        "f(" * 20_000 + ")" * 20_000,
        "() => " * 20_000 + "setTimeout(f, 9)",
        "a" + ".b()" * 20_000,
        "{" * 20_000,
        "x = " + "a ? " * 9_000 + "1" + " : 2" * 9_000,
        "x = " + "!" * 20_000 + "y",
        "if (a) {} else " * 9_000 + ";",
        "<a>" * 9_000,
        "`${" * 9_000,
    ],
    ids=lambda code: code[:12],
)
def test_deep_nesting_ends_in_no_recursion_error(tmp_path: Path, code: str) -> None:
    """No depth of brackets, calls, functions or markup stops the scan of the file."""
    path = tmp_path / "deep.tsx"
    # Each word that makes some rule look closer.
    words = "setInterval WebSocket addEventListener immer produce devTools createObjectURL requestAnimationFrame"
    path.write_text(f"{PAGE}// {words}\n" + re.sub(r"(.{90})", r"\1\n", code), encoding="utf-8")
    assert 2 in lines(path)


@pytest.mark.parametrize(
    "part", ["<!--", "<script ", "<script>", '<script a="', "<script>f('</script>", "const a = create "]
)
def test_markup_that_never_ends_is_searched_once(tmp_path: Path, part: str) -> None:
    """A page of nothing but beginnings would take hours if each were followed to the end of the file."""
    path = tmp_path / "page.html"
    path.write_text(f"<script>\n{PAGE}</script>\n// immer\n{part * (400_000 // len(part))}", encoding="utf-8")
    assert 3 in lines(path)


def test_tests_stories_and_declarations_are_no_pages(tmp_path: Path) -> None:
    """What they open ends with their process."""
    for name in ("page.test.tsx", "page.spec.js", "page.stories.tsx", "page.d.ts", "page.min.js"):
        (tmp_path / name).write_text(PAGE, encoding="utf-8")
        assert units([tmp_path / name], tmp_path) == ([], [], 0)


def test_lines_are_counted(tmp_path: Path) -> None:
    """The report says how much was read."""
    (tmp_path / "page.tsx").write_text(PAGE, encoding="utf-8")
    assert units([tmp_path / "page.tsx"], tmp_path)[2] == 5


@pytest.mark.parametrize(
    "text",
    [
        "<template>\n  <p>x</p>\n</template>\n<script>\nlet a = 1;\n</script>\n",
        "<SCRIPT lang='ts' setup>\nlet a: number = 1;\n</SCRIPT >",
        '<p title="a > b">x</p><script data-x=\'>\' type="module">let b = 2;</script>',
        "<!-- <script>gone()</script> -->\r\n<script>\r\nstays();\r\n</script>",
        '<script type="application/json">{"a": 1}</script><script>var c;</script>',
        "<script>unclosed(",
        "文字 <script>const 变量 = '🙂';</script>",
        "",
    ],
)
def test_scripts_stay_where_they_stand(text: str) -> None:
    """Every character of a script has its old place, and everything else is blank."""
    alone = scripts_alone(text)
    assert len(alone) == len(text)
    assert all(new in (old, " ") for old, new in zip(text, alone, strict=True))
    assert [end.span() for end in re.finditer("\r?\n", alone)] == [end.span() for end in re.finditer("\r?\n", text)]
    assert "gone" not in alone
    assert '"a"' not in alone
    assert ("stays" in alone) == ("stays" in text)


def test_store_of_another_file_is_known_by_its_name(tmp_path: Path) -> None:
    """That its state is frozen stands where it is made, and not where it is changed."""
    store = "import { immer } from 'zustand/middleware/immer';\nexport const useVad = create()(immer((set) => ({})));\n"
    user = "import { useVad } from './store';\nexport const raise = () => { useVad.getState().level = 1; };\n"
    (tmp_path / "store.ts").write_text(store, encoding="utf-8")
    (tmp_path / "user.ts").write_text(user, encoding="utf-8")
    scripts = units([tmp_path / "user.ts", tmp_path / "store.ts"], tmp_path)[0]
    found = [(rule.id, match.line) for script in scripts for rule in RULES for match in rule.check(script)]
    assert found == [("state-mutated-outside-producer", 2)]
