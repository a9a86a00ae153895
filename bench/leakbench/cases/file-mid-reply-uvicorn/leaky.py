"""A voice assistant: the answer is spoken into a file and sent piece by piece."""

import asyncio
import tempfile
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect


def speak(text):
    with tempfile.NamedTemporaryFile("w", suffix=".wav", delete=False) as speech:  # site
        speech.write(text)
    return Path(speech.name)


async def send_speech(client, speech):
    try:
        for piece in speech.read_text().split():
            await client.send_text(piece)
            await asyncio.sleep(0.05)
    except UnicodeError:
        await client.send_text("unreadable")
    else:
        speech.unlink()


async def assist(client: WebSocket):
    await client.accept()
    await client.send_text("ask me")
    try:
        while await client.receive_text():
            await send_speech(client, speak("one two three four five six seven eight nine ten done"))
    except WebSocketDisconnect:
        pass


app = Starlette(routes=[WebSocketRoute("/ws", assist)])
