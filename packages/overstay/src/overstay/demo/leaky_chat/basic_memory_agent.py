"""The agent: remembers the conversation and asks the language model."""

import asyncio
import json

memories: dict[str, "BasicMemoryAgent"] = {}
"""Every client's agent, so that a client that comes back is remembered."""


class BasicMemoryAgent:
    """Talks with one client."""

    def __init__(self, client_uid: str, model_port: int) -> None:
        self.memory: list[dict[str, str]] = []
        self._model_port = model_port
        memories[client_uid] = self  # planted: agent-memory

    async def connect(self) -> None:
        """Connect to the language model."""
        connection = await asyncio.open_connection("127.0.0.1", self._model_port)  # planted: model-socket
        self._reader, self._writer = connection

    async def chat(self, question: str, time: str) -> str:
        """Return the model's answer."""
        self.memory.append({"role": "user", "content": question})
        self._writer.write(json.dumps({"time": time, "messages": self.memory}).encode() + b"\n")
        await self._writer.drain()
        answer = str(json.loads(await self._reader.readline())["answer"])
        self.memory.append({"role": "assistant", "content": answer})
        return answer

    async def close(self) -> None:
        """End the conversation."""
        self._writer.write(b'{"goodbye": true}\n')
        await self._writer.drain()
