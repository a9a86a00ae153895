"""The language model, played by a server of our own that speaks OpenAI's protocol."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from overstay.checks.check import Project
from overstay.checks.llm import LanguageModelCheck, judged
from overstay.checks.model_endpoint import endpoint_of
from overstay.checks.model_probe import Answer, ask

Make = Callable[..., Project]
Ask = Callable[..., Any]
KEY = "sk-geheim"
CONFIGURATION = """\
    agent_config:
      llm_provider: openai_compatible_llm
    llm_configs:
      ollama_llm:
        base_url: http://127.0.0.1:9/v1
        model: other
      openai_compatible_llm:
        base_url: http://127.0.0.1:{port}/v1
        llm_api_key: {key}
        model: qwen
"""
TOKENS = [{"role": "assistant", "content": ""}, {"content": "ok"}]


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reach this machine directly, whatever its proxy is."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")


class Model(ThreadingHTTPServer):
    """A language model that answers as it was told to, and remembers what it was asked."""

    def __init__(self, *, status: int = 200, headers: dict[str, str] | None = None, silent: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), Talk)
        self.status = status
        self.headers = headers or {}
        self.silent = silent
        self.asked: list[tuple[str, str | None, dict[str, Any]]] = []


class Talk(BaseHTTPRequestHandler):
    """One question."""

    def do_POST(self) -> None:
        """Stream the answer."""
        model: Any = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        model.asked.append((self.path, self.headers["Authorization"], body))
        self.send_response(model.status)
        for name, value in model.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if model.status == 200 and not model.silent:
            for delta in TOKENS:
                self.wfile.write(b"data: " + json.dumps({"choices": [{"delta": delta}]}).encode() + b"\n\n")
            self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextlib.contextmanager
def running(**options: Any) -> Iterator[Model]:
    """Run a model for the length of the block."""
    with Model(**options) as model:
        thread = threading.Thread(target=model.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield model
        finally:
            model.shutdown()
            thread.join()


def configured(make: Make, model: Model, *, key: str = KEY, probes_llm: bool = True) -> Project:
    """Return a project whose configuration names a model."""
    return make({"conf.yaml": CONFIGURATION.format(port=model.server_port, key=key)}, probes_llm=probes_llm)


def test_the_first_token_is_timed_and_the_key_is_used_and_never_shown(make: Make, said: Ask) -> None:
    """One short question, to the provider that the configuration chooses."""
    with running(headers={"x-ratelimit-remaining-requests": "90", "x-ratelimit-limit-requests": "100"}) as model:
        project = configured(make, model)
        result = said(LanguageModelCheck(), project).about("cause-a")
        [(path, authorization, body), _] = model.asked
    assert (path, authorization) == ("/v1/chat/completions", f"Bearer {KEY}")
    assert (body["model"], body["stream"]) == ("qwen", True)
    assert result.title.startswith("qwen at 127.0.0.1: first token ")
    assert result.details == ("x-ratelimit-limit-requests: 100", "x-ratelimit-remaining-requests: 90")
    assert KEY not in repr(result)
    assert KEY not in repr(endpoint_of(project.configuration))


def test_a_limit_that_is_near_is_said(make: Make, said: Ask) -> None:
    """The answer comes in time, and its headers leave less than a tenth."""
    with running(headers={"x-ratelimit-remaining-requests": "9", "x-ratelimit-limit-requests": "100"}) as model:
        result = said(LanguageModelCheck(), configured(make, model)).about("cause-a")
    assert result.status == "warning"
    assert result.title.endswith("and a limit is near")
    assert result.fix is not None
    assert result.fix.summary.startswith("Bound how many requests run at once")


def test_nobody_is_asked_without_the_option(make: Make, said: Ask) -> None:
    """It costs money and sends a key: only who wants it gets it."""
    with running() as model:
        result = said(LanguageModelCheck(), configured(make, model, probes_llm=False)).about("cause-a")
        assert model.asked == []
    assert result.status == "not-checked"
    assert "add --probe-llm" in result.title


@pytest.mark.parametrize(
    ("status", "headers", "expected", "words"),
    [
        (429, {"retry-after": "20"}, "warning", "127.0.0.1 refuses with status 429"),
        (401, {}, "not-checked", "127.0.0.1 does not accept the key (conf.yaml:8): status 401"),
        (500, {}, "not-checked", "127.0.0.1 gave no token for qwen (conf.yaml:8): status 500"),
    ],
)
def test_refusals_are_told_apart(
    make: Make, said: Ask, status: int, headers: dict[str, str], expected: str, words: str
) -> None:
    """Too many requests are cause A; a wrong key or a broken server is something else."""
    with running(status=status, headers=headers) as model:
        result = said(LanguageModelCheck(), configured(make, model)).about("cause-a")
    assert result.status == expected
    assert result.title.startswith(words)
    assert result.details == tuple(f"{name}: {value}" for name, value in headers.items())


def test_the_key_does_not_follow_a_redirect(make: Make, said: Ask) -> None:
    """It is for the host that the configuration names."""
    with (
        running() as thief,
        running(status=307, headers={"Location": f"http://127.0.0.1:{thief.server_port}/"}) as model,
    ):
        said(LanguageModelCheck(), configured(make, model))
        assert thief.asked == []


def test_an_answer_without_a_token_is_no_answer(make: Make) -> None:
    """A stream that ends at once."""
    with running(silent=True) as model:
        endpoint = endpoint_of(configured(make, model).configuration)
        assert endpoint is not None
        assert judged(ask(endpoint)) == ("no-answer", "not-checked")


def test_nobody_there_is_said(make: Make, said: Ask) -> None:
    """With the reason."""
    with running() as model:
        project = configured(make, model)
    result = said(LanguageModelCheck(), project).about("cause-a")
    assert result.status == "not-checked"
    assert result.title.startswith("no connection to 127.0.0.1: ")


@pytest.mark.parametrize("key", ["${MODEL_KEY}", "$MODEL_KEY", "${env:MODEL_KEY}"])
def test_a_key_that_names_a_variable_is_looked_up(make: Make, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """In .env first, then in the environment."""
    monkeypatch.setenv("MODEL_KEY", "from-environment")
    files = {"conf.yaml": f"llm:\n  base_url: http://x/v1\n  model: m\n  api_key: {key}\n"}
    found = endpoint_of(make(files).configuration)
    assert found is not None
    assert found.key == "from-environment"
    found = endpoint_of(make({".env": "MODEL_KEY=from-file\n"}).configuration)
    assert found is not None
    assert found.key == "from-file"


def test_variables_of_an_env_file_alone_are_enough(make: Make) -> None:
    """As many projects have it: a key and a model of OpenAI's."""
    found = endpoint_of(make({".env": f"OPENAI_API_KEY={KEY}\nOPENAI_MODEL=small\n"}).configuration)
    assert found is not None
    assert (found.host, found.model, found.key) == ("api.openai.com", "small", KEY)


