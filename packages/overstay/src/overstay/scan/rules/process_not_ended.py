"""A subprocess is started, and nothing waits for it or ends it."""

import ast
import re
from collections.abc import Iterator

from overstay.scan.python.holders import fate_of
from overstay.scan.python.module import Module
from overstay.scan.python.paths import last_name
from overstay.scan.python.unit import Unit
from overstay.scan.rule import Match, Rule

_STARTERS = frozenset(
    (
        *("asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell", "subprocess.Popen", "psutil.Popen"),
        *("asyncio.subprocess.create_subprocess_exec", "asyncio.subprocess.create_subprocess_shell"),
        *("anyio.open_process", "multiprocessing.Process", "multiprocessing.get_context().Process"),
    )
)
_ENDERS = frozenset(
    (
        *("terminate", "kill", "wait", "communicate", "send_signal", "join", "aclose", "close", "stop"),
        *("wait_closed", "__aexit__", "poll"),
    )
)


def check(unit: Unit) -> Iterator[Match]:
    """Yield the starts of processes that are dropped, or kept in a name by which nothing ends them."""
    module = unit.module
    for call in module.calls(*{name.rpartition(".")[2] for name in _STARTERS}):
        if module.resolve(call.func) not in _STARTERS or module.function(call) is None:
            continue  # what the program starts as it starts is no client's
        fate = fate_of(call, module, unit.project, _ENDERS)
        if fate.how and not _is_ended_from_table(call, fate.name, unit) and not _is_signalled(fate.name, module):
            told = (f"scan.{fate.how}", {"name": fate.name})
            is_hint = not unit.project.sessions.runs_per_client(call, module)
            yield module.match(call, told, is_hint=is_hint, call=ast.unparse(call.func))


def _is_ended_from_table(call: ast.Call, name: str, unit: Unit) -> bool:
    """Tell whether a process that is put into a table is ended by the name that it is taken out with."""
    function = unit.module.function(call)
    for each in unit.module.own(function) if function and name else ():
        if (
            isinstance(each, ast.Assign)
            and isinstance(each.targets[0], ast.Subscript)
            and last_name(each.value) == name
        ):
            table = last_name(each.targets[0].value)
            if _ends_out_of(table, unit):
                return True
    return False


def _is_signalled(name: str, module: Module) -> bool:
    """Tell whether a process, or its group, is signalled by its number, or its number is kept by somebody."""
    by_number = re.compile(rf"kill\w*\(.*\b{name}\.pid\b|=\s*(self\.)?{name}\.pid\b")
    return bool(name) and any(by_number.search(line) for line in module.lines)


def _ends_out_of(table: str, unit: Unit) -> bool:
    """Tell whether something that a table gives is ended somewhere in the module."""
    for ending in unit.module.calls("terminate", "kill", "send_signal", "wait", "aclose", "communicate"):
        if not isinstance(ending.func, ast.Attribute):
            continue
        thing = ending.func.value
        function = unit.project.function_around(unit.module, ending)
        values = function.bindings.get(thing.id, []) if function and isinstance(thing, ast.Name) else []
        if any(re.search(rf"\b{table}\b", ast.unparse(each)) for each in (thing, *values)):
            return True
    return False


RULE = Rule("process-not-ended", "python", "process", "severe", check, suspect=3)
