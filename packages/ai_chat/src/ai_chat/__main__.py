"""The command line: `ai-chat`, or `python -m ai_chat`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from ai_chat import __version__
from ai_chat.catalogue import LANGUAGES, language_of, text
from ai_chat.config_manager.layout import OURS
from ai_chat.config_manager.loader import load
from ai_chat.config_manager.settings import Character, Settings
from ai_chat.problems import ChatProblem

FLAGS = ("--check", "--version", "--help")
HIGHEST_PORT = 65_535


class UsageProblem(ChatProblem):
    """Options that cannot be used."""


def main(argv: Sequence[str] | None = None) -> int:
    """Serve, or only check the configuration. Exit status: 2 for wrong usage, else that of the server."""
    words = list(sys.argv[1:] if argv is None else argv)
    lang = _language(words)
    try:
        options = _options(words)
        if options.help or options.version:
            _say(text("usage", lang).strip() if options.help else f"ai-chat {__version__}")
            return 0
        path = options.config or (Path("conf.yaml") if Path("conf.yaml").exists() else None)
        loaded = load(path, os.environ)
    except ChatProblem as problem:
        _warn(text(problem.code, lang, **problem.values))
        return 2
    for remark in loaded.warnings:
        _warn(remark.told(lang))
    settings = _overridden(loaded.settings, options)
    if options.check:
        _say(_summary(settings, path, lang))
        return 0
    from ai_chat.server import serve  # noqa: PLC0415 - a second of imports that checking does not need

    return serve(settings, lang=lang)


def _say(sentence: str) -> None:
    print(sentence)  # noqa: T201 - the command's answer


def _warn(sentence: str) -> None:
    print(sentence, file=sys.stderr)  # noqa: T201 - the command's answer


def _language(words: Sequence[str]) -> str:
    """The language of this command, known before its options are: problems with them are told in it, too."""
    split = [part for word in words for part in (word.split("=") if word.startswith("--lang=") else [word])]
    chosen = [after for word, after in pairwise(split) if word == "--lang"]
    if chosen and chosen[-1] in LANGUAGES:
        return chosen[-1]
    variables = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return language_of(next((value for value in variables if value), ""))


def _options(words: Sequence[str]) -> argparse.Namespace:
    """The options. Raises `UsageProblem`; argparse itself would tell several lines, in English."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--config", type=Path)
    for name in ("--host", "--port", "--lang"):
        parser.add_argument(name)
    for name in FLAGS:
        parser.add_argument(name, action="store_true")
    try:
        options, rest = parser.parse_known_args(words)
    except argparse.ArgumentError as err:
        code = "usage-value" if err.argument_name in FLAGS else "usage-no-value"
        raise UsageProblem(code, option=err.argument_name) from None
    if rest:
        raise UsageProblem("usage-unknown", option=repr(rest[0]))
    if options.lang is not None and options.lang not in LANGUAGES:
        raise UsageProblem("usage-lang", value=repr(options.lang))
    if options.port is not None and not _is_port(options.port):
        raise UsageProblem("usage-port", value=repr(options.port))
    return options


def _is_port(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= len(str(HIGHEST_PORT)) and int(word) <= HIGHEST_PORT


def _overridden(settings: Settings, options: argparse.Namespace) -> Settings:
    """The settings with what the command line says, which wins over all else."""
    said = {"host": options.host, "port": None if options.port is None else int(options.port)}
    system = settings.system.model_copy(update={name: value for name, value in said.items() if value is not None})
    return settings.model_copy(update={"system": system})


def _summary(settings: Settings, path: Path | None, lang: str) -> str:
    everyone = (settings.character, *settings.characters)
    return "\n".join((
        text("check-good", lang, source=path or text("check-defaults", lang)),
        text("check-characters", lang, characters=", ".join(_told(one) for one in everyone)),
        text("check-servers", lang, servers=", ".join(settings.mcp_servers) or "-"),
        text("check-history", lang, history=_without_secrets(settings.history.url)),
        text("check-address", lang, host=settings.system.host, port=settings.system.port),
    ))  # fmt: skip


def _told(one: Character) -> str:
    llm = one.llm
    model = llm.provider if llm.provider in OURS else f"{llm.model} @ {_without_secrets(llm.base_url)}"
    return f"{one.character_name} ({one.file}: {model})"


def _without_secrets(address: str) -> str:
    """An address without its user, password and query, which may hold keys."""
    scheme, separator, rest = address.partition("://")
    credentials, _, place = rest.rpartition("@")
    return f"{scheme}{separator}{'***@' if credentials else ''}{place.partition('?')[0]}"


if __name__ == "__main__":
    sys.exit(main())
