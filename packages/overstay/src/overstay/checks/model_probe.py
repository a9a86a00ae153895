"""One short question to a language model: how long until the first token, and what its headers say about limits."""

import contextlib
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException, HTTPMessage
from typing import IO

from overstay.checks.model_endpoint import Endpoint

_TIMEOUT = 15.0
_MOST_LINES = 500
_LONGEST_LINE = 65_536
_TOLD = (
    "retry-after",
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-requests",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the seconds until the first token, the status, the headers about limits, or why nothing came."""

    first_token: float | None
    status: int
    headers: Mapping[str, str]
    problem: str | None = None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows nowhere: the key is for the host that the configuration names, and for no other."""

    def redirect_request(  # noqa: PLR0917 - urllib's signature
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Return no request."""


def ask(endpoint: Endpoint) -> Answer:
    """Ask one question of a few tokens, through the environment's proxy if there is one."""
    request = urllib.request.Request(  # noqa: S310 - http and https only, see endpoint_of
        f"{endpoint.url.rstrip('/')}/chat/completions", data=_question(endpoint), headers=_headers(endpoint)
    )
    opener = urllib.request.build_opener(_NoRedirects)
    began = time.monotonic()
    try:
        with contextlib.closing(opener.open(request, timeout=_TIMEOUT)) as answer:
            has_token = any(_is_token(line) for line in _lines(answer, until=began + _TIMEOUT))
            took = time.monotonic() - began
            return Answer(took if has_token else None, answer.status, _about_limits(answer.headers))
    except urllib.error.HTTPError as err:
        with err:
            return Answer(None, err.code, _about_limits(err.headers))
    except (OSError, HTTPException, ValueError) as err:
        reason = getattr(err, "reason", None) or err
        return Answer(None, 0, {}, str(reason) or type(err).__name__)


def _question(endpoint: Endpoint) -> bytes:
    question = {
        "model": endpoint.model,
        "messages": [{"role": "user", "content": "Say ok."}],
        "max_tokens": 4,
        "stream": True,
    }
    return json.dumps(question).encode()


def _headers(endpoint: Endpoint) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "Accept": "text/event-stream", "User-Agent": "overstay"}
    return headers | {"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else headers


def _lines(answer: IO[bytes], *, until: float) -> Iterable[bytes]:
    for _ in range(_MOST_LINES):
        line = answer.readline(_LONGEST_LINE)
        if not line or time.monotonic() > until:
            return
        yield line


def _is_token(line: bytes) -> bool:
    """Tell whether a line of the stream has anything of the answer; a server that does not stream sends it whole."""
    text = line.removeprefix(b"data:").strip()
    try:
        [choice, *_] = json.loads(text)["choices"]
        told = choice.get("delta") or choice.get("message") or {}
    except (ValueError, KeyError, TypeError, AttributeError):
        return False
    return any(value for name, value in told.items() if name != "role")


def _about_limits(headers: Message) -> dict[str, str]:
    return {name: str(headers[name]) for name in _TOLD if headers[name]}
