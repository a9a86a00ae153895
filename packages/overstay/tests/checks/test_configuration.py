"""Proxy mode, the other switches, and files that cannot be read."""

from collections.abc import Callable
from typing import Any

import pytest

from overstay.checks.check import Project
from overstay.checks.configuration import ConfigurationCheck

Make = Callable[..., Project]
Ask = Callable[..., Any]

LEAKY = """\
    import asyncio

    class ProxyMessageQueue:
        async def run(self, message, sender_id):
            asyncio.create_task(self._forward_message(message, sender_id))
"""
CLEAN = """\
    import asyncio

    class ProxyMessageQueue:
        async def run(self, message, sender_id):
            task = asyncio.create_task(self._forward_message(message, sender_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
"""
QUEUE = "src/ai_chat/proxy_message_queue.py"


@pytest.mark.parametrize("value", ["false", "off", "no", "False"])
def test_proxy_mode_that_is_off_does_not_affect_the_user(make: Make, said: Ask, value: str) -> None:
    """Whatever the code does: it does not run, and the line that says so is named."""
    project = make({QUEUE: LEAKY, "conf.yaml": f"system_config:\n  host: localhost\n  enable_proxy: {value}\n"})
    result = said(ConfigurationCheck(), project).about("suspect-1")
    assert result.status == "does-not-apply"
    assert result.title == "you do not use proxy mode: this does not affect you"
    assert result.details == ("enable_proxy is off (conf.yaml:3)",)


def test_proxy_mode_that_is_on_names_the_line_that_drops_its_tasks(make: Make, said: Ask) -> None:
    """The suspect is severe, with the place and the fix."""
    project = make({QUEUE: LEAKY, "conf.yaml": "system_config:\n  enable_proxy: true\n"})
    result = said(ConfigurationCheck(), project).about("suspect-1")
    assert (result.status, str(result.site)) == ("severe", f"{QUEUE}:5")
    assert result.fix is not None
    assert "add_done_callback" in result.fix.summary


def test_proxy_mode_whose_tasks_are_kept_is_fine(make: Make, said: Ask) -> None:
    """The clean twin keeps its task in a set."""
    project = make({QUEUE: CLEAN, "conf.yaml": "enable_proxy: true\n"})
    assert said(ConfigurationCheck(), project).about("suspect-1").status == "fine"


@pytest.mark.parametrize(
    "name_and_text",
    [
        ("conf.yaml", "enable_proxy: true"),
        ("characters/miku.yaml", "system_config: {enable_proxy: yes}"),
        ("settings.toml", "[system]\nenable_proxy = true"),
        ("config.json", '{"system": {"enable_proxy": true}}'),
        (".env", "export ENABLE_PROXY=true"),
        (".env.local", "ENABLE_PROXY='True'"),
        ("conf.yaml", "proxy_mode: on"),
        ("conf.yaml", "enable_proxy: 'true'"),
        (".env", "ENABLE_PROXY=1"),
        ("conf.yaml", "proxy:\n  enabled: true"),
    ],
)
def test_proxy_mode_is_found_in_every_format_and_spelling(
    make: Make, said: Ask, name_and_text: tuple[str, str]
) -> None:
    """YAML, TOML, JSON and .env, in the root and in the characters' folder."""
    name, text = name_and_text
    assert said(ConfigurationCheck(), make({QUEUE: LEAKY, name: text})).about("suspect-1").status == "severe"


def test_one_character_that_switches_it_on_is_enough(make: Make, said: Ask) -> None:
    """Any of the files may be the one in use."""
    project = make({QUEUE: LEAKY, "conf.yaml": "enable_proxy: false", "characters/a.yaml": "enable_proxy: true"})
    result = said(ConfigurationCheck(), project).about("suspect-1")
    assert result.status == "severe"
    assert result.details == ("enable_proxy is on (characters/a.yaml:1)",)


def test_the_default_in_the_code_holds_where_no_file_says_anything(make: Make, said: Ask) -> None:
    """As the checklist has it: look into config_manager when conf.yaml is silent."""
    config = "from pydantic import Field\nclass SystemConfig:\n    enable_proxy: bool = Field(False, alias='x')\n"
    project = make({QUEUE: LEAKY, "src/ai_chat/config_manager/system.py": config, "conf.yaml": "host: x"})
    result = said(ConfigurationCheck(), project).about("suspect-1")
    assert result.status == "does-not-apply"
    assert result.details == ("enable_proxy is off (src/ai_chat/config_manager/system.py:3)",)


def test_a_switch_without_any_value_is_said_to_be_unknown(make: Make, said: Ask) -> None:
    """Not known is no fine."""
    project = make({QUEUE: LEAKY, "server.py": "def start(config):\n    if config.enable_proxy:\n        run()\n"})
    result = said(ConfigurationCheck(), project).about("suspect-1")
    assert result.status == "warning"
    assert result.details == ("enable_proxy is read at server.py:2, and no configuration file says what it is",)


def test_an_address_of_a_proxy_is_no_proxy_mode(make: Make, said: Ask) -> None:
    """`http_proxy` and the like say how to reach the internet."""
    project = make({"conf.yaml": "http_proxy: http://127.0.0.1:7890\nproxy: http://127.0.0.1:7890\nuse_proxy_url: x\n"})
    result = said(ConfigurationCheck(), project).about("suspect-1")
    assert result.status == "does-not-apply"
    assert result.title == "there is no proxy mode in this project: this does not affect you"


def test_other_switches_are_listed_with_their_lines(make: Make, said: Ask) -> None:
    """What is on and off decides about other findings, so it is shown."""
    results = said(ConfigurationCheck(), make({"conf.yaml": "mcp:\n  use_mcpp: true\nlive:\n  enabled: false\n"}))
    [told] = [each for each in results if each.about == "switches"]
    assert told.status == "fine"
    assert told.details == ("use_mcpp is on (conf.yaml:2)", "enabled is off (conf.yaml:4)")


def test_no_secret_of_the_configuration_is_in_any_result(make: Make, said: Ask) -> None:
    """Keys are read with the rest, and never shown."""
    project = make({"conf.yaml": "llm:\n  api_key: sk-geheim\n  enable_proxy: sk-geheim\n", ".env": "KEY=sk-geheim\n"})
    assert "sk-geheim" not in repr(said(ConfigurationCheck(), project))
