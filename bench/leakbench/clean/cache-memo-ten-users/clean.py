"""A shop: the profile of a user is made at the first visit and holds the last five articles."""

from fastapi import FastAPI, WebSocket

app = FastAPI()
PROFILES = {}


class Profile:
    def __init__(self, user):
        self.user = user
        self.articles = []

    def saw(self, article):
        self.articles.append(article)
        del self.articles[:-5]


@app.websocket("/ws/{user}")
async def shop(client: WebSocket, user: str):
    await client.accept()
    if user not in PROFILES:
        PROFILES[user] = Profile(user)
    PROFILES[user].saw("bread")
    await client.send_json(PROFILES[user].articles)
    async for article in client.iter_text():
        PROFILES[user].saw(article)
