"""Containers that grow are measured and named, whatever they are; and nothing of the application's is ever called."""

import pytest

APP = """
import array, asyncio, collections, io, sys, threading, weakref
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

class Agent:
    def __init__(self): self.memory = []

class Hub:
    __slots__ = ("names",)
    def __init__(self): self.names = set()

class Liar:
    __module__ = 5
    __class__ = property(lambda self: int)
    def __getattr__(self, name): raise RuntimeError(name)
    def __eq__(self, other): raise RuntimeError
    def __hash__(self): return 1
    def __repr__(self): raise RuntimeError
    def __len__(self): raise RuntimeError
    def __sizeof__(self): raise RuntimeError
    def __bool__(self): raise RuntimeError

class Lengthy(list):
    def __len__(self): raise RuntimeError
    def __iter__(self): raise RuntimeError

ROWS, COUNTS, AGENT, HUB = [], {}, Agent(), Hub()
RECENT, BUFFER, STREAM, NUMBERS = collections.deque(maxlen=100), bytearray(), io.BytesIO(), array.array("d")
QUEUE, BOUNDED = asyncio.Queue(), asyncio.Queue(maxsize=1000)
LENGTHY, ODD = Lengthy(), []
WEAK = weakref.WeakValueDictionary()
DEEP = []
n = 0

async def leave(request):
    global n
    n += 1
    %s
    return PlainTextResponse("done")

app = Starlette(routes=[Route("/", leave)])
if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
"""
NESTED = """inner = DEEP
    for _ in range(10_000): inner = [inner]
    ROWS.extend(inner for _ in range(2)); DEEP.append(n)"""

CASES = {
    "list": ('ROWS.append({"at": n})', "module __main__/.ROWS", 1),
    "dict of atoms": ("COUNTS[str(n)] = n", "module __main__/.COUNTS", 1),
    "attribute": ("AGENT.memory.extend([n, n])", "module __main__/.AGENT/.memory", 2),
    "slot": ("HUB.names.add(n)", "module __main__/.HUB/.names", 1),
    "deque": ("RECENT.append(n)", "module __main__/.RECENT", 1),
    "bytearray": ("BUFFER.extend(bytes(1000))", "module __main__/.BUFFER", 1000),
    "BytesIO": ("STREAM.write(bytes(1000))", "module __main__/.STREAM", None),
    "array": ("NUMBERS.extend([1.0] * 200)", "module __main__/.NUMBERS", 200),
    "queue": ("QUEUE.put_nowait(n)", "module __main__/.QUEUE/._queue", 1),
    "bounded queue": ("BOUNDED.put_nowait(n)", "module __main__/.BOUNDED/._queue", 1),
    "list with methods that raise": ("LENGTHY.append(n)", "module __main__/.LENGTHY", 1),
    "liars": ("ODD.append(Liar())", "module __main__/.ODD", 1),
    "weak proxies": ("ODD.extend([weakref.proxy(AGENT), weakref.proxy(Agent())])", "module __main__/.ODD", 2),
    "nested ten thousand deep": (NESTED, "module __main__/.ROWS", 2),
}


@pytest.mark.parametrize("name", CASES)
def test_growing_container_is_measured_and_named(lab, name):
    """Ten sessions more make it longer by ten times what one adds, and its trace ends at the container."""
    snippet, shape, each = CASES[name]
    served = lab.start(APP % snippet)
    for _ in range(10):
        served.get()
    served.quiet()
    before = dict(served.ask("lengths", max_pause_ms=1000)["lengths"])
    for _ in range(10):
        served.get()
    served.quiet()
    after = dict(served.ask("lengths", max_pause_ms=1000)["lengths"])
    grown = {key: after[key] - before[key] for key in after if key in before and after[key] - before[key] >= 10}
    answer = served.ask("trace", containers=list(grown), max_pause_ms=1000)
    found = {held["shape"]: held for held in answer["held"]}
    assert shape in found
    assert not [other for other in found if "overstay" in other]
    held = found[shape]
    assert held["names"][0][2].endswith("app.py")
    growth = sum(grown[key] for key in held["containers"])
    assert growth == 10 * each if each else growth >= 5_000
    assert held["bound"] == {
        "deque": {"what": "maxlen", "size": 100},
        "bounded queue": {"what": "maxsize", "size": 1000},
    }.get(name)
    assert held["pin"] == ("shared-object" if name in ("attribute", "slot") else None)


