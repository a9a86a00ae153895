"""The command line: `ai-chat`, or `python -m ai_chat`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ai_chat import __version__
from ai_chat.catalogue import LANGUAGES, language_of, text
from ai_chat.config_manager.loader import ConfigProblem, load
from ai_chat.config_manager.settings import Settings


def main(argv: Sequence[str] | None = None) -> int:
    """Serve, or only check the configuration. Exit status: 2 for wrong usage, else that of the server."""
    options = _options(argv)
    lang = options.lang or language_of(os.environ.get("LC_ALL") or os.environ.get("LANG", ""))
    path = options.config or (Path("conf.yaml") if Path("conf.yaml").is_file() else None)
    environment = dict(os.environ)
    for name in ("host", "port"):
        if getattr(options, name) is not None:
            environment[f"AI_CHAT_SYSTEM__{name.upper()}"] = str(getattr(options, name))
    try:
        loaded = load(path, environment)
    except ConfigProblem as problem:
        print(text(problem.code, lang, **problem.values), file=sys.stderr)  # noqa: T201 - the command's answer
        return 2
    if loaded.ignored:
        print(text("config-ignored", lang, keys=", ".join(loaded.ignored)), file=sys.stderr)  # noqa: T201 - the same
    if options.check:
        print(_summary(loaded.settings, lang))  # noqa: T201 - the same
        return 0
    from ai_chat.server import serve  # noqa: PLC0415 - a second of imports that checking does not need

    return serve(loaded.settings, lang=lang)


def _summary(settings: Settings, lang: str) -> str:
    return text(
        "config-ok",
        lang,
        characters=1 + len(settings.characters),
        llm=settings.character.llm.provider,
        history=settings.history.url.rpartition("@")[2],
        servers=", ".join(settings.mcp_servers) or "-",
    )


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="ai-chat", description="A chat server whose pages can be opened for ever.")
    parser.add_argument("--config", type=Path, metavar="FILE", help="conf.yaml of the current folder when it exists")
    parser.add_argument("--host", help="127.0.0.1 when nothing else is configured")
    parser.add_argument("--port", type=int, help="12393 when nothing else is configured; 0 for any")
    parser.add_argument("--lang", choices=LANGUAGES, help="the language of this command")
    parser.add_argument("--check", action="store_true", help="only check the configuration")
    parser.add_argument("--version", action="version", version=f"ai_chat {__version__}")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
