"""What one session owns, and what it may use of the server."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Literal, NamedTuple

from ai_chat.agent.agents.agent_interface import Agent
from ai_chat.agent.stateless_llm.stateless_llm_interface import Message
from ai_chat.config_manager.settings import Character
from ai_chat.engines import Engines
from ai_chat.history.history_interface import new_uid
from ai_chat.problems import ChatProblem
from ai_chat.protocol.events import Ack, CharacterIs, MessageItem
from ai_chat.tts.silent_tts import SilentTTS
from ai_chat.tts.tts_interface import TTSEngine

SILENCE = SilentTTS()
RECALLED = 40  # messages of a stored history that an agent is told
SAID_BEFORE = 64  # messages of which it is known that they were said before


class Said(NamedTuple):
    """A message that was said with an id, and its acknowledgement once it has one."""

    text: int  # its hash: what is said again has the same text
    ack: Ack | None = None


class ServiceContext:
    """A session's own character, agent with its memory, and place in the history.

    The engines are the server's. What they need to know of the session is handed in with each call, so nothing of it
    stays in them, and making a context costs no process, no model and no disk.
    """

    def __init__(self, engines: Engines, character: Character) -> None:
        self.engines = engines
        self.character = character
        self.agent: Agent = engines.make_agent(character)
        self._enter(new_uid(), begins=True)  # known to the client before it says anything, and so after a crash
        self.is_spoken = True  # whether the client wants to hear the answers

    @property
    def tts(self) -> TTSEngine:
        """The speech engine of the character; one that says nothing where nobody listens."""
        return self.engines.tts(self.character) if self.is_spoken else SILENCE

    def introduction(self, client: str, *, switched: bool = False, id: str = "") -> CharacterIs:
        """Who the character is, as a client is told."""
        one = self.character
        names = (one.file, one.character_name, one.conf_uid, one.avatar, one.live2d_model_name)
        return CharacterIs(*names, history=self.history, client=client, switched=switched, id=id)

    async def switch_character(self, character: Character) -> None:
        """Go on as another character, with an empty memory and a new history."""
        await self.agent.close()
        self.character = character
        self.agent = self.engines.make_agent(character)
        self._enter(new_uid(), begins=True)

    def begin_history(self) -> None:
        """Go on with a new history, and forget the old one."""
        self.agent.reset()
        self._enter(self.engines.history.begin(self.character.conf_uid), begins=True)

    async def open_history(self, history: str) -> tuple[MessageItem, ...]:
        """Go on with a stored history: its last messages, which the agent remembers. Raises `ChatProblem`."""
        messages = tuple(await self.engines.history.messages(self.character.conf_uid, history))
        self._enter(history, begins=False)
        for one in messages[-SAID_BEFORE:]:
            if one.id is not None:
                self.said[one.id] = Said(hash(one.text), Ack(history, one.number, id=one.id))
        self.agent.recall([as_message(message) for message in messages[-RECALLED:]])
        return messages

    def _enter(self, history: str, *, begins: bool) -> None:
        self.history = history
        self.begins = begins  # nothing of it is known to be committed: the next message makes it
        self.said: dict[str, Said] = {}  # in it, before this session

    def append(
        self, role: Literal["human", "ai"], text: str, *, interrupted: bool = False, id: str = ""
    ) -> Awaitable[int]:
        """Hand a message to the history's writer; what is returned gives its number once it is committed."""
        return self.engines.history.append(
            self.character.conf_uid,
            self.history,
            role=role,
            text=text,
            name=self.character.human_name if role == "human" else self.character.character_name,
            interrupted=interrupted,
            client_id=id,
            begins=self.begins,
        )

    async def close(self) -> None:
        """Let go of everything that was the session's."""
        await self.agent.close()


def as_message(item: MessageItem) -> Message:
    """A stored message as an agent remembers it."""
    return Message("user" if item.role == "human" else "assistant", item.text)


def find_character(engines: Engines, file: str) -> Character:
    """The character that clients name `file`. Raises `ChatProblem`."""
    character = engines.settings.find_character(file)
    if character is None:
        raise ChatProblem("no-such-character", name=file[:80])
    return character