STRANGE = """
class Strange(type):
    __flags__ = __name__ = __mro__ = property(lambda of: 1 / 0)
    def __getattribute__(of, name): raise RuntimeError(name)
    def __eq__(of, other): raise RuntimeError
    def __hash__(of): raise RuntimeError
    def __instancecheck__(of, thing): raise RuntimeError
    def __subclasscheck__(of, other): raise RuntimeError

class Library(metaclass=Strange):
    "As cffi's, it says that it is a module and stands among them; anything else raises."
    __class__ = property(lambda library: type(sys))
    __dict__ = property(lambda library: 1 / 0)
    def __getattribute__(library, name): raise RuntimeError(name)
    def __getattr__(library, name): raise RuntimeError(name)
    def __dir__(library): raise RuntimeError
    def __call__(library): raise RuntimeError

class Broken:
    __class__ = property(lambda broken: 1 / 0)

LIBRARY, BROKEN = Library(), Broken()
sys.modules["app.lib"] = sys.modules["broken.lib"] = LIBRARY
HELD = {"on_event": LIBRARY, "partial": functools.partial(LIBRARY), "broken": [BROKEN]}
threading.local().library = LIBRARY

ROWS, COUNTS"""


@pytest.mark.parametrize("pause", [1000, 0.0])
def test_look_at_objects_that_lie_and_raise_is_as_any_other(lab, pause):
    """A library of cffi's says that it is a module; metaclasses and classes raise whatever is asked: nothing is asked."""
    keep = 'ROWS.append([LIBRARY, BROKEN, Library]); sys.modules[f"lib{n}"] = LIBRARY'
    served = lab.start((APP % keep).replace("ROWS, COUNTS", STRANGE).replace("import array", "import functools, array"))
    for _ in range(31):
        served.get()
    served.quiet()
    lengths = served.ask("lengths", max_pause_ms=pause)
    assert lengths["how"] == ("fork" if pause else "in-process")
    as_long = [key for key, length in lengths["lengths"] if length == 31]
    shapes = [held["shape"] for held in served.ask("trace", containers=as_long, max_pause_ms=pause)["held"]]
    assert ("module __main__/.ROWS" in shapes) == (pause > 0)
    assert served.ask("look")["disarmed"] == {}


KEEPERS = """
class Room:
    __slots__ = ("names",)
    seen = frozenset()
    def __init__(self): self.names = ()

def recorder():
    recording = b""
    def record(sound):
        nonlocal recording
        recording = recording + sound
    return record

ROOM, SETTINGS, RECORD, TEXT = Room(), {"last": []}, recorder(), ""
ROWS, COUNTS"""

PLACES = {
    "variable of a module": ("globals().update(TEXT=TEXT + 'x' * 100)", "module __main__/.TEXT", 100),
    "attribute": ("AGENT.memory = AGENT.memory + [n, n]", "module __main__/.AGENT/.memory", 2),
    "slot": ("ROOM.names = (*ROOM.names, n)", "module __main__/.ROOM/.names", 1),
    "attribute of a class": ("Room.seen = Room.seen | {n}", "module __main__/.Room/.seen", 1),
    "entry of a dictionary": ("SETTINGS['last'] = [*SETTINGS['last'], n]", "module __main__/.SETTINGS[*]", 1),
    "app.state": (
        "request.app.state.log = getattr(request.app.state, 'log', b'') + bytes(100)",
        "module __main__/.app/.state/.log",
        100,
    ),
    "closure variable": (
        "RECORD(bytes(100))",
        "module __main__/.RECORD/closure variable recording of recorder.<locals>.record",
        100,
    ),
}


