"""A trading screen: a session subscribes its method to the prices on the bus."""

import collections

from fastapi import FastAPI, WebSocket

app = FastAPI()


class Bus:
    def __init__(self):
        self.handlers = collections.defaultdict(list)

    def subscribe(self, topic, handler):
        self.handlers[topic].append(handler)  # site

    def unsubscribe(self, topic, handler):
        self.handlers[topic].remove(handler)

    def publish(self, topic, value):
        for handler in self.handlers[topic]:
            handler(value)


BUS = Bus()


class Screen:
    def __init__(self, client):
        self.client = client
        self.price = None

    def on_price(self, value):
        self.price = value


@app.websocket("/ws")
async def show(client: WebSocket):
    await client.accept()
    screen = Screen(client)
    BUS.subscribe("price", screen.on_price)
    await client.send_text("the market is open")
    async for text in client.iter_text():
        await client.send_text(f"{text} costs {screen.price}")
