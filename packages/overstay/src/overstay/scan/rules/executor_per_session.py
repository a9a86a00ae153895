"""Each client gets a pool of threads or processes that nothing shuts down."""

import ast
from collections.abc import Iterator

from overstay.scan.python.endings import closers
from overstay.scan.python.holders import fate_of, is_put_into_table
from overstay.scan.python.unit import Unit
from overstay.scan.rule import Match, Rule

_POOLS = frozenset(
    (
        *("concurrent.futures.ThreadPoolExecutor", "concurrent.futures.ProcessPoolExecutor"),
        *("concurrent.futures.thread.ThreadPoolExecutor", "concurrent.futures.process.ProcessPoolExecutor"),
        *("multiprocessing.Pool", "multiprocessing.pool.ThreadPool", "multiprocessing.pool.Pool"),
    )
)
_ENDING = frozenset(("shutdown", "terminate", "close", "join", "__exit__"))


def check(unit: Unit) -> Iterator[Match]:
    """Yield the pools that code makes for each client, and that nothing shuts down."""
    module, project = unit.module, unit.project
    for call in module.calls(*{name.rpartition(".")[2] for name in _POOLS}):
        if module.resolve(call.func) not in _POOLS or not project.sessions.runs_per_client(call, module):
            continue
        fate = fate_of(call, module, project, _ENDING)
        if not fate.how or project.sessions.is_single(module, call) or (fate.owner and closers(fate.owner)):
            continue  # what a closer forgets has a rule of its own
        if is_put_into_table(call, module):
            continue  # made once for each key, as a cache does
        yield module.match(call, (f"scan.{fate.how}", {"name": fate.name}), call=ast.unparse(call.func))


RULE = Rule("executor-per-session", "python", "thread", "severe", check)
