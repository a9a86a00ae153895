"""An assistant with a memory: what was said is part of the next prompt."""

from fastapi import FastAPI, WebSocket

app = FastAPI()


class Agent:
    def __init__(self):
        self.memory = []

    def remember(self, role, text):
        self.memory.append({"role": role, "content": text})  # site

    async def run(self, text):
        self.remember("user", text)
        answer = f"re: {text}"
        self.remember("assistant", answer)
        return answer


AGENT = Agent()


@app.websocket("/ws")
async def chat(client: WebSocket):
    await client.accept()
    agent = AGENT
    async for text in client.iter_text():
        await client.send_text(await agent.run(text))
