"""The page as its user has it: the server as a process, the page in Debian's Chromium."""

import contextlib
import json
import os
import re
import selectors
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

CHROMIUM = shutil.which("chromium")
SCRIPTED = {**os.environ, "AI_CHAT_CHARACTER__LLM__PROVIDER": "scripted"}  # also where the embedded model is there
LING = 'character_config:\n  conf_name: "ling"\n  conf_uid: "ling"\n  character_name: "小玲"\n'


def until(claim, seconds=15.0):
    """Wait until `claim()` is true, and return it; fail with its last value after the deadline."""
    deadline = time.monotonic() + seconds
    while not (value := claim()):
        assert time.monotonic() < deadline, value
        time.sleep(0.02)  # between two looks of a poll
    return value


class Server:
    """A chat server in a folder of its own, whose port stays the same over restarts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self.process: subprocess.Popen[str] | None = None
        (folder / "characters").mkdir()
        (folder / "characters" / "ling.yaml").write_text(LING, encoding="utf-8")

    def start(self) -> None:
        """Start the server and wait for the address that it prints."""
        command = [sys.executable, "-m", "ai_chat", "--port", str(self.port)]
        with (self.folder / "stderr").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, env=SCRIPTED, stdout=subprocess.PIPE, stderr=log, text=True
            )
        self.port = self._read_port()
        until(self._has_tools, 30)

    def _has_tools(self) -> bool:
        with urllib.request.urlopen(f"{self.url}readyz", timeout=5) as answer:
            return set(json.load(answer)["tools"].values()) == {"up"}

    def _read_port(self) -> int:
        with selectors.DefaultSelector() as ready:
            ready.register(self.process.stdout, selectors.EVENT_READ)
            assert ready.select(timeout=30), self.told()
        line = self.process.stdout.readline()
        found = re.search(r"http://[^\s:]+:(\d+)", line)
        assert found, line + self.told()
        return int(found[1])

    def told(self) -> str:
        """What the server wrote to its error stream."""
        return (self.folder / "stderr").read_text(encoding="utf-8")

    def end(self, *, kill: bool = False) -> None:
        """End the server, politely or not, and wait until it is gone."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            (self.process.kill if kill else self.process.terminate)()
        self.process.wait(timeout=30)
        self.process.stdout.close()
        self.process = None

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://127.0.0.1:{self.port}/"

    def configure(self, conf: str) -> None:
        """Start again with this conf.yaml."""
        self.end(kill=True)
        (self.folder / "conf.yaml").write_text(conf, encoding="utf-8")
        self.start()

    def holdings(self) -> tuple[int, int, int]:
        """Threads, descriptors and children of the server now."""
        process = psutil.Process(self.process.pid)
        return process.num_threads(), process.num_fds(), len(process.children(recursive=True))


@pytest.fixture(scope="module")
def browser():
    """One headless Chromium for all tests of the page; its loop must not outlast them in the worker."""
    if CHROMIUM is None:
        pytest.skip("No chromium found, so the page was not tested in a browser; install Debian's chromium.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def server(browser, tmp_path):
    """A server of the test's own, ended after it."""
    server = Server(tmp_path)
    try:
        server.start()
        yield server
    finally:
        server.end(kill=True)


class Page:
    """One tab, with what a person does and sees in it."""

    def __init__(self, tab) -> None:
        self.tab = tab
        self.problems: list[str] = []
        self.told: list[dict] = []  # what the page sent
        self.heard: list[dict] = []  # what it was sent, but speech
        tab.on("pageerror", lambda error: self.problems.append(str(error)))
        tab.on("console", lambda said: "Content Security" in said.text and self.problems.append(said.text))

        tab.on("websocket", self._listen)

    def _listen(self, socket) -> None:
        socket.on("framesent", lambda frame: self.told.append(json.loads(frame)))
        socket.on("framereceived", lambda frame: isinstance(frame, str) and self.heard.append(json.loads(frame)))

    def open(self, url: str, state: str = "open") -> None:
        """Go to the page and wait until it shows this state of its connection."""
        self.tab.goto(url)
        self.tab.wait_for_selector(f"#state[data-state={state}]")

    def wait_open(self, seconds: float = 45.0) -> None:
        """Wait until the page shows that it is connected."""
        self.tab.wait_for_selector("#state[data-state=open]", timeout=seconds * 1000)

    def say(self, text: str) -> None:
        """Write a message and press Enter."""
        self.tab.fill("#text", text)
        self.tab.press("#text", "Enter")

    def ask(self, text: str) -> str:
        """Say something and return the whole answer."""
        before = len(self.rows("ai.done"))
        self.say(text)
        until(lambda: len(self.rows("ai.done")) > before, 30)
        return self.rows("ai.done")[-1]

    def rows(self, kind: str) -> list[str]:
        """The texts of the messages of a kind: `human`, `ai`, `ai.done`."""
        return self.tab.locator(f"#messages > li.{kind} > .body").all_inner_texts()

    def names(self) -> list[str]:
        """The titles in the list of chats."""
        return self.tab.locator("#histories .name").all_inner_texts()


@pytest.fixture
def opened(browser, server):
    """Open a page in a context of its own: `opened(locale=..., **options)`. No page may have had a script error.

    `script` runs in the page before its own, `address` is added to the page's, `state` is waited for, and `using` is
    another browser than that of all tests.
    """
    with contextlib.ExitStack() as contexts:
        pages = []

        def open_page(*, script="", address="", state="open", using=browser, **options):
            context = using.new_context(**{"locale": "en-US", "viewport": {"width": 1200, "height": 800}, **options})
            contexts.callback(context.close)
            context.add_init_script(script)
            pages.append(Page(context.new_page()))
            pages[-1].open(server.url + address, state)
            return pages[-1]

        yield open_page
        assert [page.problems for page in pages] == [[] for _ in pages]
