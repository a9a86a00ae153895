"""A voice server: a decoder thread per client takes frames from a queue."""

import queue
import threading

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()


class Decoder:
    def __init__(self):
        self.frames = queue.SimpleQueue()
        self.thread = threading.Thread(target=self.decode, daemon=True)
        self.thread.start()  # site

    def decode(self):
        while self.frames.get() is not None:
            pass

    def close(self):
        self.frames.put(None)


@app.websocket("/ws")
async def voice(client: WebSocket):
    await client.accept()
    decoder = Decoder()
    try:
        await client.send_text("listening")
        while True:
            decoder.frames.put(await client.receive_text())
    except WebSocketDisconnect:
        pass
