"""How a problem is told."""

from ai_chat.catalogue import text
from ai_chat.config_manager.problems import ConfigProblem


def told(problem: ConfigProblem, lang: str = "en") -> str:
    """The sentence of a problem."""
    return text(problem.code, lang, **problem.values)
