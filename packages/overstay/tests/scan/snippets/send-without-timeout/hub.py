import asyncio


async def bad_broadcast(clients, text):
    for client in clients:
        await client.send_text(text)  # bad


class BadHub:
    def __init__(self):
        self.connections = {}
        self.sockets = set()

    async def publish(self, message):
        for connection in list(self.connections.values()):
            try:
                await connection.send_json(message)  # bad
            except RuntimeError:
                print("gone")

    async def tell_the_active(self, message):
        for each in self.active:
            await each.send_text(message)  # bad

    async def all_at_once(self, message):
        await asyncio.gather(*(websocket.send(message) for websocket in self.sockets))  # bad


async def good_timeout(clients, text):
    for client in clients:
        async with asyncio.timeout(5):
            await client.send_text(text)


async def good_wait_for(clients, text):
    for client in clients:
        await asyncio.wait_for(client.send_text(text), 5)


async def good_each_with_limit(websockets, text):
    await asyncio.gather(*(asyncio.wait_for(websocket.send(text), 5) for websocket in websockets))


async def good_each_of_the_active(active, text):
    for each in active:
        async with asyncio.timeout(5):
            await each.send_text(text)


async def good_one(websocket, text):
    await websocket.send_text(text)


async def good_pieces(websocket, pieces):
    for piece in pieces:
        await websocket.send_bytes(piece)


async def good_request(client, request):
    return await client.send(request)
