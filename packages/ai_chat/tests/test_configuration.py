"""Settings from files and the environment, and what is said when they do not fit."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ai_chat.catalogue import LANGUAGES, language_of, text
from ai_chat.config_manager.loader import ConfigProblem, load

UPSTREAM = """\
system_config:
  conf_version: 'v1.2.1'
  host: 127.0.0.1
  port: 12393
  config_alts_dir: characters
  tool_prompts:
    live2d_expression_prompt: 'live2d'
  enable_proxy: true
character_config:
  conf_name: mao
  conf_uid: mao_001
  live2d_model_name: mao_pro
  character_name: Mao
  human_name: Human
  avatar: mao.png
  persona_prompt: You are Mao.
  agent_config:
    conversation_agent_choice: basic_memory_agent
    agent_settings:
      basic_memory_agent:
        llm_provider: deepseek_llm
        faster_first_response: true
        use_mcpp: false
    llm_configs:
      deepseek_llm:
        llm_api_key: ${DEEPSEEK_KEY}
        model: deepseek-chat
        temperature: 0.7
        base_url: https://api.deepseek.example/v1
      ollama_llm:
        model: qwen
  asr_config:
    asr_model: sherpa_onnx_asr
"""


def written(folder: Path, source: str) -> Path:
    path = folder / "conf.yaml"
    path.write_text(source, encoding="utf-8")
    return path


def test_open_llm_vtubers_file_is_read_as_it_is(tmp_path: Path) -> None:
    """What is supported lands in the settings; the rest is named with its lines."""
    loaded = load(written(tmp_path, UPSTREAM), {"DEEPSEEK_KEY": "key-1"})
    character = loaded.settings.character
    assert loaded.settings.system.enable_proxy
    assert (character.conf_uid, character.character_name) == ("mao_001", "Mao")
    assert (character.llm.provider, character.llm.model) == ("openai_compatible", "deepseek-chat")
    assert character.llm.api_key.get_secret_value() == "key-1"
    assert character.use_mcpp is False
    assert [one.partition(" ")[0].rpartition(".")[2] for one in loaded.ignored] == [
        "live2d_expression_prompt",
        "faster_first_response",
        "asr_model",
    ]
    assert "(conf.yaml:7)" in loaded.ignored[0]


def test_secret_is_in_no_text(tmp_path: Path) -> None:
    """Neither the settings' own text nor a problem quotes a key."""
    loaded = load(written(tmp_path, UPSTREAM), {"DEEPSEEK_KEY": "key-1"})
    assert "key-1" not in repr(loaded)


@pytest.mark.parametrize(
    ("source", "code", "line"),
    [
        ("system_config:\n  port: [", "config-syntax", 2),
        ("system_config:\n  port: seven\n", "config-value", 2),
        ("limits:\n  sessions: 0\n", "config-value", 2),
        ("limits:\n  seasons: 3\n", "config-value", 2),
        ("limits:\n  sessions: 3\n  sessions: 4\n", "config-duplicate", 3),
        ("limits: !!python/object:os.system {}\n", "config-alias", 1),
        ("a: &a [x]\nb: *a\n", "config-alias", 2),
        ("- 1\n", "config-not-a-table", 1),
        ("character_config:\n  avatar: ${NOT_SET}\n", "config-no-variable", 2),
    ],
)
def test_what_does_not_fit_is_told_with_its_line(tmp_path: Path, source: str, code: str, line: int) -> None:
    """One sentence in each language, with the file and the line."""
    with pytest.raises(ConfigProblem) as raised:
        load(written(tmp_path, source), {})
    assert (raised.value.code, raised.value.values["line"]) == (code, line)
    for lang in LANGUAGES:
        assert f"conf.yaml:{line}" in text(raised.value.code, lang, **raised.value.values)


