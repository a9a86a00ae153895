import aiohttp
import httpx
import openai
import requests
from openai import AsyncOpenAI
from redis import asyncio as redis
from starlette.requests import Request
from starlette.websockets import WebSocket

shared = httpx.AsyncClient()
lazy = None


async def bad_session(request: Request):
    session = aiohttp.ClientSession()  # bad
    return await session.get("http://upstream/")


async def bad_llm(websocket: WebSocket):
    client = AsyncOpenAI()  # bad
    await client.chat.completions.create(model="m", messages=[])


async def bad_chain(websocket: WebSocket):
    await openai.AsyncOpenAI().chat.completions.create(model="m", messages=[])  # bad


async def bad_redis(request: Request):
    store = redis.Redis()  # bad
    await store.incr("visits")


def bad_requests(request: Request, client_id: str):
    session = requests.Session()  # bad
    session.get("http://upstream/")


class BadAgent:
    def __init__(self, websocket: WebSocket):
        self._client = httpx.AsyncClient()  # bad

    async def ask(self):
        return await self._client.get("http://upstream/")


async def good_shared(request: Request):
    return await shared.get("http://upstream/")


async def good_with(request: Request):
    async with httpx.AsyncClient() as client:
        return await client.get("http://upstream/")


async def good_closed(request: Request):
    client = httpx.AsyncClient()
    try:
        return await client.get("http://upstream/")
    finally:
        await client.aclose()


def good_at_the_start():
    client = AsyncOpenAI()
    print(client.api_key)


async def good_lazy(request: Request):
    global lazy
    if lazy is None:
        lazy = httpx.AsyncClient()
    return await lazy.get("http://upstream/")


async def good_handed_over(websocket: WebSocket, agent):
    client = AsyncOpenAI()
    agent.use(client)


class GoodAgent:
    def __init__(self, websocket: WebSocket):
        self._client = httpx.AsyncClient()

    async def close(self):
        await self._client.aclose()
