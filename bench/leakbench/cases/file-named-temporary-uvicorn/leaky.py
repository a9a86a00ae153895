"""A speech server: an answer is spoken into a file, sent, and the file deleted."""

import tempfile
from pathlib import Path

from fastapi import FastAPI, WebSocket

app = FastAPI()


def speak(text):
    with tempfile.NamedTemporaryFile(suffix=".wav", delete=False) as speech:  # site
        speech.write(b"RIFF" + text.encode())
    return Path(speech.name)


@app.websocket("/ws")
async def voice(client: WebSocket):
    await client.accept()
    speech = speak("hello")
    sound = speech.read_bytes()
    await client.send_bytes(sound)
    async for text in client.iter_text():
        await client.send_text(text)
