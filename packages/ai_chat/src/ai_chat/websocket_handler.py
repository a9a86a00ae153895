"""Lets clients in, gives each connection its session, and decides what becomes of the session afterwards."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from ai_chat.admission import AddressRates, BusyProblem, Places
from ai_chat.catalogue import LANGUAGES, language_of, text
from ai_chat.connection import REFUSED, TAKEN_OVER, TRY_LATER, Client, Connection
from ai_chat.origins import judge_origin
from ai_chat.problems import ChatProblem
from ai_chat.protocol.codec import Codec
from ai_chat.protocol.events import Busy, Bye, Event, Group, Problem
from ai_chat.protocol.native import Hello, NativeCodec, Welcome, character_fields, read_hello
from ai_chat.protocol.open_llm_vtuber import OpenLLMVTuberCodec, StatusLine
from ai_chat.proxy.proxy_handler import ProxyHandler
from ai_chat.session import Session
from ai_chat.sessions import Sessions

HELLO_SECONDS: Final = 10.0
SILENT_BEATS: Final = 3  # heartbeats that a client may miss


class WebSocketHandler:
    """The connections of a server. It keeps them only while they are open."""

    def __init__(self, sessions: Sessions, proxy: ProxyHandler) -> None:
        self.sessions = sessions
        self.limits = sessions.limits
        self.system = sessions.engines.settings.system
        self.proxy = proxy
        self.places = Places(self.limits)
        self._rates = AddressRates(self.limits)
        self._entrance = asyncio.Lock()  # one page in each pass of the loop: those that come together hold up no other
        self._native = NativeCodec(longest_text=self.limits.text_characters)
        self._open_llm_vtuber: dict[str, OpenLLMVTuberCodec] = {
            lang: OpenLLMVTuberCodec(longest_text=self.limits.text_characters, lang=lang) for lang in LANGUAGES
        }
        self._connections: dict[Client, Connection] = {}

    # The three addresses.

    async def native(self, socket: WebSocket) -> None:
        """`/v1/ws`: sessions that can be resumed. The token is in `hello`."""
        async with self._admitted(socket, self._native) as admitted:
            if admitted and (hello := await self._read_hello(socket)):
                resumed = await self._resumed(hello)
                session = resumed or await self._begun(socket, hello)
                await self._serve_native(socket, session, hello, resumed=resumed is not None)

    async def open_llm_vtuber(self, socket: WebSocket) -> None:
        """`/client-ws`: a session that ends with its connection."""
        token, lang = socket.query_params.get("token", ""), language_of_client(socket)
        codec = self._open_llm_vtuber[lang]
        async with self._admitted(socket, codec, token) as admitted:
            if admitted:
                session = await self.sessions.begin(lang=lang, resumable=False, address=address_of(socket))
                try:
                    session.outbox.put(StatusLine("connected"))
                    session.introduce()
                    session.outbox.put(Group())
                    await self._serve(session, self._connect(socket, codec))
                finally:
                    session.end()

    async def proxy_room(self, socket: WebSocket) -> None:
        """`/proxy-ws`: a seat in the room that all clients of the proxy share. `?viewer=1` only listens."""
        if not self.system.enable_proxy:
            await socket.close(REFUSED)
            return
        token, lang = socket.query_params.get("token", ""), language_of_client(socket)
        codec = self._open_llm_vtuber[lang]
        async with self._admitted(socket, codec, token) as admitted:
            if admitted:
                is_viewer = socket.query_params.get("viewer", "") not in {"", "0", "false"}
                async with self.proxy.seat(lang=lang, is_viewer=is_viewer) as member:
                    member.outbox.put(StatusLine("connected"))
                    member.introduce()
                    await self._serve(member, self._connect(socket, codec))

    # Letting in.

    @asynccontextmanager
    async def _admitted(self, socket: WebSocket, codec: Codec, token: str | None = None) -> AsyncGenerator[bool, None]:
        """Accept a connection and count it while it is open; false when it was sent away. No token: not asked here."""
        origin = judge_origin(socket, self.system)
        if origin == "foreign":
            await socket.close(REFUSED)
            yield False
            return
        async with self._entrance:
            await socket.accept()
        if origin == "unknown name":
            await self._refuse(socket, codec, "unknown-name", origin=socket.headers["origin"][:200])
            yield False
            return
        if token is not None and not self._knows_token(token):
            await self._refuse(socket, codec, "wrong-token")
            yield False
            return
        try:
            with self.places.place(address_of(socket)):
                yield True
        except BusyProblem as busy:
            lang = language_of_client(socket)
            event = Busy(busy.code, busy.retry_after, text(busy.code, lang, **busy.values))
            await self._send_away(socket, codec, event, TRY_LATER)
        except WebSocketDisconnect:
            return  # it left before it was served

    async def _read_hello(self, socket: WebSocket) -> Hello | None:
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return None
            frame = message.get("text")
            hello = read_hello(message["bytes"] if frame is None else frame)
        except TimeoutError:
            await self._refuse(socket, self._native, "hello-expected")
            return None
        except ChatProblem as problem:
            await self._refuse(socket, self._native, problem.code, **problem.values)
            return None
        if not self._knows_token(hello.token):
            await self._refuse(socket, self._native, "wrong-token")
            return None
        return hello

    def _knows_token(self, token: str) -> bool:
        expected = self.system.token
        return expected is None or secrets.compare_digest(token.encode(), expected.get_secret_value().encode())

    async def _refuse(self, socket: WebSocket, codec: Codec, code: str, **values: object) -> None:
        lang = language_of_client(socket)
        await self._send_away(socket, codec, Problem(code, text(code, lang, **values)), REFUSED)

    async def _send_away(self, socket: WebSocket, codec: Codec, event: Event, code: int) -> None:
        try:
            async with asyncio.timeout(self.limits.send_seconds):
                for part in codec.encode(event, 0):
                    await socket.send_text(str(part))
                await socket.close(code)
        except (TimeoutError, WebSocketDisconnect):
            return  # it left meanwhile

    # Sessions.

    async def _resumed(self, hello: Hello) -> Session | None:
        """The session that the client comes back to, taken from the connection that it has; None when it is gone."""
        session = self.sessions.find(hello.resume) if hello.resume else None
        if session is None:
            return None
        while old := self._connections.get(session):
            old.close(TAKEN_OVER)
            await old.wait_closed()
        if session.is_ended:  # the old connection said that it goes for good
            return None
        session.stay()
        session.outbox.drop_unkept()
        if session.outbox.rewind(hello.last_seq):
            return session
        session.end()
        return None

    async def _begun(self, socket: WebSocket, hello: Hello) -> Session:
        character = self.sessions.engines.settings.find_character(hello.character)
        lang = language_of_client(socket, hello.lang)
        return await self.sessions.begin(lang=lang, resumable=True, character=character, address=address_of(socket))

    def _welcome(self, session: Session, *, resumed: bool) -> Welcome:
        settings, one = self.sessions.engines.settings, session.context.character
        return Welcome(
            session=session.id,
            resume=session.token,
            resumed=resumed,
            seq=session.outbox.last,
            heartbeat_s=self.limits.heartbeat_seconds,
            resume_s=self.limits.resume_seconds,
            history=session.context.history,
            character=character_fields(session.context.introduction(session.id)),
            characters=tuple(
                {"file": other.file, "name": other.character_name}
                for other in (settings.character, *settings.characters)
            ),
            llm=self.sessions.engines.llm(one).label(session.lang),
        )

    async def _serve_native(self, socket: WebSocket, session: Session, hello: Hello, *, resumed: bool) -> None:
        """Serve a session, and leave it for a resume, or end it, whatever happens."""
        left = False
        try:
            session.context.is_spoken = hello.audio
            if hello.history and not resumed:
                with suppress(ChatProblem):  # a history that is gone: the session begins a new one
                    await session.context.open_history(hello.history)
            silence = SILENT_BEATS * self.limits.heartbeat_seconds
            connection = self._connect(socket, self._native, silence)
            left = await self._serve(session, connection, self._welcome(session, resumed=resumed))
        finally:
            if left or session.outbox.is_full or not self.limits.resume_seconds:
                session.end()
            elif session not in self._connections:  # else another connection has taken it over
                session.leave_in(self.limits.resume_seconds)

    def _connect(self, socket: WebSocket, codec: Codec, silence: float | None = None) -> Connection:
        shared = self._rates.of(address_of(socket))
        return Connection(socket, codec, self.limits, shared=shared, silence=silence)

    async def _serve(self, client: Client, connection: Connection, greeting: Event | None = None) -> bool:
        self._connections[client] = connection
        if self.places.is_draining:
            client.outbox.put(Bye("draining", resume=True), numbered=False)
        try:
            return await connection.serve(client, greeting)
        finally:
            if self._connections.get(client) is connection:
                del self._connections[client]

    def say_bye(self) -> None:
        """Let nobody in any more, and ask everybody to come back soon."""
        self.places.is_draining = True
        for client in self._connections:
            client.outbox.put(Bye("draining", resume=True), numbered=False)

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._connections)


def language_of_client(socket: WebSocket, asked: str = "") -> str:
    """The language that the client asks for, else that of its browser."""
    return asked if asked in {"en", "zh"} else language_of(socket.headers.get("accept-language", ""))


def address_of(socket: WebSocket) -> str:
    """Where the client is."""
    return socket.client.host if socket.client else ""