@pytest.mark.parametrize("name", PLACES)
def test_what_is_made_anew_and_longer_is_followed_by_its_place(lab, name):
    """Each time it is another object; what refers to it stays, and its trace ends there."""
    snippet, shape, each = PLACES[name]
    served = lab.start((APP % snippet).replace("ROWS, COUNTS", KEEPERS))
    for _ in range(10):
        served.get()
    served.quiet()
    before = {key: length for key, length, _ in served.ask("lengths", max_pause_ms=1000)["places"]}
    for _ in range(10):
        served.get()
    served.quiet()
    after = {key: length for key, length, _ in served.ask("lengths", max_pause_ms=1000)["places"]}
    grown = [key for key in before if key in after and after[key] - before[key] == 10 * each]
    served.ask("collect")
    told = served.ask("trace", containers=grown, max_pause_ms=1000)["held"]
    assert [held["shape"] for held in told] == [shape]
    (held,) = told
    assert held["containers"] == grown
    assert held["length"] == 20 * each
    assert [line["owner"] for line in held["references"]][-1]


def test_objects_of_compiled_classes_are_read_without_a_crash(printed, has_module):
    """mypyc gives a class a place for its dictionary that can lie beyond the object: mypy's own modules have such."""
    if not has_module("mypy"):
        pytest.skip("mypy is not installed beside the tests' servers")
    program = """if True:
        import gc, mypy.build
        from overstay_probe.census import places
        places.lengths(gc.get_objects(), is_copy=True)
        print("alive")
        """
    assert printed(program) == ["alive"]


def test_clean_server_has_no_place_whose_value_grows(lab):
    """Among all places of a server and its libraries none refers to something longer after forty requests."""
    served = lab.start((APP % "AGENT.memory = [*AGENT.memory, n][-20:]").replace("ROWS, COUNTS", KEEPERS))
    for _ in range(30):
        served.get()
    served.quiet()
    before = {key: length for key, length, _ in served.ask("lengths", max_pause_ms=1000)["places"]}
    for _ in range(40):
        served.get()
    served.quiet()
    after = {key: length for key, length, _ in served.ask("lengths", max_pause_ms=1000)["places"]}
    assert 20 in after.values()
    assert [key for key in before if key in after and after[key] >= before[key] + 3] == []


def test_container_that_a_library_fills_is_told_with_both_names(lab):
    """First the application's variable, which only has it, then the library's attribute, and where each is written."""
    packages = lab.folder / "site-packages"
    packages.mkdir()
    (packages / "feeds.py").write_text("""class Base:
    def __init__(self): self.readers = {}
    def greet(self, name): self.readers[name] = [name]
class Feed(Base): pass
""")
    source = APP % "FEED.greet(n)"
    served = lab.start(
        source.replace("ROWS, COUNTS", "FEED = Feed()\nROWS, COUNTS").replace(
            "import array", f"import sys; sys.path.append({str(packages)!r})\nfrom feeds import Feed\nimport array"
        )
    )
    for _ in range(20):
        served.get()
    served.quiet()
    as_long = [key for key, length in served.ask("lengths", max_pause_ms=1000)["lengths"] if length == 20]
    found = {held["shape"]: held for held in served.ask("trace", containers=as_long, max_pause_ms=1000)["held"]}
    names = [
        (name, holder, file.rpartition("/")[2])
        for name, holder, file in found["module __main__/.FEED/.readers"]["names"]
    ]
    assert names[0] == ("FEED", "module __main__", "app.py")
    assert names[1:3] == [("readers", "feeds.Feed", "feeds.py"), ("readers", "feeds.Base", "feeds.py")]


