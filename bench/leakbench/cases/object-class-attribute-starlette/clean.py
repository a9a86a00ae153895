"""A meeting: each caller opens a room of its own."""

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket


class Room:
    members = []
    title = "a room"

    def __init__(self, title):
        self.title = title
        self.members = []

    def enter(self, client):
        self.members.append(client)  # site
        return f"you are in {self.title}"


async def meet(client: WebSocket):
    await client.accept()
    room = Room("room one")
    await client.send_text(room.enter(client))
    async for text in client.iter_text():
        for member in room.members:
            await member.send_text(text)


app = Starlette(routes=[WebSocketRoute("/ws", meet)])
