"""What a client can ask for, whatever wire format it speaks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """Something a client asks for. `id` is the client's own name of the request; replies quote it."""

    id: str = ""


@dataclass(frozen=True, slots=True)
class Say(Command):
    """Begin a turn. An `id` that was said before in this session begins no second turn: its `Ack` is repeated."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class SpeakUp(Command):
    """Let the character speak without having been asked."""


@dataclass(frozen=True, slots=True)
class Interrupt(Command):
    """Stop the turn. `heard` is what the client has shown or played of it; None when it does not say."""

    heard: str | None = None


@dataclass(frozen=True, slots=True)
class MicAudio(Command):
    """Microphone samples: 16 kHz, mono, 16 bit little-endian PCM."""

    pcm: bytes = b""


@dataclass(frozen=True, slots=True)
class MicEnd(Command):
    """The utterance is complete."""


@dataclass(frozen=True, slots=True)
class Played(Command):
    """The client has played, or shown, the sentences of `turn` up to and including `sentence`."""

    turn: int = 0
    sentence: int = 0


@dataclass(frozen=True, slots=True)
class Seen(Command):
    """The client has every frame up to and including `seq`: they need not be kept for a resume."""

    seq: int = 0


@dataclass(frozen=True, slots=True)
class ListHistories(Command):
    """Ask for the histories of the session's character."""


@dataclass(frozen=True, slots=True)
class NewHistory(Command):
    """Begin a new history; the agent forgets the old one."""


@dataclass(frozen=True, slots=True)
class OpenHistory(Command):
    """Go on with a stored history; the agent remembers its end."""

    history: str = ""


@dataclass(frozen=True, slots=True)
class SearchHistories(Command):
    """Ask for messages that contain `query`."""

    query: str = ""


@dataclass(frozen=True, slots=True)
class RenameHistory(Command):
    """Give a history a title."""

    history: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class DeleteHistory(Command):
    """Delete a history with all its messages."""

    history: str = ""


@dataclass(frozen=True, slots=True)
class ExportHistory(Command):
    """Ask for a whole history as JSON."""

    history: str = ""


@dataclass(frozen=True, slots=True)
class ListCharacters(Command):
    """Ask for the characters one can switch to."""


@dataclass(frozen=True, slots=True)
class SwitchCharacter(Command):
    """Go on with another character, named by its file."""

    character: str = ""


@dataclass(frozen=True, slots=True)
class ListBackgrounds(Command):
    """Ask for background pictures. This server has none."""


@dataclass(frozen=True, slots=True)
class Introduce(Command):
    """Ask for the character's model and configuration again."""


@dataclass(frozen=True, slots=True)
class GroupRequest(Command):
    """Ask for the group, or to change it. Groups are the proxy's rooms here; nobody can be added by name."""

    change: bool = False


@dataclass(frozen=True, slots=True)
class Heartbeat(Command):
    """The page is alive."""


@dataclass(frozen=True, slots=True)
class Leave(Command):
    """The page goes for good: there will be no resume."""


@dataclass(frozen=True, slots=True)
class Nothing(Command):
    """A message that is allowed and means nothing to this server."""
