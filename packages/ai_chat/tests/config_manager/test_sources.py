"""The environment, the characters' files and mcp_servers.json, and which of them wins."""

import sys
from collections.abc import Mapping

import pytest

from .conftest import Folder
from .layouts import KEY, SERVERS, UPSTREAM
from .telling import told

LING = "character_config:\n  conf_uid: ling\n  character_name: 小玲\n"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"AI_CHAT_SYSTEM__PORT": "2"}, 2),
        ({"AI_CHAT_SYSTEM": '{"port": 3}'}, 3),
        ({"AI_CHAT_LIMITS__TURNS": "2"}, 1),
    ],
)
def test_environment_wins_over_the_file(folder: Folder, variables: Mapping[str, str], expected: int) -> None:
    """Levels are separated by two underscores, or a whole table is JSON, which leaves the file's other keys."""
    folder.write("system_config:\n  port: 1\n  host: here\n")
    system = folder.load(variables).settings.system
    assert (system.port, system.host) == (expected, "here")


def test_environment_wins_over_what_is_no_table(folder: Folder) -> None:
    """The file's value is replaced, as any other."""
    folder.write("limits: 5\n")
    assert folder.load({"AI_CHAT_LIMITS__TURNS": "3"}).settings.limits.turns == 3


def test_environment_has_lists_and_servers(folder: Folder) -> None:
    """Lists are JSON; below a server's env, names keep their case."""
    folder.write("")
    settings = folder.load({
        "AI_CHAT_SYSTEM__ALLOWED_ORIGINS": '["https://a"]',
        "AI_CHAT_MCP_SERVERS__LOCAL__CALL_SECONDS": "3",
        "AI_CHAT_MCP_SERVERS__LOCAL__ENV__Api_Key": "x",
    }).settings  # fmt: skip
    assert settings.system.allowed_origins == ("https://a",)
    local = settings.mcp_servers["local"]
    assert (local.command, local.call_seconds, local.env) == (sys.executable, 3, {"Api_Key": "x"})


@pytest.mark.parametrize(
    ("name", "value", "code", "part"),
    [
        ("AI_CHAT_SYSTEM__PORT", "two", "config-whole-number", "AI_CHAT_SYSTEM__PORT is 'two'"),
        ("AI_CHAT_SYSTEM__PROT", "2", "config-misspelt-key", "did you mean AI_CHAT_SYSTEM__PORT?"),
        ("AI_CHAT_LIMITS__SESSIONS", "0", "config-bound", "≥ 1"),
        ("AI_CHAT_LIMITS__SESSIONS__DEEP", "0", "config-whole-number", "AI_CHAT_LIMITS__SESSIONS__DEEP"),
        ("AI_CHAT_LIMITS", "many", "config-table", "AI_CHAT_LIMITS is 'many'"),
        ("AI_CHAT_LIMITS", "{", "config-variable-json", "AI_CHAT_LIMITS"),
        ("AI_CHAT_SYSTEM__ALLOWED_ORIGINS", "https://a", "config-list", "write a list"),
    ],
)
def test_variable_that_does_not_fit_is_named(folder: Folder, name: str, value: str, code: str, part: str) -> None:
    """In place of a file and a line."""
    folder.write("limits: {turns: 3}\n")
    problem = folder.problem({name: value})
    assert problem.code == code
    assert part in told(problem)


def test_variables_that_are_no_settings_are_in_the_warning(folder: Folder) -> None:
    """With the one that may have been meant, and without their values."""
    folder.write("")
    (remark,) = folder.load({"AI_CHAT_PORT": "81", "AI_CHAT_SYTEM__HOST": "x", "AI_CHATTER": "x"}).warnings
    assert remark.told("en") == (
        "Not supported here, and ignored: "
        "AI_CHAT_PORT → AI_CHAT_SYSTEM__PORT?, AI_CHAT_SYTEM__HOST → AI_CHAT_SYSTEM__HOST?."
    )


