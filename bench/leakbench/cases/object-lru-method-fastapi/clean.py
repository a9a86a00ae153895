"""A price list: a session has a discount, and a price is worked out once."""

import functools

from fastapi import FastAPI, WebSocket

app = FastAPI()
ROUND = functools.partial(round, ndigits=2)


class Session:
    def __init__(self, client):
        self.client = client
        self.discount = 0.1

    def price(self, article):
        return ROUND(len(article) * (1 - self.discount))


@app.websocket("/ws")
async def shop(client: WebSocket):
    await client.accept()
    session = Session(client)
    await client.send_text(f"bread costs {session.price('bread')}")
    async for article in client.iter_text():
        await client.send_text(f"{article} costs {session.price(article)}")
