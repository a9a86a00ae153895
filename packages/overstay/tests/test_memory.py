"""What stays in memory, on real servers: proved soon where it leaks, and never said of one that does not."""

import pytest

from overstay.memory import held_of

APP = """
import asyncio, collections, functools
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

ROWS, CLIENTS, LAST = [], {{}}, collections.deque(maxlen=50)
CACHE = collections.OrderedDict()

def row():
    return {{"text": "x" * 1000}}

class Agent:
    def __init__(self):
        self.memory = []
        self.client, self.heard = None, []
    def hear(self, text):
        self.memory.append(text)
        {hear}
    def close(self):
        self.client = None
    @functools.lru_cache(maxsize=None)
    def price_for(self, client):
        return 2

@functools.lru_cache(maxsize=None)
def size_for(client):
    return 1

AGENT = Agent()

async def chat(client: WebSocket):
    await client.accept()
    {leave}
    await client.send_text("welcome")
    async for text in client.iter_text():
        AGENT.hear(text)
        await client.send_text(text)
    AGENT.close()

app = Starlette(routes=[WebSocketRoute("/ws", chat)])
"""
UVICORN = ("uvicorn", "app:app", "--port", "{port}", "--log-level", "warning")
FORGET = "self.memory.clear()"
LOUD = ("--departures", "close,going-away,reset", "--settle", "3", "--second-look", "0")


@pytest.fixture
def visited(doctor):
    """Visits a server with these two lines and returns the report."""

    def visit(*options, leave="pass", hear=FORGET, visit=""):
        doctor.write("app.py", APP.format(leave=leave, hear=hear))
        if visit:
            doctor.write("visit.py", visit)
            options = (*options, "--visit", "visit.py")
        outcome = doctor(*UVICORN, options=(*LOUD, *options), url="ws://127.0.0.1:{port}/ws")
        assert outcome.report is not None, outcome.err
        return outcome.report

    return visit


@pytest.mark.slow
def test_kilobyte_kept_per_session_is_proved_within_a_hundred_sessions(visited):
    """A dictionary in a module's list: one per session, its line, and the list as the owner."""
    report = visited("--sessions", "25", leave="ROWS.append(row())")
    assert report["run"]["sessions"] <= 100
    (finding,) = report["findings"]
    assert (finding["rule"], finding["verdict"]) == ("container-grows", "leak")
    assert finding["rate"]["per_session"] == 1.0
    assert finding["site"]["line"] == 34
    assert [step["reference"] for step in finding["trace"]] == ["module app", ".ROWS"]
    assert finding["trace"][-1]["owner"]


@pytest.mark.slow
def test_list_made_anew_and_longer_is_told_as_one_that_grows(visited):
    """`heard = heard + [row]`: one a session, the statement that extends it, and the attribute as the owner."""
    report = visited("--sessions", "25", leave="AGENT.heard = AGENT.heard + [row()]")
    (finding,) = report["findings"]
    assert (finding["rule"], finding["verdict"]) == ("container-grows", "leak")
    assert finding["rate"]["per_session"] == 1.0
    assert finding["site"]["line"] == 34
    assert [step["reference"] for step in finding["trace"]] == ["module app", ".AGENT", ".heard"]


@pytest.mark.slow
def test_list_made_anew_and_no_longer_is_silent(visited):
    """The clean twin keeps the last twenty."""
    leave = "AGENT.heard = [*AGENT.heard, row()][-20:]"
    assert visited("--sessions", "25", leave=leave)["findings"] == []


@pytest.mark.slow
def test_kept_connection_is_proved_within_twelve_sessions(visited):
    """What reaches an object that a session owned is proof."""
    report = visited("--sessions", "3", leave="CLIENTS[id(client)] = client")
    assert report["run"]["sessions"] <= 12
    (finding,) = report["findings"]
    assert (finding["rule"], finding["verdict"]) == ("object-outlives-session", "leak")
    assert finding["site"]["line"] == 34
    assert finding["trace"][0]["reference"] == "module app"
    assert finding["trace"][1]["reference"].startswith(".CLIENTS[")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("leave", "name", "line", "fix"),
    [
        ("size_for(client)", "size_for", 26, "keeps every argument of `size_for`"),
        ("AGENT.price_for(client)", "Agent.price_for", 22, "`lru_cache` on a method"),
    ],
)
def test_cached_function_is_told_by_its_own_name(visited, leave, name, line, fix):
    """Its line is where it is defined, and of a function that is no method nothing is said about `self`."""
    (finding,) = visited("--sessions", "3", "--lang", "en", leave=leave)["findings"]
    assert finding["title"].endswith(f"kept by {name}")
    assert finding["site"]["line"] == line
    assert fix in finding["fix"]["summary"]


