"""What a configuration file may do to its reader: nothing but be refused in one sentence."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from overstay.checks.check import Project
from overstay.checks.configuration import ConfigurationCheck
from overstay.checks.configuration_files import Setting

Make = Callable[..., Project]
Ask = Callable[..., Any]

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{after}: &{after} [{','.join([f'*{before}'] * 9)}]\n"
    for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)
MANY_ALIASES = "a: &a {enable_proxy: true}\n" + "".join(f"k{n}: *a\n" for n in range(300))


def refusal(make: Make, said: Ask, files: dict[str, str | bytes]) -> str:
    """Return the sentence about the only file that was not read."""
    [told] = [
        each.title
        for each in said(ConfigurationCheck(), make(files))
        if each.status == "not-checked" and each.about in files
    ]
    return told


def settings(make: Make, files: dict[str, str | bytes]) -> dict[str, object]:
    """Return the settings by name."""
    return {setting.name: setting.value for setting in make(files).configuration.settings}


def test_names_values_and_lines_are_those_of_the_file(make: Make) -> None:
    """Dotted names, scalars of their type, lines that an editor shows."""
    text = "llm:\n  model: qwen\n  temperature: 0.7\nports: [1, 2]\nnothing:\nquoted: 'true'\n"
    assert make({"conf.yaml": text}).configuration.settings == (
        Setting("llm.model", "qwen", "conf.yaml", 2),
        Setting("llm.temperature", 0.7, "conf.yaml", 3),
        Setting("ports.0", 1, "conf.yaml", 4),
        Setting("ports.1", 2, "conf.yaml", 4),
        Setting("nothing", None, "conf.yaml", 5),
        Setting("quoted", "true", "conf.yaml", 6),
    )


def test_a_merge_key_gives_its_settings_to_the_one_that_merges(make: Make) -> None:
    """An anchor is looked into where it is used."""
    found = settings(make, {"conf.yaml": "base: &base\n  enable_proxy: true\nlive:\n  <<: *base\n"})
    assert found == {"base.enable_proxy": True, "live.enable_proxy": True}


@pytest.mark.parametrize(
    "text", [BOMB, MANY_ALIASES, "[" * 5_000, "a:\n" + "".join(" " * n + "- \n" for n in range(90))]
)
def test_a_yaml_bomb_is_refused_at_once(make: Make, said: Ask, text: str) -> None:
    """Neither memory nor time is spent on it, and none of its values counts."""
    began = time.monotonic()
    told = refusal(make, said, {"conf.yaml": text})
    assert told.startswith("conf.yaml was not read: ")
    assert settings(make, {"conf.yaml": text}) == {}
    assert time.monotonic() - began < 10


def test_a_tag_is_never_acted_on(make: Make, tmp_path: Path) -> None:
    """Safe loading only: the file names a call, and nothing is called."""
    mark = tmp_path / "called"
    text = f"x: !!python/object/apply:os.mkdir ['{mark}']\ny: !!python/name:os.system ''\nenable_proxy: true\n"
    found = settings(make, {"conf.yaml": text})
    assert found["enable_proxy"] is True
    assert not mark.exists()


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("conf.yaml", 'path: "C:\\Users\\me\\cache"\n', "conf.yaml was not read: YAML, line 1: "),
        ("conf.yaml", "a: b: c\n", "conf.yaml was not read: YAML, line 1: mapping values are not allowed"),
        ("config.toml", "a = \n", "config.toml was not read: TOML, line 1: "),
        ("config.json", "{\n'a': 1}", "config.json was not read: JSON, line 2: "),
        ("config.json", "[" * 100_000, "config.json was not read: it is deeper than 40 levels"),
        ("config.toml", "a = " + "[" * 20_000, "config.toml was not read: "),
        (".env", "A=1\n'unfinished\n", ".env was not read: .env, line 2"),
        ("conf.yaml", "a: 1\n" * 200_000, "conf.yaml was not read: it is larger than 0.512 MB"),
        ("conf.yaml", b"a: \x00\x01\x02", "conf.yaml was not read: it is binary"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_sentence(
    make: Make, said: Ask, name: str, text: str | bytes, told: str
) -> None:
    """With the file, the line and the reason; everything else goes on."""
    assert refusal(make, said, {name: text}).startswith(told)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_files_of_a_chinese_windows_machine_are_read(make: Make, encoding: str) -> None:
    """PowerShell writes UTF-16, editors write GBK, and all mean the same."""
    text = "# 系统配置\r\nname: 小助手\r\nenable_proxy: true\r\n"
    assert settings(make, {"conf.yaml": text.encode(encoding)}) == {"name": "小助手", "enable_proxy": True}


def test_invalid_utf_8_is_no_reason_to_stop(make: Make) -> None:
    """A stray byte spoils one value and not the file."""
    assert settings(make, {"conf.yaml": b"name: \xff\xfa\xff\nenable_proxy: false\n"})["enable_proxy"] is False


def test_a_variable_in_an_env_file_is_not_filled_in(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the file says is what is read: no environment, no commands."""
    monkeypatch.setenv("SECRET", "geheim")
    found = settings(make, {".env": "A=${SECRET}\nB=$(touch /tmp/x)\n\n# comment\nC=1\n"})
    assert found == {"A": "${SECRET}", "B": "$(touch /tmp/x)", "C": "1"}


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_link_out_of_the_project_is_not_followed(make: Make, tmp_path: Path) -> None:
    """It is said that it was not, since it may be the file that counts."""
    outside = tmp_path / "outside.yaml"
    outside.write_text("enable_proxy: true\n")
    project = make({"server.py": ""})
    (project.root / "conf.yaml").symlink_to(outside)
    assert project.configuration.settings == ()
    assert [refused.error.slug for refused in project.configuration.refused] == ["check.unreadable.link"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes by name there")
def test_a_pipe_that_is_named_like_a_configuration_never_blocks(make: Make) -> None:
    """Nobody writes into it, and nobody waits."""
    project = make()
    os.mkfifo(project.root / "conf.yaml")
    assert project.configuration.settings == ()
