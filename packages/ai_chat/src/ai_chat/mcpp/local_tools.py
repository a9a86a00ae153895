"""A small MCP server of our own on standard input and output: the time, and arithmetic.

python -m ai_chat.mcpp.local_tools
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mcp.server.mcpserver import MCPServer

LONGEST = 200  # characters of an expression
LARGEST = 10**15
SIGNS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}

server = MCPServer("ai_chat local tools")


@server.tool()
def current_time(timezone: str = "") -> str:
    """The date and time now, of a time zone such as Asia/Shanghai, else of the server."""
    try:
        zone = ZoneInfo(timezone) if timezone else None
    except (ZoneInfoNotFoundError, ValueError):
        return f"There is no time zone {timezone[:40]!r}; name one such as Asia/Shanghai."
    return datetime.now(zone).astimezone(zone).strftime("%Y-%m-%d %H:%M")


@server.tool()
def calculate(expression: str) -> str:
    """The value of an arithmetic expression: numbers, + - * / // %, and brackets."""
    try:
        value = evaluate(expression)
    except (ValueError, SyntaxError, ZeroDivisionError, RecursionError) as err:
        return f"That cannot be calculated: {err}"
    return f"{value:g}" if isinstance(value, float) and not value.is_integer() else str(int(value))


def evaluate(expression: str) -> float:
    """The value of an expression. Raises ValueError, SyntaxError or ZeroDivisionError; runs no code."""
    if len(expression) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST} characters")
    return _value(ast.parse(expression.strip(), mode="eval").body)


def _value(node: ast.expr) -> float:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            result: float = value
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            result = -_value(operand)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in SIGNS:
            result = SIGNS[type(sign)](_value(left), _value(right))
        case _:
            raise ValueError("only numbers, + - * / // % and brackets are known")
    if abs(result) > LARGEST:
        raise ValueError("the numbers are too large")
    return result


if __name__ == "__main__":
    server.run("stdio")
