"""The command as people start it."""

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from ai_chat import __version__
from ai_chat.__main__ import main

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("AI_CHAT_")}
EXAMPLE = Path(__file__).parents[1] / "conf.yaml"


@pytest.fixture(autouse=True)
def _folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in os.environ.keys() - ENVIRONMENT.keys():
        monkeypatch.delenv(name)
    monkeypatch.setenv("LC_ALL", "C")


@pytest.mark.parametrize(
    ("words", "en", "zh"),
    [
        (["--port", "x"], "--port is 'x'; write a number from 0 to 65535", "--port 的值是 'x'；"),
        (["--port", "65536"], "--port is '65536'", "0 到 65535"),
        (["--port", "-1"], "--port", "--port"),
        (["--port", "9" * 5_000], "write a number", "请写 0"),
        (["--port"], "--port needs a value", "--port 需要一个值"),
        (["--check=1"], "--check takes no value", "--check 不带值"),
        (["--prot", "1"], "There is no option '--prot'", "没有选项 '--prot'"),
        (["conf.yaml"], "There is no option 'conf.yaml'", "没有选项"),
        (["--config", "none.yaml"], "none.yaml does not exist; name another file", "none.yaml 不存在；"),
        (["--config", ""], ". is a folder; name a file in it.", "是文件夹"),
    ],
)
def test_wrong_usage_is_one_sentence_and_status_2(
    words: list[str], en: str, zh: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the language that is asked for."""
    for lang, part in (("en", en), ("zh", zh)):
        assert main([f"--lang={lang}", *words]) == 2
        told = capsys.readouterr()
        assert part in told.err
        assert (told.err.count("\n"), told.out) == (1, "")


def test_unknown_language_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """In that of the environment."""
    assert main(["--lang", "fr"]) == 2
    assert capsys.readouterr().err == "--lang is 'fr'; choose one of: en, zh.\n"


def test_language_of_the_environment_is_spoken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """LC_ALL wins over LANG; an empty one says nothing."""
    monkeypatch.setenv("LC_ALL", "")
    monkeypatch.delenv("LC_MESSAGES", raising=False)
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert main(["--port", "x"]) == 2
    assert "端口" in capsys.readouterr().err


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_help_names_every_option(lang: str, capsys: pytest.CaptureFixture[str]) -> None:
    """On standard output, with status 0."""
    assert main(["--help", "--lang", lang]) == 0
    told = capsys.readouterr().out
    for option in ("--config", "--host", "--port", "--lang", "--check", "--version", "--help"):
        assert f"\n  {option}" in told


def test_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing else."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"ai-chat {__version__}\n"


def test_check_says_what_is_configured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Characters with their models, servers, history and address; no password; what wins."""
    (tmp_path / "conf.yaml").write_text(
        "system_config: {port: 1}\nhistory: {url: 'postgresql+asyncpg://me:sk-hunter2@db/chat?password=sk-hunter2'}\n"
        "character_config:\n  llm: {provider: openai_compatible, model: m, base_url: 'http://me:sk-hunter2@h/v1'}\n",
        encoding="utf-8",
    )
    assert main(["--check", "--port", "0", "--host", "localhost"]) == 0
    told = capsys.readouterr()
    assert (told.out, told.err) == (
        "The configuration is good: conf.yaml\n"
        "  Characters: Echo (conf.yaml: m @ http://***@h/v1)\n"
        "  MCP servers: local\n"
        "  History: postgresql+asyncpg://***@db/chat\n"
        "  Address: localhost:0\n",
        "",
    )


def test_check_tells_what_does_not_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With status 2; what is only unsupported is told beside the rest."""
    path = tmp_path / "conf.yaml"
    path.write_text("limits:\n  sessions: 0\n", encoding="utf-8")
    assert main(["--check"]) == 2
    assert capsys.readouterr().err == "conf.yaml:2: limits.sessions is 0; it must be ≥ 1.\n"
    path.write_text("live_config: {}\n", encoding="utf-8")
    assert main(["--check", "--lang", "zh"]) == 0
    told = capsys.readouterr()
    assert (told.err, told.out.partition("\n")[0]) == (
        "这里不支持，已忽略：live_config (conf.yaml:1)。\n",
        "配置可用：conf.yaml",
    )


def test_example_is_good(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """With its two characters, and nothing to remark."""
    monkeypatch.chdir(EXAMPLE.parent)
    assert main(["--check"]) == 0
    told = capsys.readouterr()
    assert told.err == ""
    for character in ("(conf.yaml: scripted)", "(en_brook.yaml: scripted)", "小溪 (zh_xiaoxi.yaml: scripted)"):
        assert character in told.out


@pytest.mark.slow
def test_checking_imports_no_server(tmp_path: Path) -> None:
    """It answers at once."""
    program = "import sys; from ai_chat.__main__ import main; main(['--check']); print([m for m in ('uvicorn', 'openai', 'mcp', 'sqlalchemy') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=True
    )  # fmt: skip
    assert done.stdout.endswith("[]\n")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a child cannot be sent Ctrl-C alone there")
def test_server_starts_with_the_example_and_ends_at_ctrl_c_with_130(tmp_path: Path) -> None:
    """At any free port, which it says."""
    environment = {**ENVIRONMENT, "AI_CHAT_HISTORY__URL": f"sqlite+aiosqlite:///{tmp_path / 'history.db'}"}
    command = [sys.executable, "-m", "ai_chat", "--config", str(EXAMPLE), "--port", "0", "--lang", "en"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address = server.stdout.readline().split()[3]
            with urllib.request.urlopen(address, timeout=20) as page:
                assert page.status == 200
            server.send_signal(signal.SIGINT)
            assert server.wait(30) == 130
        finally:
            server.kill()