def test_file_that_is_not_there_or_no_text_is_told(tmp_path: Path) -> None:
    """A missing file and one in another encoding have a sentence of their own."""
    with pytest.raises(ConfigProblem, match="config-missing"):
        load(tmp_path / "none.yaml", {})
    path = tmp_path / "conf.yaml"
    path.write_bytes("limits: é".encode("latin-1"))
    with pytest.raises(ConfigProblem, match="config-unreadable"):
        load(path, {})


def test_environment_wins_and_is_named_when_it_does_not_fit(tmp_path: Path) -> None:
    """Levels are separated by two underscores."""
    path = written(tmp_path, "system_config:\n  port: 1\n")
    assert load(path, {"AI_CHAT_SYSTEM__PORT": "2"}).settings.system.port == 2
    with pytest.raises(ConfigProblem) as raised:
        load(path, {"AI_CHAT_SYSTEM__PORT": "two"})
    assert raised.value.values["name"] == "AI_CHAT_SYSTEM__PORT"


def test_character_file_is_laid_over_the_configured_one(tmp_path: Path) -> None:
    """Each file is another character; what it does not say is conf.yaml's."""
    (tmp_path / "characters").mkdir()
    ling = tmp_path / "characters" / "ling.yaml"
    ling.write_text("character_config:\n  conf_uid: ling\n  character_name: 小玲\n", encoding="utf-8")
    path = written(tmp_path, UPSTREAM)
    settings = load(path, {"DEEPSEEK_KEY": "k"}).settings
    one = settings.find_character("ling.yaml")
    assert one is not None
    assert (one.character_name, one.llm.model) == ("小玲", "deepseek-chat")
    ling.write_text("character_config:\n  conf_uid: mao_001\n", encoding="utf-8")
    with pytest.raises(ConfigProblem, match="config-twice"):
        load(path, {"DEEPSEEK_KEY": "k"})


def test_both_languages_have_the_same_messages() -> None:
    """Same codes, same values to fill in."""
    import re
    import tomllib

    import ai_chat

    folder = Path(ai_chat.__file__).parent / "messages"
    en, zh = (tomllib.loads((folder / f"{lang}.toml").read_text(encoding="utf-8")) for lang in LANGUAGES)
    assert en.keys() == zh.keys()
    for code in en:
        assert set(re.findall(r"\{(\w+)\}", en[code])) == set(re.findall(r"\{(\w+)\}", zh[code])), code


def test_every_problem_that_is_raised_has_a_message() -> None:
    """The codes in the source are in the catalogue."""
    import ast

    import ai_chat

    raised = set()
    for path in Path(ai_chat.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "").endswith("Problem") and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    raised.add(first.value)
    from ai_chat.catalogue import _messages

    assert raised - _messages("en").keys() == set()


@pytest.mark.parametrize(
    ("accept", "lang"), [("zh-CN,zh;q=0.9", "zh"), ("en-US", "en"), ("", "en"), ("zh_CN.UTF-8", "zh")]
)
def test_language_is_that_which_is_asked_for_first(accept: str, lang: str) -> None:
    """Of a browser's header and of a locale."""
    assert language_of(accept) == lang


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AI_CHAT_")}
    return subprocess.run(
        [sys.executable, "-m", "ai_chat", *words],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_command_says_what_is_wrong_and_ends_with_2(tmp_path: Path) -> None:
    """Wrong usage, a missing file, a file that does not fit; and 0 for one that does."""
    assert command(tmp_path, "--port", "x").returncode == 2
    missing = command(tmp_path, "--config", "none.yaml", "--lang", "zh")
    assert (missing.returncode, missing.stderr) == (2, "none.yaml 不存在；请用 --config 指定别的文件。\n")
    written(tmp_path, "limits:\n  sessions: 0\n")
    assert command(tmp_path, "--check", "--lang", "en").returncode == 2
    written(tmp_path, "limits:\n  sessions: 5\n")
    good = command(tmp_path, "--check", "--lang", "en")
    assert (good.returncode, good.stdout.partition(":")[0]) == (0, "The configuration is good")
