"""One WebSocket connection from its handshake to its end."""

import asyncio
import uuid

from starlette.websockets import WebSocket, WebSocketDisconnect

from proxy_message_queue import ProxyMessageQueue
from service_context import ServiceContext, SessionContext
from tts_manager import Speech

PATIENCE = 5.0
"""Seconds that a client may be silent."""
QUESTIONS = 8
"""Messages that a client may send in one visit."""
PAUSE = 0.006
"""Seconds between the pieces of a reply."""


class WebSocketHandler:
    """Serves every client of the server."""

    def __init__(self, default_context_cache: ServiceContext) -> None:
        self.default_context_cache = default_context_cache
        self.client_contexts: dict[str, SessionContext] = {}
        self.messages = ProxyMessageQueue()

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one client until it leaves or says nothing for too long."""
        client_uid = uuid.uuid4().hex
        context = await self.default_context_cache.clone(client_uid)
        self.client_contexts[client_uid] = context  # planted: session-map
        try:
            await websocket.accept()
            await self._converse(websocket, context)
        except WebSocketDisconnect:
            self.client_contexts.pop(client_uid)
        except TimeoutError:
            await websocket.close(1001, "idle")
        finally:
            await context.close()

    async def _converse(self, websocket: WebSocket, context: SessionContext) -> None:
        for _ in range(QUESTIONS):
            async with asyncio.timeout(PATIENCE):
                message = await websocket.receive_json()
            if message["type"] == "mic-audio":
                context.voice.hear(message["loudness"])
            else:
                await self._answer(websocket, context, message["text"])
        await websocket.close(1008, "enough for one visit")

    async def _answer(self, websocket: WebSocket, context: SessionContext, question: str) -> None:
        """Think, speak, remember; then send the reply in pieces."""
        answered = self.messages.queue_message(question, context.client_uid)
        time = await context.tools.call("clock")
        reply = await context.agent.chat(question, time)
        speech = context.tts.speak(reply)
        context.history.store_message(context.client_uid, question, reply, speech.volumes)
        await self._send(websocket, reply, speech)
        context.tts.remove_file(speech)
        answered.set()

    async def _send(self, websocket: WebSocket, reply: str, speech: Speech) -> None:
        await websocket.send_json({"type": "text", "text": reply})
        for piece in speech.pieces():
            await asyncio.sleep(PAUSE)
            await websocket.send_bytes(piece)
        await asyncio.sleep(PAUSE)
        await websocket.send_json({"type": "done"})