@pytest.mark.slow
@pytest.mark.parametrize("departures", ["close,reset", "close,reset,vanish"])
def test_cycle_that_nearly_every_session_leaves_is_told_as_pressure(visited, departures):
    """No leak: the collector frees it. Of clients that left without a word, whose sessions go on, none is expected."""
    report = visited("--sessions", "12", "--departures", departures, leave="client.state.me = client")
    assert {finding["rule"] for finding in report["findings"]} <= {"session-never-ends"}
    assert [kept["rule"] for kept in report["kept"]] == ["cycle-pressure"]


@pytest.mark.slow
def test_no_cycle_is_no_pressure(visited):
    """The clean twin."""
    report = visited("--sessions", "12", "--departures", "close,reset", leave="client.state.me = id(client)")
    assert (report["findings"], report["kept"]) == ([], [])


LIMIT = """import resource
    size = int(open("/proc/self/statm").read().split()[0]) * 4096 + 12_000_000
    resource.setrlimit(resource.RLIMIT_AS, (size, resource.RLIM_INFINITY))"""


@pytest.mark.slow
@pytest.mark.parametrize(("language", "said"), [("en", "MB are left to the server"), ("zh", "MB 可用")])
def test_server_at_its_memory_limit_goes_on_and_the_report_says_that_its_memory_was_not_seen(visited, language, said):
    """A snapshot might not fit, so none is made."""
    report = visited("--sessions", "6", "--lang", language, leave=LIMIT)
    assert report["run"]["sessions"] == 6
    assert [note for note in report["run"]["notes"] if said in note], report["run"]["notes"]


@pytest.mark.slow
def test_many_sessions_of_a_server_that_keeps_nothing_are_silent(visited):
    """No false alarm, neither of the server's containers nor of ours; bench/memory makes a thousand of them."""
    report = visited("--sessions", "300", leave="LAST.append(row()); CACHE[id(client) % 40] = row()")
    assert report["run"]["sessions"] == 300
    assert report["findings"] == []
    assert report["verdict"] == "clean"


@pytest.mark.slow
def test_growth_is_told_per_session_and_per_message_with_what_close_forgets(visited):
    """Two messages a session are two elements a session and one a message; `close` runs, and does not empty it."""
    twice = """
        async def visit(client):
            await client.connect()
            for text in ("one", "two"):
                await client.send(text)
                async with client.reply():
                    await client.expect(text)
        """
    report = visited("--sessions", "20", "--lang", "en", hear="pass", visit=twice)
    (finding,) = report["findings"]
    assert finding["rule"] == "container-grows"
    assert finding["rate"]["per_session"] == 2.0
    assert "1.0 per message sent" in finding["evidence"]
    assert "`close` leaves `memory` as it is" in finding["evidence"]
    assert finding["suspect"] == 2


@pytest.fixture
def told(tmp_path):
    """Returns what a probe tells of a container that an application's variable has and a library's attribute is."""

    def tell(application, library, key=1):
        (tmp_path / "app.py").write_text(application)
        (tmp_path / "feeds.py").write_text(library)
        names = [("FEED", "module app", str(tmp_path / "app.py")), ("readers", "Feed", str(tmp_path / "feeds.py"))]
        row = {
            "shape": "",
            "root": "",
            "references": [],
            "names": names,
            "containers": [key],
            "kind": "dict",
            "sessions": [],
            "roles": {},
            "via": None,
            "pin": None,
            "bound": None,
            "bytes": 0,
        }
        (held,) = held_of(1, {"held": [row]})
        return held

    return tell


FILLS = "class Feed:\n    def greet(self, name): self.readers[name] = 1\n"


def test_application_that_fills_a_container_is_named(told):
    """Where both put something in, it is the application's line."""
    assert told("def chat(name): FEED.add(name)\n", FILLS).name == "FEED"


def test_library_that_fills_what_the_application_only_has_is_named(told):
    """The application makes it and calls it, and the library's line is the nearest that puts something in."""
    held = told("FEED = Feed()\ndef chat(name): FEED.greet(name)\n", FILLS)
    assert (held.name, held.holder) == ("readers", "Feed")


@pytest.mark.parametrize("library", ["class Feed: pass\n", "not Python ("])
def test_application_is_named_where_nobody_is_seen_to_fill(told, library):
    """What is filled in C, or in a source that cannot be read, is the application's."""
    assert told("FEED = Feed()\n", library).name == "FEED"


def test_application_that_makes_a_thing_anew_is_named(told):
    """A place is filled where it is assigned."""
    assert told("FEED = Feed()\n", FILLS, key="100 FEED").name == "FEED"
