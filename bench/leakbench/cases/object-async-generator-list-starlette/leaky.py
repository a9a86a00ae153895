"""A story teller: the story goes on a chapter at a time, from where it was suspended."""

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

STORIES = []


async def tell(client):
    for number in range(1, 1000):
        await client.send_text(f"chapter {number}")
        yield number


async def end(story):
    STORIES.remove(story)
    await story.aclose()


async def listen(client: WebSocket):
    await client.accept()
    story = tell(client)
    STORIES.append(story)  # site
    try:
        await anext(story)
        async for _ in client.iter_text():
            await anext(story)
    finally:
        del story


app = Starlette(routes=[WebSocketRoute("/ws", listen)])
