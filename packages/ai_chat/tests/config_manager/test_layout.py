"""Open-LLM-VTuber's files are read as they are; what is not supported is named once."""

import re

import pytest

from .conftest import Folder
from .layouts import KEY, SERVERS, UPSTREAM
from .telling import told


def test_open_llm_vtubers_file_is_read_as_it_is(folder: Folder) -> None:
    """What is supported lands in the settings."""
    folder.write(UPSTREAM)
    settings = folder.load(KEY).settings
    character = settings.character
    assert (settings.system.host, settings.system.port, settings.system.enable_proxy) == ("localhost", 12393, False)
    assert (character.conf_uid, character.character_name, character.human_name) == ("river_001", "River", "Guest")
    assert character.persona_prompt == "You are River.\nYou answer briefly.\n"
    assert character.use_mcpp
    assert character.mcp_enabled_servers == ("time", "search")
    llm = character.llm
    assert (llm.provider, llm.model, llm.temperature) == ("openai_compatible", "deepseek-chat", 0.7)
    assert llm.api_key.get_secret_value() == "sk-hunter2"


def test_model_without_address_is_asked_at_its_own_providers(folder: Folder) -> None:
    """A key of DeepSeek's is not sent to the default address, which is another program's."""
    folder.write(UPSTREAM)
    assert folder.load(KEY).settings.character.llm.base_url == "https://api.deepseek.com/v1"


@pytest.mark.parametrize(
    ("provider", "address"),
    [("ollama_llm", "http://localhost:11434/v1"), ("lmstudio_llm", "http://localhost:1234/v1")],
)
def test_address_of_the_chosen_model_is_taken(folder: Folder, provider: str, address: str) -> None:
    """And that of no other one in the pool."""
    folder.write(UPSTREAM.replace("llm_provider: deepseek_llm", f"llm_provider: {provider}"))
    llm = folder.load(KEY).settings.character.llm
    assert (llm.base_url, llm.model, llm.api_key.get_secret_value()) == (address, "qwen", "")


def test_unsupported_keys_are_named_once_with_their_lines(folder: Folder) -> None:
    """One warning, which names each at its highest level."""
    folder.write(UPSTREAM)
    folder.write(SERVERS, "mcp_servers.json")
    (remark,) = folder.load({**KEY, "SEARCH_KEY": "k"}).warnings
    named = re.findall(r"([\w.]+) \(conf\.yaml:(\d+)\)", remark.told("en"))
    agent = "character_config.agent_config"
    assert sorted(key for key, _ in named) == sorted([
        "system_config.tool_prompts",
        f"{agent}.agent_settings.basic_memory_agent.faster_first_response",
        f"{agent}.agent_settings.basic_memory_agent.segment_method",
        f"{agent}.agent_settings.letta_agent",
        f"{agent}.agent_settings.hume_ai_agent",
        f"{agent}.llm_configs.deepseek_llm.interrupt_method",
        "character_config.asr_config",
        "character_config.tts_config",
        "character_config.vad_config",
        "character_config.tts_preprocessor_config",
        "live_config",
    ])  # fmt: skip
    lines = UPSTREAM.splitlines()
    assert all(lines[int(line) - 1].strip().startswith(key.rpartition(".")[2] + ":") for key, line in named)


def test_key_that_is_nearly_one_of_ours_is_named_with_it(folder: Folder) -> None:
    """A slip of the pen is no unsupported feature."""
    folder.write("system_config:\n  prot: 1\nlimts:\n  sessions: 3\n")
    (remark,) = folder.load().warnings
    assert "system_config.prot (conf.yaml:2) → port?" in remark.told("en")
    assert "limts (conf.yaml:3) → limits?" in remark.told("zh")


def test_warning_is_shortened_when_keys_are_many(folder: Folder) -> None:
    """Forty are named, the rest is counted."""
    folder.write("".join(f"strange{n}: 1\n" for n in range(100)))
    (remark,) = folder.load().warnings
    assert remark.told("en").count("conf.yaml:") == 40
    assert "(+60)" in remark.told("en")


@pytest.mark.parametrize("provider", ["claude_llm", "gpt", "[ollama_llm]"])
def test_model_that_speaks_another_protocol_is_told(folder: Folder, provider: str) -> None:
    """With the line, and those that can be chosen."""
    folder.write(UPSTREAM.replace("llm_provider: deepseek_llm", f"llm_provider: {provider}"))
    problem = folder.problem(KEY)
    assert (problem.code, problem.values["line"]) == ("config-choice", 25)
    assert "ollama_llm" in told(problem)


def test_other_agent_is_told(folder: Folder) -> None:
    """Only one is there."""
    folder.write(UPSTREAM.replace("choice: basic_memory_agent", "choice: letta_agent"))
    assert told(folder.problem(KEY)).endswith(
        "character_config.agent_config.conversation_agent_choice is 'letta_agent'; choose one of: basic_memory_agent."
    )


def test_model_without_a_name_is_told(folder: Folder) -> None:
    """Where its provider was chosen."""
    folder.write(UPSTREAM.replace("        model: deepseek-chat\n", ""))
    problem = folder.problem(KEY)
    assert (problem.code, problem.values["line"]) == ("config-no-model", 25)


def test_own_sections_lie_beside_open_llm_vtubers(folder: Folder) -> None:
    """Limits, history, MCP servers, and a character's memory, model and speech."""
    folder.write(
        "limits: {sessions: 7}\nhistory:\n  retention: {days: 2.5}\n"
        "mcp_servers:\n  my.clock: {command: clock, args: [-v], env: {A: b}, call_seconds: 3}\n"
        "character_config:\n  memory: {turns: 4}\n  tts: {engine: none}\n"
        "  llm: {provider: openai_compatible, model: m, base_url: http://h/v1, api_key: k, first_token_seconds: 2}\n"
    )
    settings = folder.load().settings
    assert (settings.limits.sessions, settings.history.retention.days) == (7, 2.5)
    clock = settings.mcp_servers["my.clock"]
    assert (clock.command, clock.args, clock.env, clock.call_seconds) == ("clock", ("-v",), {"A": "b"}, 3)
    character = settings.character
    assert (character.memory.turns, character.tts.engine, character.llm.model) == (4, "none", "m")


def test_characters_own_model_is_laid_over_the_pools(folder: Folder) -> None:
    """In whatever order the file has them."""
    folder.write(UPSTREAM.replace("  agent_config:", "  llm: {temperature: 0.1}\n  agent_config:"))
    llm = folder.load(KEY).settings.character.llm
    assert (llm.temperature, llm.model) == (0.1, "deepseek-chat")


def test_key_without_a_value_leaves_the_default(folder: Folder) -> None:
    """As do sections of which only comments are left."""
    folder.write("limits:\nsystem_config:\n  port:\n  token: null\n")
    settings = folder.load().settings
    assert (settings.system.port, settings.system.token, settings.limits.sessions) == (12393, None, 1_200)


def test_aliases_and_merges_are_followed(folder: Folder) -> None:
    """What is written out wins, then what is named first."""
    folder.write(
        "base: &base {command: clock, args: [a, b]}\n"
        "mcp_servers:\n  one: *base\n  two:\n    <<: *base\n    args: []\n  three:\n    <<: [{url: u}, *base]\n"
    )
    servers = folder.load().settings.mcp_servers
    assert (servers["one"].command, servers["one"].args) == ("clock", ("a", "b"))
    assert (servers["two"].command, servers["two"].args) == ("clock", ())
    assert (servers["three"].command, servers["three"].url) == ("clock", "u")
