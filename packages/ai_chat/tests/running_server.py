"""A real server on a free port, and the pages that visit it."""

import asyncio
import json
import socket
from contextlib import asynccontextmanager

import websockets

from ai_chat.config_manager.settings import Character, HistorySettings, Limits, Settings
from ai_chat.server import DrainingServer, create_app, listen, make_config

LIMITS = Limits(resume_seconds=1.0)


def settings_in(folder, **changes):
    """A server's settings with a history of its own, no tools, and one more character."""
    return Settings(
        history=HistorySettings(url=f"sqlite+aiosqlite:///{folder}/history.db"),
        limits=changes.pop("limits", LIMITS),
        characters=(Character(file="ling.yaml", conf_uid="ling", conf_name="ling", character_name="小玲"),),
        **changes,
    )


@asynccontextmanager
async def running(settings, *, send_buffer=0):
    """The server on a free port: its address and its scope. `send_buffer`: bytes that a connection's kernel takes."""
    app = create_app(settings)
    server = DrainingServer(make_config(app, settings), app)
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        if send_buffer:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(server._serve(sockets=[listener]))  # `serve` would take the signals
            while not server.started:
                await asyncio.sleep(0.01)
            try:
                yield f"ws://127.0.0.1:{port}", app.state.server
            finally:
                server.should_exit = True
                await serving


class Page:
    """A client of the native protocol."""

    def __init__(self, socket):
        self.socket = socket
        self.welcome = {}
        self.seen = []

    async def send(self, **fields):
        await self.socket.send(json.dumps(fields))

    async def until(self, kind, seconds=30):
        """The next frame of a type; those before it are kept in `seen`."""
        async with asyncio.timeout(seconds):
            while True:
                frame = await self.socket.recv()
                if isinstance(frame, str):
                    told = json.loads(frame)
                    self.seen.append(told)
                    if told["type"] == kind:
                        return told

    async def exported(self, history):
        """All messages of a history, from the parts in which they come."""
        await self.send(type="history.export", id="export", history=history)
        messages, part = [], {"more": True}
        while part["more"]:
            before, part = part, await self.until("history.export")
            assert part["part"] == before.get("part", -1) + 1
            messages += part["messages"]
        return messages


@asynccontextmanager
async def opened(url, **hello):
    """A page that has said hello."""
    async with websockets.connect(f"{url}/v1/ws", ping_interval=None) as socket:
        page = Page(socket)
        await page.send(type="hello", version=1, **{"lang": "en", **hello})
        page.welcome = await page.until("welcome")
        yield page


async def poll(claim, seconds=30):
    """Wait until a claim is true."""
    async with asyncio.timeout(seconds):
        while not claim():
            await asyncio.sleep(0.02)