def test_array_of_numpy_is_measured_in_bytes(lab, has_module):
    """An array that grows in its place, as one of a class derived from it does; the probe itself never imports numpy."""
    if not has_module("numpy"):
        pytest.skip("numpy is not installed beside the tests' servers")
    arrays = """class Samples(numpy.ndarray): pass
ARRAY, SAMPLES = numpy.zeros(160, dtype="u1"), Samples(shape=160, dtype="u1")
ROWS, COUNTS"""
    grow = "ARRAY.resize(ARRAY.size + 320, refcheck=False); SAMPLES.resize(SAMPLES.size + 320, refcheck=False)"
    served = lab.start((APP % grow).replace("ROWS, COUNTS", arrays).replace("import array", "import numpy, array"))
    served.get()
    served.quiet()
    before = dict(served.ask("lengths", max_pause_ms=1000)["lengths"])
    for _ in range(10):
        served.get()
    served.quiet()
    after = dict(served.ask("lengths", max_pause_ms=1000)["lengths"])
    grown = [key for key in after if key in before and after[key] - before[key] == 3200]
    found = {held["shape"]: held for held in served.ask("trace", containers=grown, max_pause_ms=1000)["held"]}
    assert {"module __main__/.ARRAY", "module __main__/.SAMPLES"} <= set(found)
    assert found["module __main__/.ARRAY"]["length"] == 160 + 11 * 320


def test_look_that_fails_is_told_and_costs_nothing_else(lab):
    """What failed is not tried again, and why is told; every other question has its answer."""
    broken = """if n == 1:
        from overstay_probe.census import graph
        graph.gc = None"""
    served = lab.start(APP % broken)
    served.ask("look")
    served.get()
    for question in ({"ask": "trace", "containers": []}, {"ask": "lengths"}):
        answer = served.ask(question.pop("ask"), max_pause_ms=1000, **question)
        assert (answer["how"], answer.get("held"), answer.get("lengths")) == ("skipped", None, None)
    assert served.quiet()["disarmed"] == {
        "memory": "LookFailed: AttributeError: 'NoneType' object has no attribute 'get_referents'"
    }
    assert served.get() == b"done"


def test_clean_server_has_no_growing_container(lab):
    """Forty requests make nothing longer, neither of the server's nor of ours."""
    served = lab.start(APP % "pass")
    for _ in range(20):
        served.get()
    served.quiet()
    before = dict(served.ask("lengths", max_pause_ms=1000)["lengths"])
    for _ in range(40):
        served.get()
    served.quiet()
    after = dict(served.ask("lengths", max_pause_ms=1000)["lengths"])
    grown = [key for key in after if key in before and after[key] - before[key] >= 20]
    answer = served.ask("trace", containers=grown, max_pause_ms=1000)
    assert [held["shape"] for held in answer["held"]] == []


def test_containers_that_change_while_we_look(lab):
    """A hundred thousand elements that a thread adds and takes away while we fork, and while we search without a fork."""
    busy = """if n == 1: threading.Thread(target=churn, daemon=True).start()"""
    source = (
        APP % busy
        + """
"""
    )
    source = source.replace(
        "ROWS, COUNTS",
        """def churn():
    while True:
        for number in range(100_000): COUNTS[number] = [number]
        COUNTS.clear()

ROWS, COUNTS""",
    )
    served = lab.start(source)
    served.get()
    served.quiet()
    for pause in (1000, 0.5):
        for _ in range(5):
            answer = served.ask("lengths", max_pause_ms=pause)
            assert answer["how"] == ("fork" if pause == 1000 else "in-process")
            keys = [key for key, _ in answer["lengths"]]
            assert "error" not in served.ask("trace", containers=keys, max_pause_ms=pause)
    assert served.get() == b"done"


def test_process_at_its_memory_limit_is_left_alone(lab):
    """Too little memory for a snapshot: it is said and skipped, and the server goes on."""
    limit = """if n == 1:
        import resource
        size = int(open("/proc/self/statm").read().split()[0]) * 4096
        resource.setrlimit(resource.RLIMIT_AS, (size + 4_000_000, size + 4_000_000))"""
    served = lab.start(APP % limit)
    served.ask("look")
    served.get()
    answer = served.ask("lengths", max_pause_ms=1000)
    assert answer["how"] == "skipped"
    assert "memory" in answer["why"]
    assert served.get() == b"done"
