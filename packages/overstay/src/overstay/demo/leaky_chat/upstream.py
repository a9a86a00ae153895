"""A stand-in for the language model: answers JSON lines on a port of this machine."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import cast

ANSWER = "It is {time}. " + " ".join(
    [
        "You have asked me {count:d} times today, and I am glad that you did, because it is a good question.",
        "People have asked it for as long as there have been clocks, and longer, with the sun and a stick.",
        "If you tell me what you have to be in time for, I can remind you a quarter of an hour before.",
    ]
)


@contextlib.asynccontextmanager
async def running_model() -> AsyncIterator[int]:
    """Run the model for the length of the block; gives its port."""
    server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        # Its clients may stay connected for ever, so nobody waits for them here.
        server.close()


class _Connection(asyncio.Protocol):
    """One client of the model."""

    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by name

    def data_received(self, data: bytes) -> None:
        *lines, self._received = (self._received + data).split(b"\n")
        for line in lines:
            request = json.loads(line)
            if "messages" in request:
                self._answer(request)

    def _answer(self, request: dict[str, object]) -> None:
        messages = request["messages"]
        assert isinstance(messages, list)
        answer = ANSWER.format(time=request["time"], count=(len(messages) + 1) // 2)
        self._transport.write(json.dumps({"answer": answer}).encode() + b"\n")
