"""Keys, tokens and passwords are in no text."""

import traceback

import pytest

from ai_chat.catalogue import LANGUAGES

from .conftest import Folder
from .layouts import KEY, SERVERS, UPSTREAM
from .telling import told

SECRET = "sk-hunter2"


def test_settings_show_no_secret(folder: Folder) -> None:
    """Neither their text nor that of what was read."""
    folder.write(
        UPSTREAM + f"history: {{url: 'postgresql+asyncpg://me:{SECRET}@host/chat'}}\n"
        f"mcp_servers:\n  a: {{command: x, args: [--key, {SECRET}], env: {{KEY: {SECRET}}}}}\n"
        f"  b: {{url: 'https://host/mcp?key={SECRET}'}}\n"
    )
    loaded = folder.load({**KEY, "AI_CHAT_SYSTEM__TOKEN": SECRET})
    assert loaded.settings.system.token is not None
    assert loaded.settings.system.token.get_secret_value() == SECRET
    for shown in (repr(loaded), str(loaded.settings), *(one.told("en") for one in loaded.warnings)):
        assert SECRET not in shown


@pytest.mark.parametrize(
    "source",
    [
        f"system_config:\n  token: [{SECRET}]\n",
        f"character_config:\n  llm: {{api_key: [{SECRET}]}}\n",
        f"character_config:\n  llm: {{api_key: {SECRET}, api_kye: {SECRET}}}\n",
        f"character_config:\n  llm:\n    api_key: !{SECRET}\n",
        f"character_config:\n  llm:\n    api_key: *{SECRET}\n",
        f"character_config:\n  llm:\n    api_key: '{SECRET}\n",
        f"character_config:\n  llm:\n    api_key: {SECRET}: x\n",
        f"character_config:\n  llm: {{api_key: {SECRET}}}\n  conf_uid: 3\n",
        f"history: {{url: [{SECRET}]}}\n",
        f"mcp_servers: {{a: {{command: x, env: [{SECRET}]}}}}\n",
        f"mcp_servers: {{a: {{command: x, args: {SECRET}}}}}\n",
        "system_config:\n  port: ${KEY}\n",
        "limits: ${KEY}\n",
        "character_config:\n  agent_config: ${KEY}\n",
    ],
)
def test_problem_quotes_no_secret(folder: Folder, source: str) -> None:
    """Nor does its traceback, though the value is what is wrong."""
    folder.write(source)
    problem = folder.problem({"KEY": SECRET})
    for lang in LANGUAGES:
        assert SECRET not in told(problem, lang)
    assert SECRET not in "".join(traceback.format_exception(problem))


@pytest.mark.parametrize("name", ["AI_CHAT_CHARACTER__LLM__API_KEY", "AI_CHAT_SYSTEM__TOKEN", "AI_CHAT_HISTORY__URL"])
def test_variable_with_a_secret_is_not_quoted(folder: Folder, name: str) -> None:
    """Its name is enough to find it."""
    folder.write("")
    for value in (f'["{SECRET}"]', f'["{SECRET}'):
        problem = folder.problem({name: value})
        assert name in told(problem)
        assert SECRET not in told(problem)


@pytest.mark.parametrize(
    "source",
    [SERVERS.replace("${SEARCH_KEY}", SECRET)[:-8], f'{{"mcp_servers": {{"a": {{"env": ["{SECRET}"]}}}}}}'],
)
def test_json_with_a_secret_is_not_quoted(folder: Folder, source: str) -> None:
    """Where it breaks off, and where it does not fit."""
    folder.write("")
    folder.write(source, "mcp_servers.json")
    assert SECRET not in told(folder.problem())
