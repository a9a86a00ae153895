"""Comments that take a finding away: `# overstay: ignore[rule] reason`, on its line or alone on the line above.

A comment without a reason takes nothing away, so that whoever reads it later knows why it is there.
"""

import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from overstay.scan.rule import Match, Rule

_COMMENT = re.compile(r"(?:#|//|/\*)\s*overstay:\s*ignore(?:\[(?P<rules>[^\]]*)\])?(?P<reason>[^*\n]*)")
_MARK = b"overstay:"


@dataclass(frozen=True, slots=True)
class Ignore:
    """A comment: the rules that it names, its reason, and the line that it is for."""

    path: Path
    line: int
    rules: tuple[str, ...]
    reason: str
    target: int


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to say about a comment: `why` is the last word of its sentence in the catalogue."""

    path: Path
    line: int
    why: str
    rule: str = ""


def ignores(path: Path) -> list[Ignore]:
    """Return the comments of a file."""
    try:
        content = path.read_bytes()
    except OSError:
        return []
    if _MARK not in content:
        return []
    text = content.decode("utf-8", "replace")
    lines = text.splitlines()
    return [_ignore(path, number, match, lines) for number, comment in _comments(path, text) for match in [comment]]


def _comments(path: Path, text: str) -> Iterator[tuple[int, re.Match[str]]]:
    """Yield the comments by line; those of Python from its tokenizer, for which a string is no comment."""
    if path.suffix in (".py", ".pyw"):
        try:
            tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
        except (tokenize.TokenError, SyntaxError):
            return
        told = [(each.start[0], each.string) for each in tokens if each.type == tokenize.COMMENT]
    else:
        told = list(enumerate(text.splitlines(), 1))
    for number, line in told:
        match = _COMMENT.search(line)
        if match:
            yield number, match


def _ignore(path: Path, number: int, match: re.Match[str], lines: Sequence[str]) -> Ignore:
    rules = tuple(filter(None, (each.strip() for each in (match["rules"] or "").split(","))))
    is_alone = lines[number - 1].lstrip().startswith(("#", "//", "/*"))
    return Ignore(path, number, rules, match["reason"].strip(" -:"), number + 1 if is_alone else number)


def sifted(
    found: Sequence[tuple[Rule[Any], Match]], comments: Sequence[Ignore], known: Sequence[str]
) -> tuple[list[tuple[Rule[Any], Match]], list[Remark]]:
    """Return the matches that no comment takes away, and what is to say about the comments."""
    good = {(each.path, each.target, rule): each for each in comments if each.reason for rule in each.rules}
    kept, used = [], set()
    for rule, match in found:
        key = (match.path, match.line, rule.id)
        if key in good:
            used.add(key)
        else:
            kept.append((rule, match))
    remarks = [remark for each in comments if (remark := _fault(each, known))]
    unused = [Remark(each.path, each.line, "unused", key[2]) for key, each in good.items() if key not in used]
    return kept, remarks + [each for each in unused if each.rule in known]


def _fault(comment: Ignore, known: Sequence[str]) -> Remark | None:
    if not comment.rules:
        return Remark(comment.path, comment.line, "names-no-rule")
    unknown = [rule for rule in comment.rules if rule not in known]
    if unknown:
        return Remark(comment.path, comment.line, "unknown-rule", unknown[0])
    return None if comment.reason else Remark(comment.path, comment.line, "without-reason", comment.rules[0])