def test_characters_file_is_laid_over_the_configured_one(folder: Folder) -> None:
    """What it does not say is conf.yaml's, at any depth."""
    folder.write(UPSTREAM)
    folder.write(
        LING + "  agent_config:\n    agent_settings:\n      basic_memory_agent:\n        llm_provider: ollama_llm\n"
        "    llm_configs:\n      ollama_llm: {temperature: 0.2}\n",
        "characters/ling.yaml",
    )
    ling = folder.load(KEY).settings.find_character("ling.yaml")
    assert ling is not None
    assert (ling.character_name, ling.human_name, ling.conf_name) == ("小玲", "Guest", "river")
    llm = ling.llm
    assert (llm.base_url, llm.model, llm.temperature) == ("http://localhost:11434/v1", "qwen", 0.2)
    assert llm.api_key.get_secret_value() == ""


def test_environment_lies_between_conf_yaml_and_a_characters_file(folder: Folder) -> None:
    """It wins over the configured character, and what an alternative says itself stays."""
    folder.write(UPSTREAM)
    folder.write(LING, "characters/ling.yaml")
    variables = {**KEY, "AI_CHAT_CHARACTER__CHARACTER_NAME": "Sea", "AI_CHAT_CHARACTER__HUMAN_NAME": "Crew"}
    settings = folder.load(variables).settings
    (ling,) = settings.characters
    assert (settings.character.character_name, settings.character.human_name) == ("Sea", "Crew")
    assert (ling.character_name, ling.human_name) == ("小玲", "Crew")


def test_key_of_the_environment_is_not_sent_to_another_model(folder: Folder) -> None:
    """An alternative that names its own model has it whole; one that does not has the key."""
    folder.write(UPSTREAM)
    folder.write(LING + "  llm: {base_url: 'http://other/v1'}\n", "characters/ling.yaml")
    folder.write("character_config:\n  conf_uid: b\n", "characters/b.yaml")
    settings = folder.load({"DEEPSEEK_KEY": "file", "AI_CHAT_CHARACTER__LLM__API_KEY": "environment"}).settings
    keys = {one.file: one.llm.api_key.get_secret_value() for one in (settings.character, *settings.characters)}
    assert keys == {"conf.yaml": "environment", "ling.yaml": "file", "b.yaml": "environment"}


def test_unsupported_keys_of_a_characters_file_are_in_the_same_warning(folder: Folder) -> None:
    """Those that it has of conf.yaml are named once."""
    folder.write("character_config:\n  asr_config: {asr_model: x}\n")
    folder.write(LING + "  tts_config: {tts_model: x}\nsystem_config: {port: 1}\n", "characters/ling.yaml")
    (remark,) = folder.load().warnings
    assert remark.told("en") == (
        "Not supported here, and ignored: character_config.asr_config (conf.yaml:2), "
        "character_config.tts_config (ling.yaml:4), system_config (ling.yaml:5)."
    )


def test_two_characters_with_one_uid_are_told(folder: Folder) -> None:
    """With the line of the second, or of its file when it has none of its own."""
    folder.write(UPSTREAM)
    folder.write(LING, "characters/a.yaml")
    folder.write(LING, "characters/b.yaml")
    problem = folder.problem(KEY)
    assert (problem.code, problem.values["line"], problem.values["other"]) == ("config-twice", 2, "a.yaml")
    assert "b.yaml:2: its conf_uid 'ling' is that of a.yaml" in told(problem)
    folder.write("character_config:\n  character_name: x\n", "characters/b.yaml")
    assert "b.yaml:1: its conf_uid 'river_001' is that of conf.yaml" in told(folder.problem(KEY))


def test_file_that_is_named_like_the_configured_character_is_told(folder: Folder) -> None:
    """Clients name characters by their files."""
    folder.write("")
    folder.write(LING, "characters/conf.yaml")
    assert folder.problem().code == "config-same-file"


def test_what_does_not_fit_in_a_characters_file_is_told_with_its_line(folder: Folder) -> None:
    """As in conf.yaml."""
    folder.write(UPSTREAM)
    folder.write(LING, "characters/a.yaml")
    folder.write(LING.replace("ling", "b") + "  llm:\n    temperature: hot\n", "characters/b.yaml")
    problem = folder.problem(KEY)
    assert (problem.code, problem.values["line"]) == ("config-number", 5)
    assert "b.yaml:5: character_config.llm.temperature is 'hot'" in told(problem)
    folder.write("character_config: [1]\n", "characters/b.yaml")
    assert "b.yaml:1: character_config needs keys below it" in told(folder.problem(KEY))


