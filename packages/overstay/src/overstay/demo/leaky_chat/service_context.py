"""Everything a session works with, and what all sessions share."""

import asyncio
import time
from pathlib import Path

from basic_memory_agent import BasicMemoryAgent
from chat_history import ChatHistory
from mcp_client import MCPClient
from tts_manager import TTSManager
from voice_activity import VoiceActivity

HEARTBEAT = 20.0


class SpeechEngine:
    """Recognises speech; one is loaded at the start and shared, because its model is large."""

    def __init__(self) -> None:
        self.last_used: dict[str, float] = {}

    def keep_warm(self, client_uid: str) -> None:
        """Note that a client still needs the model."""
        self.last_used[client_uid] = time.monotonic()  # planted: engine-state


class ServiceContext:
    """What the server loads once; `clone` gives a session its own."""

    def __init__(self, data: Path) -> None:
        self.model_port = 0
        self.asr_engine = SpeechEngine()
        self.tts = TTSManager(data / "cache")
        self.history = ChatHistory(data / "chat_history.json")

    async def clone(self, client_uid: str) -> "SessionContext":
        """Return a loaded context for one client."""
        context = SessionContext(self, client_uid)
        await context.load()
        return context


class SessionContext:
    """What one client's session works with."""

    def __init__(self, shared: ServiceContext, client_uid: str) -> None:
        self.client_uid = client_uid
        self.asr_engine = shared.asr_engine
        self.tts = shared.tts
        self.history = shared.history
        self.agent = BasicMemoryAgent(client_uid, shared.model_port)
        self.tools = MCPClient(client_uid)
        self.voice = VoiceActivity()

    async def load(self) -> None:
        """Start what the session needs."""
        await self.tools.connect()
        await self.agent.connect()
        self.voice.start()
        self._beat()

    def _beat(self) -> None:
        self.asr_engine.keep_warm(self.client_uid)
        self._heartbeat = asyncio.get_running_loop().call_later(HEARTBEAT, self._beat)  # planted: heartbeat

    async def close(self) -> None:
        """Release what the session used."""
        await self.agent.close()
        await self.tools.aclose()
