"""One connection: reads a client's commands and writes what it is told."""

from __future__ import annotations

import asyncio
from typing import Protocol

from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect

from ai_chat.admission import FrameRate
from ai_chat.config_manager.settings import Limits
from ai_chat.outbox import Outbox, OutboxFull
from ai_chat.problems import ChatProblem
from ai_chat.protocol.codec import Codec
from ai_chat.protocol.commands import Command, Leave
from ai_chat.protocol.events import Bye, Event

LEFT, GOING_AWAY, REFUSED, TRY_LATER = 1000, 1001, 1008, 1013
FROZEN, TAKEN_OVER, TOO_SLOW = 4408, 4409, 4413
GONE = 0  # the client has closed, or is not there any more


class Client(Protocol):
    """Whom a connection serves: a session, or a member of a room."""

    @property
    def id(self) -> str:
        """Its name in logs."""
        ...

    @property
    def rate(self) -> FrameRate:
        """How much it may say, in this connection and the next."""
        ...

    @property
    def outbox(self) -> Outbox:
        """What it is told."""
        ...

    async def do(self, command: Command) -> None:
        """Do what it asks for."""
        ...

    def tell_problem(self, problem: ChatProblem, id: str = "") -> None:
        """Tell it a problem."""
        ...


class Connection:
    """A connection. `serve` ends when the client or the server ends it, and closes the socket.

    The ASGI server's task reads, one more writes. Each send has a timeout: who reads too slowly is dropped; so is who
    says nothing for `silence` seconds (None: only the WebSocket's own pings watch the peer). `shared` is the rate of
    the client's address.
    """

    def __init__(
        self, socket: WebSocket, codec: Codec, limits: Limits, *, shared: FrameRate, silence: float | None = None
    ) -> None:
        self._socket = socket
        self._codec = codec
        self._limits = limits
        self._silence = silence
        self._shared = shared
        self._is_told = False  # that it is too fast
        self._patience: asyncio.Timeout | None = None  # while the next message is awaited
        self._code: int | None = None
        self._closed = asyncio.Event()

    async def serve(self, client: Client, greeting: Event | None = None) -> bool:
        """Serve until the end, the greeting first; whether the client said that it goes for good."""
        left = False
        try:
            async with asyncio.TaskGroup() as group:
                writer = group.create_task(self._write(client, greeting), name=f"writer of {client.id}")
                left = await self._read(client)
                writer.cancel()
            await self._say_code()
        finally:
            self._closed.set()
        return left

    def close(self, code: int) -> None:
        """Let `serve` end, once a command that is being done is done. The first code counts."""
        if self._code is None:
            self._code = code
            if self._patience is not None and not self._patience.expired():
                self._patience.reschedule(asyncio.get_running_loop().time())

    async def wait_closed(self) -> None:
        """Wait until `serve` has ended."""
        await self._closed.wait()

    async def _read(self, client: Client) -> bool:
        while (message := await self._receive()) is not None:
            if message["type"] == "websocket.disconnect":
                self._code = GONE
                return False
            if not (client.rate.allows() and self._shared.allows()):
                if client.rate.is_flood:
                    self._code = REFUSED
                    return False
                if not self._is_told:
                    client.tell_problem(ChatProblem("too-fast"))
                self._is_told = True
                continue
            self._is_told = False
            frame = message.get("text")
            if await self._do(client, message["bytes"] if frame is None else frame):
                self._code = LEFT
                return True
        return False

    async def _receive(self) -> Message | None:
        """The next message; None when the client says nothing for too long, or `close` was called.

        Only this wait is cut short, never a command: half an interruption would leave a turn without its end.
        """
        if self._code is not None:
            return None
        try:
            async with asyncio.timeout(self._silence) as self._patience:
                return await self._socket.receive()
        except TimeoutError:
            self.close(FROZEN)
            return None
        finally:
            self._patience = None

    async def _do(self, client: Client, frame: str | bytes) -> bool:
        try:
            command = self._codec.decode(frame)
        except ChatProblem as problem:
            client.tell_problem(problem)
            return False
        await client.do(command)
        return isinstance(command, Leave)

    async def _write(self, client: Client, greeting: Event | None) -> None:
        try:
            if greeting is not None:
                await self._tell(greeting, 0)
            while True:
                frame = await client.outbox.take()
                await self._tell(frame.event, frame.seq)
                if isinstance(frame.event, Bye):
                    self.close(GOING_AWAY)
                    return
        except (OutboxFull, TimeoutError):
            self.close(TOO_SLOW)
        except WebSocketDisconnect:
            self.close(GONE)

    async def _tell(self, event: Event, seq: int) -> None:
        for part in self._codec.encode(event, seq):
            await self._send(part)

    async def _send(self, part: str | bytes) -> None:
        try:
            async with asyncio.timeout(self._limits.send_seconds):
                if isinstance(part, str):
                    await self._socket.send_text(part)
                else:
                    await self._socket.send_bytes(part)
        except RuntimeError as err:
            # uvicorn's word for what is sent when the client has said its close and `receive` has not told it yet.
            raise WebSocketDisconnect(GONE) from err

    async def _say_code(self) -> None:
        """Say why the connection ends, to who is there and reads."""
        if self._code in {GONE, TOO_SLOW} or self._code is None:
            return
        try:
            async with asyncio.timeout(1.0):
                await self._socket.close(self._code)
        except (TimeoutError, WebSocketDisconnect, RuntimeError):
            return  # it left meanwhile: there is nobody to tell