@pytest.mark.parametrize(
    "text", ["tts:\n  voice: x\n", "llm:\n  model: m\n", "llm:\n  model: m\n  base_url: file:///etc/passwd\n"]
)
def test_a_configuration_without_an_address_has_no_model(make: Make, said: Ask, text: str) -> None:
    """Nothing is guessed, and only http and https are spoken."""
    result = said(LanguageModelCheck(), make({"conf.yaml": text}, probes_llm=True)).about("cause-a")
    assert (result.status, result.title) == ("not-checked", "no language model was found in the configuration")


@pytest.mark.parametrize(
    ("seconds", "headers", "expected"),
    [
        (0.4, {}, ("fine", "fine")),
        (3.1, {}, ("slow", "warning")),
        (10.1, {}, ("slow", "severe")),
        (0.4, {"x-ratelimit-limit-tokens": "1000", "x-ratelimit-remaining-tokens": "99"}, ("near", "warning")),
        (0.4, {"x-ratelimit-limit-tokens": "1000", "x-ratelimit-remaining-tokens": "100"}, ("fine", "fine")),
        (0.4, {"x-ratelimit-limit-tokens": "many"}, ("fine", "fine")),
    ],
)
def test_thresholds_of_the_model(seconds: float, headers: dict[str, str], expected: tuple[str, str]) -> None:
    """3 s are a pause, 10 s a failure; a tenth of a limit is near it."""
    assert judged(Answer(seconds, 200, headers)) == expected
