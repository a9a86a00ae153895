"""What all sessions share: made once, closed in reverse order, holding nothing of a session."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from ai_chat.agent.agents.agent_interface import Agent
from ai_chat.agent.agents.basic_memory_agent import BasicMemoryAgent
from ai_chat.agent.stateless_llm.factory import LLMFactory
from ai_chat.agent.stateless_llm.stateless_llm_interface import StatelessLLM
from ai_chat.config_manager.settings import Character, LLMSettings, Settings, TTSSettings
from ai_chat.history.history_interface import History
from ai_chat.history.store import ChatHistory
from ai_chat.mcpp.mcp_client import MCPClient
from ai_chat.tts.silent_tts import SilentTTS
from ai_chat.tts.tone_tts import ToneTTS
from ai_chat.tts.tts_interface import TTSEngine


class Engines:
    """The language models, speech engines, tools and the history of a server."""

    def __init__(self, settings: Settings, history: History, toolbox: MCPClient) -> None:
        self.settings = settings
        self.history = history
        self.toolbox = toolbox
        self._factory = LLMFactory()
        self._models: dict[LLMSettings, StatelessLLM] = {}
        self._voices: dict[str, TTSEngine] = {}

    @property
    def syntheses(self) -> int:
        """Threads that make speech right now, those included whose turn has ended."""
        return sum(voice.running for voice in self._voices.values())

    @property
    def inferences(self) -> int:
        """Threads that run a language model right now, those included whose turn has ended."""
        return max((model.running for model in self._models.values()), default=0)  # those with threads share them

    def llm(self, character: Character) -> StatelessLLM:
        """The language model of a character; characters with equal settings share one."""
        return self._models[character.llm]

    def tts(self, character: Character) -> TTSEngine:
        """The speech engine of a character; characters with the same engine share one."""
        return self._voices[character.tts.engine]

    def make_agent(self, character: Character) -> Agent:
        """A new agent with an empty memory."""
        return BasicMemoryAgent(
            llm=self.llm(character),
            toolbox=self.toolbox.limited_to(character.mcp_enabled_servers if character.use_mcpp else ()),
            persona=character.persona_prompt,
            memory=character.memory,
        )

    async def add(self, character: Character, stack: AsyncExitStack) -> None:
        """Make what a character needs and is not there yet; the stack closes it."""
        if character.llm not in self._models:
            model = self._models[character.llm] = self._factory.make(character.llm)
            stack.push_async_callback(model.close)
        if character.tts.engine not in self._voices:
            voice = self._voices[character.tts.engine] = make_tts(character.tts)
            stack.push_async_callback(voice.close)


def make_tts(settings: TTSSettings) -> TTSEngine:
    """The speech engine that the settings name."""
    return ToneTTS() if settings.engine == "tone" else SilentTTS()


@asynccontextmanager
async def open_engines(settings: Settings) -> AsyncGenerator[Engines, None]:
    """The engines of a server; leaving closes them in reverse order."""
    async with AsyncExitStack() as stack:
        history = await stack.enter_async_context(ChatHistory(settings.history))
        toolbox = await stack.enter_async_context(MCPClient(settings.mcp_servers))
        engines = Engines(settings, history, toolbox)
        for character in (settings.character, *settings.characters):
            await engines.add(character, stack)
        yield engines
