"""A tool hub in the manner of MCP: each client's connection is in a table, for the calls of others."""

import uuid

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect


class Connection:
    def __init__(self, client):
        self.client = client
        self.pending = {}

    async def handle(self, request):
        await self.client.send_json({"id": request.get("id"), "result": {}})


class Hub:
    def __init__(self):
        self.connections = {}

    def add(self, connection):
        name = uuid.uuid4().hex
        self.connections[name] = connection  # site
        return name

    def remove(self, name):
        self.connections.pop(name, None)


HUB = Hub()


async def tools(client: WebSocket):
    await client.accept()
    name = HUB.add(Connection(client))
    await client.send_json({"method": "initialized"})
    try:
        while True:
            await HUB.connections[name].handle(await client.receive_json())
    except WebSocketDisconnect as left:
        if left.code == 1000:
            HUB.remove(name)


app = Starlette(routes=[WebSocketRoute("/ws", tools)])
