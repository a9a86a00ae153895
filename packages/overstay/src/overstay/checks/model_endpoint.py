"""Where the project's language model answers, as its configuration has it."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from overstay.checks.configuration_files import Configuration, Setting

_URLS = ("base_url", "api_base", "api_url", "openai_base_url", "openai_api_base", "llm_base_url", "llm_url")
_MODELS = ("model", "model_name", "llm_model", "openai_model", "chat_model")
_KEYS = ("api_key", "llm_api_key", "openai_api_key", "key")
_CHOSEN = ("llm_provider", "provider", "llm")
_ABOUT_MODELS = re.compile(r"llm|openai|ollama|chat|agent|deepseek|qwen|lmstudio", re.IGNORECASE)
_REFERENCE = re.compile(r"\$\{?(?:env:)?(\w+)\}?")
_DEFAULT = "https://api.openai.com/v1"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that speaks OpenAI's protocol; the key is never shown."""

    url: str
    model: str
    where: str
    key: str = field(default="", repr=False)

    @property
    def host(self) -> str:
        """Return what may be shown of the address."""
        return urlsplit(self.url).hostname or "?"


def endpoint_of(configuration: Configuration) -> Endpoint | None:
    """Return the endpoint that the configuration chooses; of several without a choice, the first about a model."""
    groups: dict[tuple[str, str], dict[str, Setting]] = {}
    for setting in configuration.settings:
        groups.setdefault((setting.file, setting.group), {})[setting.key] = setting
    chosen = {str(setting.value) for setting in configuration.named(*_CHOSEN)}
    found = [
        (_rank(group, chosen), endpoint)
        for (_, group), settings in groups.items()
        if (endpoint := _endpoint(settings, configuration)) is not None
    ]
    return min(found, key=lambda each: each[0])[1] if found else None


def _rank(group: str, chosen: set[str]) -> int:
    if group.rpartition(".")[2] in chosen:
        return 0
    return 1 if _ABOUT_MODELS.search(group) or not group else 2


def _endpoint(settings: Mapping[str, Setting], configuration: Configuration) -> Endpoint | None:
    """Return the endpoint of one group of settings: it has an address and a model, or a key and a model of OpenAI's."""
    url, model, key = (_first(settings, names) for names in (_URLS, _MODELS, _KEYS))
    if model is None or (url is None and "openai_api_key" not in settings):
        return None
    address = _resolved(url, configuration) if url is not None else _DEFAULT
    if urlsplit(address).scheme not in ("http", "https"):
        return None
    return Endpoint(address, str(model.value), (url or model).where, _resolved(key, configuration) if key else "")


def _first(settings: Mapping[str, Setting], names: tuple[str, ...]) -> Setting | None:
    known = (settings[name] for name in names if name in settings)
    return next((setting for setting in known if isinstance(setting.value, str) and setting.value), None)


def _resolved(setting: Setting, configuration: Configuration) -> str:
    """Return a setting's text; where it only names a variable, what .env or the environment has for it."""
    text = str(setting.value)
    reference = _REFERENCE.fullmatch(text)
    if reference is None:
        return text
    told = [each.value for each in configuration.settings if each.name == reference[1] and ".env" in each.file]
    return str(told[0]) if told else os.environ.get(reference[1], "")
