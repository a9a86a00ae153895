"""A chat with ten users; each has a history that survives its visits."""

from fastapi import FastAPI, WebSocket

app = FastAPI()
HISTORY = {"chats": {}}


@app.websocket("/ws/{user}")
async def chat(client: WebSocket, user: str):
    await client.accept()
    lines = HISTORY["chats"].setdefault(user, [])
    async for text in client.iter_text():
        lines.append(text)  # site
        await client.send_text(f"re: {text}")
