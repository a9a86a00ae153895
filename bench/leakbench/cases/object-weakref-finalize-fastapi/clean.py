"""A renderer: when the engine goes, every client is told."""

import weakref

from fastapi import FastAPI, WebSocket

app = FastAPI()
TOLD = []


class Engine:
    def render(self, text):
        return f"<p>{text}</p>"


ENGINE = Engine()


def engine_gone(client):
    TOLD.append(client.url.path)


@app.websocket("/ws")
async def render(client: WebSocket):
    await client.accept()
    finalizer = weakref.finalize(ENGINE, engine_gone, client)  # site
    try:
        await client.send_text(ENGINE.render("ready"))
        async for text in client.iter_text():
            await client.send_text(ENGINE.render(text))
    finally:
        finalizer.detach()
