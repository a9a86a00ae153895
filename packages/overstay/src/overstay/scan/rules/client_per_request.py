"""Each request or session makes a client with a pool of connections of its own, and does not close it."""

import ast
from collections.abc import Iterator

from overstay.scan.python.endings import closers
from overstay.scan.python.holders import fate_of, is_put_into_table
from overstay.scan.python.unit import Unit
from overstay.scan.rule import Match, Rule

_CLIENTS = frozenset(
    (
        *("aiohttp.ClientSession", "httpx.AsyncClient", "httpx.Client", "requests.Session", "requests.session"),
        *("openai.AsyncOpenAI", "openai.OpenAI", "openai.AsyncAzureOpenAI", "openai.AzureOpenAI"),
        *("anthropic.AsyncAnthropic", "anthropic.Anthropic", "ollama.AsyncClient", "ollama.Client"),
        *(
            "redis.Redis",
            "redis.asyncio.Redis",
            "redis.from_url",
            "redis.asyncio.from_url",
            "redis.asyncio.Redis.from_url",
        ),
        *(
            "motor.motor_asyncio.AsyncIOMotorClient",
            "pymongo.MongoClient",
            "asyncpg.create_pool",
            "aiomysql.create_pool",
        ),
        *("sqlalchemy.create_engine", "sqlalchemy.ext.asyncio.create_async_engine", "groq.AsyncGroq"),
    )
)
_SHARING = ("transport", "connector", "connection_pool", "http_client")
"""Arguments that give a client the pool of another one."""
_ENDING = frozenset(("close", "aclose", "dispose", "disconnect", "terminate", "__aexit__", "__exit__", "wait_closed"))


def check(unit: Unit) -> Iterator[Match]:
    """Yield the clients that code makes for each request or session, and that nothing closes."""
    module, project = unit.module, unit.project
    for call in module.calls(*{name.rpartition(".")[2] for name in _CLIENTS}):
        if module.resolve(call.func) not in _CLIENTS or not project.sessions.runs_per_client(call, module):
            continue
        fate = fate_of(call, module, project, _ENDING)
        if not fate.how or project.sessions.is_single(module, call) or (fate.owner and closers(fate.owner)):
            continue  # what a closer forgets has a rule of its own
        if is_put_into_table(call, module) or any(each.arg in _SHARING for each in call.keywords):
            continue  # made once for each key, as a cache does
        yield module.match(call, (f"scan.{fate.how}", {"name": fate.name}), call=ast.unparse(call.func))


RULE = Rule("client-per-request", "python", "socket", "severe", check, is_hint=True)
