"""Arithmetic that is read, never run: numbers and + - * / // % ** with bounds on length, depth and size."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable

LONGEST = 300
DEEPEST = 40
MOST_BITS = 4_000

Number = int | float

_BINARY: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


class CalculationError(ValueError):
    """The expression has no value that we give; the text is one sentence."""


def calculate(expression: str) -> str:
    """The value of an expression, a fraction to 12 digits. Raises `CalculationError`."""
    if len(expression) > LONGEST:
        raise CalculationError(f"The expression is longer than {LONGEST} characters.")
    try:
        value = _value(ast.parse(expression.strip(), mode="eval").body, 0)
    except ZeroDivisionError:
        raise CalculationError("The expression divides by zero.") from None
    except OverflowError:
        raise CalculationError("The result is too large.") from None
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        if isinstance(error, CalculationError):
            raise
        raise CalculationError(f"{expression!r} is no arithmetic expression.") from None
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _value(node: ast.expr, depth: int) -> Number:
    if depth > DEEPEST:
        raise CalculationError("The expression is nested too deeply.")
    match node:
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() | float() as number):
            return _small(number)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, depth + 1)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand, depth + 1)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _small(_power(_value(left, depth + 1), _value(right, depth + 1)))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _small(_BINARY[type(op)](_value(left, depth + 1), _value(right, depth + 1)))
    raise CalculationError("Only numbers, parentheses and + - * / // % ** can be calculated.")


def _power(base: Number, exponent: Number) -> Number:
    """Refuse by the size of the result, before it is made."""
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * abs(exponent) > MOST_BITS:
        raise CalculationError("The result is too large.")
    result: Number | complex = base**exponent
    if isinstance(result, complex):
        raise CalculationError("The result is no real number.")
    return result


def _small(number: Number) -> Number:
    if isinstance(number, float) and not math.isfinite(number):
        raise CalculationError("The result is too large.")
    if isinstance(number, int) and number.bit_length() > MOST_BITS:
        raise CalculationError("The result is too large.")
    return number
