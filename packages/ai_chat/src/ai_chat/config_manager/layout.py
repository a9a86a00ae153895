"""Where the keys of Open-LLM-VTuber's conf.yaml, and our own beside them, are in our settings.

A rule is the settings' key for one of the file's keys, a table of rules, or `UNUSED` for what is understood and changes
nothing here. A key without a rule is unsupported and named, once, at its highest level.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ai_chat.config_manager.problems import ConfigProblem, quoted
from ai_chat.config_manager.settings import Character, MCPServerSettings, SystemSettings
from ai_chat.config_manager.tree import Leaf, Place, Table

Rules = Mapping[str, "Rules | tuple[str, ...]"]

UNUSED: tuple[str, ...] = ()
VARIABLE = re.compile(r"\$\{(\w+)\}")
OURS = ("scripted", "embedded")  # language models that need no endpoint
NEAR = 0.75  # how alike a misspelt key is: `prot` and `port` are, `asr_config` and `agent_config` are not
# Who speaks OpenAI's protocol, and where, when the file has no base_url.
PROVIDERS = {
    "openai_compatible_llm": None,
    "ollama_llm": "http://localhost:11434/v1",
    "lmstudio_llm": "http://localhost:1234/v1",
    "openai_llm": "https://api.openai.com/v1",
    "gemini_llm": "https://generativelanguage.googleapis.com/v1beta/openai/",
    "zhipu_llm": "https://open.bigmodel.cn/api/paas/v4/",
    "deepseek_llm": "https://api.deepseek.com/v1",
    "mistral_llm": "https://api.mistral.ai/v1",
    "groq_llm": "https://api.groq.com/openai/v1",
}
OTHER_PROTOCOLS = ("claude_llm", "llama_cpp_llm", "stateless_llm_with_template")
PROVIDER = ("character_config", "agent_config", "agent_settings", "basic_memory_agent", "llm_provider")
AGENT = ("character_config", "agent_config", "conversation_agent_choice")
OF_AGENT = ("use_mcpp", "mcp_enabled_servers")


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A key that changes nothing here, and the one that may have been meant."""

    place: Place
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.place.short} → {self.hint}?" if self.hint else self.place.short


@dataclass(slots=True)
class Layout:
    """Moves what files have to where the settings have it."""

    environment: Mapping[str, str]
    unsupported: list[Unsupported] = field(default_factory=list)

    def take(self, raw: Table, into: Table) -> None:
        """Take what conf.yaml, or a character's file laid over it, has. Raises `ConfigProblem`."""
        provider = _choice(raw, PROVIDER, (*OURS, *PROVIDERS))
        _choice(raw, AGENT, ("basic_memory_agent",))
        self._walk(raw, _rules(provider.value if provider else ""), into)
        if provider is None:
            return
        chosen = provider.value if provider.value in OURS else "openai_compatible"
        _put_missing(into, ("character", "llm", "provider"), Leaf(chosen, provider.place))
        address = PROVIDERS.get(provider.value)
        if address is not None:
            _put_missing(into, ("character", "llm", "base_url"), Leaf(address, provider.place))

    def take_servers(self, raw: Table, into: Table) -> None:
        """Take what mcp_servers.json has. Raises `ConfigProblem`."""
        servers = raw.get(("mcp_servers",))
        if isinstance(servers, Leaf) and servers.value == {}:
            into.put(("mcp_servers",), servers)  # none are wanted
        names = servers.entries if isinstance(servers, Table) else {}
        rules = {name: _each(MCPServerSettings.model_fields, "mcp_servers", name) for name in names}
        self._walk(raw, {"mcp_servers": rules}, into)

    def _walk(self, table: Table, rules: Rules, into: Table) -> None:
        # The agent's pool first: a character's own `llm` is laid over what the pool says.
        for name in sorted(table.entries, key=lambda name: name != "agent_config"):
            node, rule = table.entries[name], rules.get(name)
            if rule is None:
                hint = difflib.get_close_matches(name, rules, 1, NEAR)
                self.unsupported.append(Unsupported(node.place, hint[0] if hint else ""))
            elif isinstance(rule, tuple):
                if rule != UNUSED:
                    self._move(node, rule, into)
            elif isinstance(node, Table):
                self._walk(node, rule, into)
            elif node.value not in (None, {}):
                place = node.place
                raise ConfigProblem("config-not-a-table", place=place, path=place.source, line=place.line)

    def _move(self, node: Leaf | Table, key: tuple[str, ...], into: Table) -> None:
        if isinstance(node, Table):
            for name, below in node.entries.items():
                self._move(below, (*key, name), into)
            moved = into.get(key)
            if isinstance(moved, Table):
                moved.place = node.place  # its own, and not that of the first key below it
        elif node.value is not None:  # `key:` without a value leaves the default
            into.put(key, self._filled(node))

    def _filled(self, leaf: Leaf) -> Leaf:
        """A text with the environment variables that it names, which makes it a secret."""
        if not isinstance(leaf.value, str | list):
            return leaf
        value = self._fill(leaf.value, leaf.place)
        return leaf if value == leaf.value else Leaf(value, leaf.place, is_secret=True)

    def _fill(self, value: object, place: Place) -> object:
        if isinstance(value, list):
            return [self._fill(one, place) for one in value]
        if not isinstance(value, str):
            return value

        def fill(found: re.Match[str]) -> str:
            if found[1] not in self.environment:
                raise ConfigProblem(
                    "config-no-variable", place=place, path=place.source, line=place.line, name=found[1]
                )
            return self.environment[found[1]]

        return VARIABLE.sub(fill, value)


def _rules(provider: str) -> Rules:
    pool: dict[str, Rules | tuple[str, ...]] = dict.fromkeys((*PROVIDERS, *OTHER_PROTOCOLS), UNUSED)
    llm = ("character", "llm")
    pool[provider] = {"llm_api_key": (*llm, "api_key"), **_each(("base_url", "model", "temperature"), *llm)}
    of_character = [name for name in Character.model_fields if name not in {"file", *OF_AGENT}]
    return {
        "system_config": {"conf_version": UNUSED, **_each(SystemSettings.model_fields, "system")},
        "character_config": {
            **_each(of_character, "character"),
            "agent_config": {
                "conversation_agent_choice": UNUSED,
                "agent_settings": {"basic_memory_agent": {"llm_provider": UNUSED, **_each(OF_AGENT, "character")}},
                "llm_configs": pool,
            },
        },
        **_each(("limits", "history", "mcp_servers")),
    }


def _each(names: Iterable[str], *above: str) -> dict[str, tuple[str, ...]]:
    return {name: (*above, name) for name in names}


def _choice(raw: Table, key: tuple[str, ...], choices: tuple[str, ...]) -> Leaf | None:
    """What was chosen at a key. Raises `ConfigProblem` when it is none of the choices."""
    node = raw.get(key)
    if not isinstance(node, Leaf) or node.value is None:
        return None
    if node.value not in choices:
        raise ConfigProblem(
            "config-choice", place=node.place, path=node.place.source, line=node.place.line,
            value=quoted(node.value), choices=", ".join(choices),
        )  # fmt: skip
    return node


def _put_missing(into: Table, key: tuple[str, ...], leaf: Leaf) -> None:
    if into.get(key) is None:
        into.put(key, leaf)
