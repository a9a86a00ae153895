"""Our own MCP server: the time and a calculator, on stdio or on HTTP.

python -m ai_chat.mcpp.local_tools [--http PORT]
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from ai_chat.mcpp import calculator

server = MCPServer("local-tools", version="1.0")


@server.tool()
def current_time(timezone: str = "") -> str:
    """Tell the date and time now, in a time zone such as Europe/Paris or Asia/Shanghai; else the server's."""
    try:
        zone = ZoneInfo(timezone) if timezone else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ToolError(f"There is no time zone named {timezone[:60]!r}.") from None
    return datetime.now(UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M")


@server.tool()
def calculate(expression: str) -> str:
    """Work out an arithmetic expression such as (12.5 + 3) * 4 ** 2, with + - * / // % ** and parentheses."""
    try:
        return calculator.calculate(expression)
    except calculator.CalculationError as error:
        raise ToolError(str(error)) from None


def main() -> None:
    """Serve until the input ends, or until stopped."""
    parser = argparse.ArgumentParser(prog="ai_chat.mcpp.local_tools", description="The time and a calculator, by MCP.")
    parser.add_argument("--http", type=int, metavar="PORT", help="serve http://127.0.0.1:PORT/mcp instead of stdio")
    port: int | None = parser.parse_args().http
    if port is None:
        server.run("stdio")
    else:
        server.run("streamable-http", host="127.0.0.1", port=port)


if __name__ == "__main__":
    main()
