"""Makes the language model that the settings name."""

from __future__ import annotations

from ai_chat.agent.stateless_llm.scripted_llm import ScriptedLLM
from ai_chat.agent.stateless_llm.stateless_llm_interface import StatelessLLM
from ai_chat.config_manager.settings import LLMSettings


def make_llm(settings: LLMSettings) -> StatelessLLM:
    """The language model of these settings."""
    if settings.provider == "openai_compatible":
        from ai_chat.agent.stateless_llm.openai_compatible_llm import OpenAICompatibleLLM  # noqa: PLC0415 - half a second

        return OpenAICompatibleLLM(settings)
    return ScriptedLLM()
