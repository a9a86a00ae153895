"""The page's modules without a browser, and what can be said of its files."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import ai_chat

HERE = Path(__file__).parent
WEB = Path(ai_chat.__file__).parent / "web"
NODE = shutil.which("node")


@pytest.mark.slow
@pytest.mark.skipif(NODE is None, reason="No node found, so the page's modules were not tested alone.")
def test_modules_pass_their_own_tests(tmp_path):
    """Connection, conversation, player, memory and language keep their promises under node's test runner."""
    shutil.copytree(WEB, tmp_path, dirs_exist_ok=True)
    (tmp_path / "package.json").write_text(json.dumps({"type": "module"}))
    for test in HERE.glob("*.test.js"):
        shutil.copy(test, tmp_path)
    done = subprocess.run([NODE, "--test"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^# pass [1-9]", done.stdout, re.MULTILINE), done.stdout


@pytest.mark.slow
def test_scan_finds_nothing_that_outlives_the_page():
    """Every listener, timer, audio context and address of the page has its end in the code."""
    command = [sys.executable, "-m", "overstay", "scan", str(WEB)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_page_has_nothing_inline_and_parses_no_text_as_markup():
    """A policy of 'self' suffices: no inline script, style or handler; and texts never become markup."""
    page = (WEB / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|https?://", page)
    for module in WEB.rglob("*.js"):
        text = module.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text), module.name


def test_every_text_the_page_names_exists():
    """No key in the page is missing from the texts, so nothing is shown as `undefined`."""
    keys = set(re.findall(r'^  "([^"]+)":', (WEB / "texts" / "en.js").read_text(encoding="utf-8"), re.MULTILINE))
    page = (WEB / "index.html").read_text(encoding="utf-8")
    assert set(re.findall(r'data-(?:text|label|hint)="([^"]+)"', page)) <= keys
    for module in WEB.glob("*.js"):
        used = re.findall(r'language\.text\("([^"]+)"', module.read_text(encoding="utf-8"))
        assert set(used) <= keys, module.name
