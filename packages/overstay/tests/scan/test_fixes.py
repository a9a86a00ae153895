"""Mechanical fixes: what they change, what they leave alone, and that what they leave behind is right."""

import stat
import sys
from pathlib import Path

import pytest

from overstay.cli import main
from overstay.findings import Finding
from overstay.messages import Speaker
from overstay.scan import ScanResult, scan

BARE = '''"""A server."""

import asyncio
import json


async def forward(message): ...


def queue_message(message):
    # Sent later.
    asyncio.create_task(forward(message))  # to all
'''
MENDED = '''"""A server."""

import asyncio
import json

_background_tasks: set[asyncio.Task] = set()


async def forward(message): ...


def queue_message(message):
    # Sent later.
    task = asyncio.create_task(forward(message))  # to all
    _background_tasks.add(task)
    task.add_done_callback(_background_tasks.discard)
'''
CASES = {
    "task-set-without-discard": (
        "import asyncio\n\ntasks = set()\n\n\nasync def go(work):\n    task = asyncio.create_task(work())\n    tasks.add(task)\n",
        "    tasks.add(task)\n    task.add_done_callback(tasks.discard)\n",
    ),
    "unbounded-queue": (
        "import asyncio\n\nhubs = {}\n\n\nasync def go(websocket, client_id):\n    inbox = asyncio.Queue()\n    hubs[client_id] = inbox\n",
        "    inbox = asyncio.Queue(maxsize=100)\n",
    ),
    "cancellation-swallowed": (
        "import asyncio\n\n\nasync def go(work):\n    while True:\n        try:\n            await work()\n        except asyncio.CancelledError:\n            pass\n",
        "        except asyncio.CancelledError:\n            raise\n",
    ),
}
SAY = Speaker("en")


def scanned(folder: Path, text: str) -> ScanResult:
    (folder / "app.py").write_text(text, encoding="utf-8")
    return scan(folder, say=SAY, mends=True)


def of_rule(result: ScanResult, rule: str) -> Finding:
    [finding] = [each for each in (*result.findings, *result.hints) if each.rule == rule]
    return finding


def added(diff: str | None) -> list[str]:
    return [line[1:] for line in (diff or "").splitlines() if line.startswith("+") and not line.startswith("+++")]


def test_bare_task_is_kept_until_it_ends(tmp_path: Path) -> None:
    """Comments and all other lines stay as they were."""
    [mended] = scanned(tmp_path, BARE).mended
    assert mended.text == MENDED


def test_mended_file_has_nothing_left_to_find(tmp_path: Path) -> None:
    """The rule passes, and no other rule begins to match."""
    result = scanned(tmp_path, MENDED)
    assert (result.findings, result.mended) == ((), ())


def test_diff_is_unified_and_names_the_file(tmp_path: Path) -> None:
    """It can be given to `git apply`."""
    diff = of_rule(scanned(tmp_path, BARE), "task-without-owner").fix.diff
    assert diff is not None
    assert diff.startswith("--- a/app.py\n+++ b/app.py\n@@ ")
    assert "-    asyncio.create_task(forward(message))  # to all" in diff


@pytest.mark.parametrize("rule", CASES)
def test_other_mechanical_fixes_are_shown(tmp_path: Path, rule: str) -> None:
    """Each adds what its rule asks for."""
    text, wanted = CASES[rule]
    diff = of_rule(scanned(tmp_path, text), rule).fix.diff
    lines = [line for line in wanted.splitlines() if line not in text.splitlines()]
    assert added(diff) == lines


@pytest.mark.parametrize("rule", ["unbounded-queue", "cancellation-swallowed"])
def test_fix_that_changes_what_the_program_does_is_not_safe(tmp_path: Path, rule: str) -> None:
    """It is shown, and left to a person."""
    assert scanned(tmp_path, CASES[rule][0]).mended == ()


def test_two_fixes_of_one_file_are_applied_together(tmp_path: Path) -> None:
    """One set keeps the tasks of both."""
    text = BARE + "\n\ndef queue_again(message):\n    asyncio.ensure_future(forward(message))\n"
    [mended] = scanned(tmp_path, text).mended
    assert mended.count == 2
    assert mended.text.count("_background_tasks: set") == 1
    assert mended.text.count(".add_done_callback(_background_tasks.discard)") == 2


def test_name_that_is_taken_is_not_used_again(tmp_path: Path) -> None:
    """A function with a `task` of its own keeps it."""
    text = BARE.replace("def queue_message(message):", "def queue_message(message, task):\n    print(task)")
    [mended] = scanned(tmp_path, text).mended
    assert "background_task = asyncio.create_task(" in mended.text


@pytest.mark.parametrize(
    "statement",
    ["[asyncio.create_task(work()) for _ in range(3)]", "loop.call_later(1, lambda: asyncio.create_task(work()))"],
)
def test_what_is_not_mechanical_has_no_diff(tmp_path: Path, statement: str) -> None:
    """The sentence of the fix is all that there is."""
    result = scanned(tmp_path, f"import asyncio\n\n\nasync def go(work, loop):\n    {statement}\n")
    assert of_rule(result, "task-without-owner").fix.diff is None


def test_scan_alone_makes_no_diff(tmp_path: Path) -> None:
    """Fixes are made where they are asked for."""
    (tmp_path / "app.py").write_text(BARE)
    [finding] = scan(tmp_path, say=SAY).findings
    assert finding.fix.diff is None


def test_diff_option_changes_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--diff` shows, and writes nothing."""
    (tmp_path / "app.py").write_text(BARE)
    assert main(["scan", str(tmp_path), "--diff"]) == 1
    assert "+    _background_tasks.add(task)" in capsys.readouterr().out
    assert (tmp_path / "app.py").read_text() == BARE


@pytest.mark.skipif(sys.platform == "win32", reason="permissions differ there")
def test_fix_option_writes_the_file_whole_and_keeps_how_it_was_written(tmp_path: Path) -> None:
    """Line ends, encoding and permissions stay."""
    file = tmp_path / "app.py"
    old = "# -*- coding: latin-1 -*-\n# caf\xe9\n" + BARE
    file.write_bytes(old.replace("\n", "\r\n").encode("latin-1"))
    file.chmod(0o755)
    assert main(["scan", str(tmp_path), "--fix"]) == 1
    new = "# -*- coding: latin-1 -*-\n# caf\xe9\n" + MENDED
    assert file.read_bytes() == new.replace("\n", "\r\n").encode("latin-1")
    assert stat.S_IMODE(file.stat().st_mode) == 0o755
    assert [each.name for each in tmp_path.iterdir()] == ["app.py"]


def test_fixed_project_is_clean_the_next_time(tmp_path: Path) -> None:
    """What `--fix` writes, the next scan does not find."""
    (tmp_path / "app.py").write_text(BARE)
    main(["scan", str(tmp_path), "--fix"])
    assert main(["scan", str(tmp_path)]) == 0


def test_ignored_finding_is_not_mended(tmp_path: Path) -> None:
    """A reason was given; the line stays."""
    text = BARE.replace("# to all", "# overstay: ignore[task-without-owner] lives as long as the program")
    assert scanned(tmp_path, text).mended == ()
