"""The scripts inside Vue, Svelte and HTML files, with everything else blanked, so that no line or column moves."""

import re

# Bounded, and open at the end: what is never closed must not be searched for from every place where it begins.
_SCRIPT = re.compile(
    r"<script\b(?P<attributes>(?:[^>\"']|\"[^\"]{0,500}\"|'[^']{0,500}'){0,500}+)>(?P<body>.*?)(?:</script\s*>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_OTHER_TYPE = re.compile(
    r"\btype\s*=\s*[\"']?(?!module\b|text/javascript|application/javascript|text/typescript)\w", re.I
)
_TYPESCRIPT = re.compile(r"\blang\s*=\s*[\"']?ts\b", re.I)


def scripts_alone(text: str) -> str:
    """Return the text with all but its scripts blanked; templates and data in script elements are blanked, too."""
    shown = _COMMENT.sub(lambda comment: blank(comment[0]), text)
    bodies = [found.span("body") for found in _SCRIPT.finditer(shown) if not _OTHER_TYPE.search(found["attributes"])]
    parts, end = [], 0
    for start, stop in bodies:
        parts += [blank(text[end:start]), text[start:stop]]
        end = stop
    return "".join([*parts, blank(text[end:])])


def is_typescript(text: str) -> bool:
    """Tell whether a script of the file says that it is written in TypeScript."""
    return any(_TYPESCRIPT.search(found["attributes"]) for found in _SCRIPT.finditer(text))


def blank(text: str) -> str:
    """Return the text with spaces for everything but its line ends."""
    return re.sub(r"[^\r\n]", " ", text)
