"""Our own server, and what its calculator refuses."""

import re
import sys
import time

import pytest

from ai_chat.config_manager.settings import MCPServerSettings
from ai_chat.mcpp.blotting import blot
from ai_chat.mcpp.calculator import CalculationError, calculate
from ai_chat.mcpp.mcp_client import MCPClient
from ai_chat.mcpp.stdio_transport import SHOWN, LastLines
from ai_chat.mcpp.tools_interface import ToolProblem

TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d"


@pytest.mark.slow
def test_the_local_tools_tell_the_time_and_calculate(run, until):
    """The real server on stdio: answers, and errors in one sentence."""

    async def main():
        settings = MCPServerSettings(command=sys.executable, args=("-m", "ai_chat.mcpp.local_tools"))
        async with MCPClient({"local": settings}) as client:
            await until(client.tools)
            assert [tool.name for tool in client.tools()] == ["current_time", "calculate"]
            assert all(tool.description and tool.parameters["type"] == "object" for tool in client.tools())
            assert await client.call("calculate", {"expression": "(12.5 + 3) * 4 ** 2"}) == "248"
            assert re.fullmatch(TIME, await client.call("current_time", {"timezone": "Asia/Shanghai"}))
            assert re.fullmatch(TIME, await client.call("current_time", {}))
            for name, arguments in (("calculate", {"expression": "9**9**9"}), ("current_time", {"timezone": "../x"})):
                with pytest.raises(ToolProblem) as caught:
                    await client.call(name, arguments)
                assert caught.value.code == "tool-failed"

    run(main)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2 * 3", "7"),
        ("-2 ** 2", "-4"),
        ("7 // 2 % 2", "1"),
        ("1 / 4", "0.25"),
        ("0.1 + 0.2", "0.3"),
        ("2 ** -1", "0.5"),
        (" 1e3 ", "1000"),
    ],
)
def test_arithmetic_has_its_value(expression, value):
    """Python's rules of precedence."""
    assert calculate(expression) == value


@pytest.mark.parametrize(
    "expression",
    [
        "9 ** 9 ** 9",
        "2 ** 2 ** 2 ** 2 ** 2 ** 2",
        "1e308 * 10",
        "(-1) ** 0.5",
        "1 / 0",
        "0 ** -1",
        "True",
        "'a' * 9",
        "__import__('os')",
        "(1).real",
        "1 if 1 else 2",
        "1 +",
        "",
        "-" * 200 + "1",
        "1" + "+1" * 200,
        "(" * 250 + "1" + ")" * 20,
        "9.0 ** 999",
        "1j",
        "\x00",
    ],
)
def test_what_is_no_bounded_arithmetic_is_refused_at_once(expression):
    """One sentence, and no time spent on it."""
    began = time.monotonic()
    with pytest.raises(CalculationError) as caught:
        calculate(expression)
    assert str(caught.value).endswith(".")
    assert time.monotonic() - began < 0.2


def test_secrets_of_the_settings_are_left_out_of_what_is_shown():
    """Values of the environment, and what an address hides; short values stay, they would blot out words."""
    settings = MCPServerSettings(url="http://me:passw0rd@host/mcp?key=abcdefgh", env={"A": "token-123", "B": "on"})
    shown = blot("token-123 passw0rd at http://me:passw0rd@host/mcp?key=abcdefgh is on", settings)
    assert shown == "… … at http://me:…@host/mcp?key=… is on"


@pytest.mark.parametrize("args", [("--api-key", "s3cret-key"), ("--api-key=s3cret-key",), ("-k", "s3cret-key", "-v")])
def test_what_follows_an_option_is_left_out(args):
    """A key on the command line is a secret, too; a file's name is none."""
    settings = MCPServerSettings(command="serve", args=("server.py", *args))
    assert blot("server.py refuses s3cret-key", settings) == "server.py refuses …"


@pytest.mark.parametrize("long", ["S3cr3t" * 400, "-----BEGIN\nMIIEvQIBADAN\n-----END"])
def test_long_secret_and_lines_of_one_are_left_out(long):
    """Also of a line that has no end yet."""
    lines = LastLines(MCPServerSettings(command="serve", env={"KEY": long}))
    lines.feed(b"bad key " + long.splitlines()[len(long.splitlines()) // 2].encode())
    assert lines.last() == "bad key …"


def test_secret_of_an_address_is_left_out_as_it_is_written():
    """With its escapes, and without."""
    settings = MCPServerSettings(url="http://h/mcp?key=ab%2Fcdef%2Bghi")
    assert blot("ab%2Fcdef%2Bghi ab/cdef+ghi", settings) == "… …"


def test_half_a_secret_is_not_shown():
    """A line is cut after its secrets are out."""
    lines = LastLines(MCPServerSettings(command="serve", env={"KEY": "s3cret-key"}))
    lines.feed(b"x" * (SHOWN - 5) + b"s3cret-key\n")
    assert lines.last() == "x" * (SHOWN - 5) + "…"
