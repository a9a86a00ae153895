"""What can be set. Keys and their defaults; where they come from is the loader's matter."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

Port = Annotated[int, Field(ge=0, le=65535)]


class Section(BaseModel):
    """A part of the settings: frozen, and strict about its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_bool_for_a_number(cls, value: Any, field: ValidationInfo) -> Any:
        """YAML reads `yes` and `on` as true, which pydantic would take for 1."""
        wanted = cls.model_fields[str(field.field_name)].annotation
        if isinstance(value, bool) and {int, float}.intersection(get_args(wanted) or (wanted,)):
            raise PydanticCustomError("float_type", "a number is needed")
        return value


class SystemSettings(Section):
    """The server itself."""

    host: str = "127.0.0.1"
    port: Port = 12393
    enable_proxy: bool = False
    config_alts_dir: Path = Path("characters")
    token: Annotated[SecretStr, Field(min_length=1)] | None = None  # clients must say it when it is set
    allowed_origins: tuple[str, ...] = ()  # besides the server's own
    trusted_proxies: tuple[str, ...] = ()  # whose X-Forwarded-For says where clients are


class Limits(Section):
    """What one address, one session and the server may use. Bytes, seconds, counts."""

    sessions: int = Field(default=1_200, ge=1)
    sessions_per_address: int = Field(default=600, ge=1)
    turns: int = Field(default=64, ge=1)  # running at once; more wait
    turns_waiting: int = Field(default=256, ge=0)  # more are answered `busy`
    message_bytes: int = Field(default=1_000_000, ge=1_000)
    messages_per_second: float = Field(default=30.0, gt=0)
    messages_burst: int = Field(default=90, ge=1)
    messages_per_second_per_address: float = Field(default=1_000.0, gt=0)
    text_characters: int = Field(default=8_000, ge=1)
    outbox_bytes: int = Field(default=2_000_000, ge=10_000)
    send_seconds: float = Field(default=10.0, gt=0)
    heartbeat_seconds: float = Field(default=5.0, gt=0)  # three of them in silence, and a native client is dropped
    resume_seconds: float = Field(default=6.0, ge=0)
    turn_seconds: float = Field(default=180.0, gt=0)
    drain_seconds: float = Field(default=10.0, ge=0)
    room_queue: int = Field(default=32, ge=1)


class MemorySettings(Section):
    """How much an agent remembers word for word; the rest is a summary."""

    turns: int = Field(default=20, ge=1)
    tokens: int = Field(default=4_000, ge=100)
    summary_tokens: int = Field(default=400, ge=0)


class LLMSettings(Section):
    """The language model of a character."""

    provider: Literal["scripted", "openai_compatible", "embedded"] = "scripted"
    base_url: str = "http://127.0.0.1:11434/v1"
    api_key: SecretStr = SecretStr("")
    model: str = ""
    temperature: float = Field(default=1.0, ge=0, le=2)
    first_token_seconds: float = Field(default=30.0, gt=0)
    between_tokens_seconds: float = Field(default=15.0, gt=0)


class TTSSettings(Section):
    """The speech of a character."""

    engine: Literal["tone", "none"] = "tone"
    voice: str = "default"


class Character(Section):
    """Who answers: conf.yaml has one, each file in the characters' folder another."""

    file: str = "conf.yaml"  # how clients name it; never a path
    conf_name: str = "default"
    conf_uid: str = "default"
    character_name: str = "Echo"
    human_name: str = "You"
    avatar: str = ""
    live2d_model_name: str = ""
    persona_prompt: str = "You are Echo, a friendly companion. Answer briefly, in the language you are spoken to."
    memory: MemorySettings = MemorySettings()
    llm: LLMSettings = LLMSettings()
    tts: TTSSettings = TTSSettings()
    use_mcpp: bool = True
    mcp_enabled_servers: tuple[str, ...] | None = None  # all when None


class MCPServerSettings(Section):
    """One MCP server: a command to start, or an address to connect to."""

    command: str = ""
    args: tuple[str, ...] = Field(default=(), repr=False)
    env: dict[str, str] = Field(default={}, repr=False)  # holds keys, as addresses and arguments may
    url: str = Field(default="", repr=False)
    start_seconds: float = Field(default=15.0, gt=0)
    call_seconds: float = Field(default=20.0, gt=0)
    calls_at_once: int = Field(default=8, ge=1)


class RetentionSettings(Section):
    """When old messages are archived and removed from the history. None: never."""

    days: float | None = Field(default=None, gt=0)
    messages: int | None = Field(default=None, ge=1)
    megabytes: float | None = Field(default=None, gt=0)
    archive: Path | None = None  # a folder for JSON lines, gzipped; without it they are only removed
    every_seconds: float = Field(default=3_600.0, gt=0)


class HistorySettings(Section):
    """Where the history is."""

    url: str = Field(default="sqlite+aiosqlite:///chat_history/history.db", repr=False)  # may hold a password
    queue: int = Field(default=10_000, ge=1)
    batch: int = Field(default=256, ge=1)
    retention: RetentionSettings = RetentionSettings()


class Settings(Section):
    """All settings of a server."""

    system: SystemSettings = SystemSettings()
    limits: Limits = Limits()
    character: Character = Character()
    characters: tuple[Character, ...] = ()  # the alternatives, without `character`
    mcp_servers: dict[str, MCPServerSettings] = {}
    history: HistorySettings = HistorySettings()

    def find_character(self, file: str) -> Character | None:
        """The character that clients name `file`."""
        return next((one for one in (self.character, *self.characters) if one.file == file), None)