def test_characters_folder_is_where_conf_yaml_says(folder: Folder) -> None:
    """Relative to it; hidden files are left alone; a file in its place is told."""
    folder.write("system_config: {config_alts_dir: others}\n")
    folder.write(LING, "others/a.yaml")
    folder.write(": : :", "others/.#a.yaml")
    assert [one.file for one in folder.load().settings.characters] == ["a.yaml"]
    folder.write("system_config: {config_alts_dir: conf.yaml}\n")
    problem = folder.problem()
    assert (problem.code, problem.values["line"]) == ("config-no-folder", 1)
    (folder.path / "characters" / "d.yaml").mkdir(parents=True)
    folder.write("")
    assert folder.problem().code == "config-folder"


def test_mcp_servers_json_is_read_as_it_is(folder: Folder) -> None:
    """Indented with tabs, with JSON's escapes, and with keys from the environment."""
    folder.write("")
    folder.write(SERVERS, "mcp_servers.json")
    servers = folder.load({"SEARCH_KEY": "k"}).settings.mcp_servers
    assert list(servers) == ["time", "search"]
    assert (servers["time"].command, servers["time"].args[0]) == ("uvx", "clock")
    assert (servers["search"].args, servers["search"].env) == (("lookup", "😀"), {"KEY": "k"})


@pytest.mark.parametrize(
    ("source", "code", "line"),
    [
        ('{\n\t"mcp_servers": {\n}', "config-json-syntax", 3),
        ("mcp_servers: {}", "config-json-syntax", 1),
        ("[1]", "config-no-keys", 1),
        ("[" * 50_000, "config-too-much", 1),
        ('{"mcp_servers": {\n"a": {"command": "x",\n "args": 3}}}', "config-list", 3),
        ('{"mcp_servers": {\n"a": {"args": []}}}', "config-no-command", 2),
        ('{"mcp_servers": {"a": {"command": "x"},\n"a": {"command": "y"}}}', "config-duplicate", 2),
        ('{"mcp_servers": {\n"a": "x"}}', "config-not-a-table", 2),
        ('{\n"mcp_servers": ["x"]}', "config-not-a-table", 2),
    ],
)
def test_mcp_servers_json_that_does_not_fit_is_told(folder: Folder, source: str, code: str, line: int) -> None:
    """With its line."""
    folder.write("")
    folder.write(source, "mcp_servers.json")
    problem = folder.problem()
    assert (problem.code, problem.values["line"]) == (code, line)
    assert f"mcp_servers.json:{line}" in told(problem)


def test_unsupported_keys_of_mcp_servers_json_are_named(folder: Folder) -> None:
    """They do not keep the server from starting."""
    folder.write("")
    folder.write('{"mcp_servers": {"a": {"command": "x",\n"cwd": "/"}}, "mcpServers": {}}', "mcp_servers.json")
    (remark,) = folder.load().warnings
    assert "mcp_servers.a.cwd (mcp_servers.json:2), mcpServers (mcp_servers.json:2) → mcp_servers?" in remark.told("en")


def test_servers_of_conf_yaml_stand_alone(folder: Folder) -> None:
    """mcp_servers.json is read when conf.yaml names none, and our own is there when neither says anything."""
    folder.write("mcp_servers: {a: {command: x}}\n")
    folder.write(SERVERS, "mcp_servers.json")
    assert list(folder.load().settings.mcp_servers) == ["a"]
    folder.write("mcp_servers: {}\n")
    assert list(folder.load().settings.mcp_servers) == []
    folder.write("")
    folder.write('{"mcp_servers": {}}', "mcp_servers.json")
    assert list(folder.load().settings.mcp_servers) == []
    (folder.path / "mcp_servers.json").unlink()
    local = folder.load().settings.mcp_servers["local"]
    assert (local.command, local.args) == (sys.executable, ("-m", "ai_chat.mcpp.local_tools"))


def test_servers_that_are_enabled_and_not_there_are_told(folder: Folder) -> None:
    """Unless the character uses no tools."""
    folder.write(UPSTREAM)
    remarks = folder.load(KEY).warnings
    assert remarks[1].told("en") == (
        "conf.yaml enables MCP servers that nothing configures: time, search; add them to mcp_servers.json."
    )
    folder.write(UPSTREAM.replace("use_mcpp: True", "use_mcpp: False"))
    assert len(folder.load(KEY).warnings) == 1
