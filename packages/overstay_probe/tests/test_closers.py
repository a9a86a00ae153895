"""Closers are watched while a tool asks for it: a row a session, and the application sees nothing of it."""

import pytest

APP = """
import asyncio, inspect

class Base:
    def __init__(self):
        self.ended = []
    async def aclose(self):
        self.ended.append("base")

class Derived(Base):
    async def aclose(self):
        await super().aclose()
        self.ended.append("derived")

class Plain:
    class Inner:
        def close(self, *, hard: bool = False) -> str:
            "End it."
            if hard:
                raise LookupError("hard")
            return "closed"
    def fill(self):
        return "filled"

class Meta(type):
    def __setattr__(cls, name, value):
        raise RuntimeError("nobody sets this")
    def __eq__(cls, other):
        raise RuntimeError("nobody compares this")
    __hash__ = type.__hash__

class Strange(metaclass=Meta):
    def close(self):
        return "strange"

class Odd(metaclass=type("Bare", (type,), {"__eq__": Meta.__eq__, "__hash__": None})):
    def close(self):
        return "odd"

async def derived():
    thing = Derived()
    await thing.aclose()
    return ".".join(thing.ended)

async def plain():
    return Plain.Inner().close()

async def hard():
    try:
        Plain.Inner().close(hard=True)
    except LookupError as error:
        return str(error)

async def strange():
    return Strange().close() + Odd().close()

async def fill():
    return Plain().fill()

async def looks():
    close, aclose = Plain.Inner.close, Derived.aclose
    return f"{inspect.signature(close)} {close.__doc__} {close.__qualname__} {inspect.iscoroutinefunction(aclose)}"

async def wrapped():
    methods = [Plain.Inner.close, Plain.fill, Base.__init__, Base.aclose, Derived.aclose, Strange.close, Odd.close]
    return str([hasattr(method, "overstay_wrapped") for method in methods].count(True))

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"].endswith("shutdown"):
                return
    told = await globals()[scope["path"][1:]]()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": told.encode()})
"""
COMMAND = ["uvicorn", "app:app", "--port", "{port}", "--no-access-log"]


@pytest.fixture
def served(lab):
    """A server whose closers are watched."""
    server = lab.start(APP, COMMAND)
    server.get("/wrapped")
    server.ask("closers", others=[])
    return server


def ran(served):
    """Return what the journal says of closers: the class's name and the method, by session."""
    names = {each["number"]: each["name"] for each in served.ask("closers", others=[])["classes"]}
    served.quiet()
    return [(number, names[owner], method) for event, number, owner, method, *_ in _rows(served) if event == "ran"]


def _rows(served):
    return [row for row in served.ask("journal") if len(row) == 4]


def test_derived_class_that_calls_its_base_is_told_once_a_session(served):
    """By the class that the object has; that the base's own ran is the same row."""
    assert [served.get("/derived") for _ in range(2)] == [b"base.derived"] * 2
    assert ran(served) == [
        (2, "Derived", "__init__"),
        (2, "Derived", "aclose"),
        (3, "Derived", "__init__"),
        (3, "Derived", "aclose"),
    ]


def test_result_and_exception_are_the_applications(served):
    """A closer that raises has run."""
    assert (served.get("/plain"), served.get("/hard")) == (b"closed", b"hard")
    assert ran(served) == [(2, "Plain.Inner", "close"), (3, "Plain.Inner", "close")]


def test_watched_function_looks_as_it_did(served):
    """Signature, documentation, name, and whether it is a coroutine function."""
    assert served.get("/looks") == b"(self, *, hard: bool = False) -> str End it. Plain.Inner.close True"


def test_class_whose_metaclass_sets_attributes_is_left_alone(served):
    """Nor is a class compared or hashed, whose metaclass says how."""
    assert served.get("/strange") == b"strangeodd"
    assert [name for _, name, _ in ran(served)] == ["Odd"]
    assert served.quiet()["disarmed"] == {}


def test_method_that_the_tool_names_is_watched_too(served):
    """One that does not exist, or of a class that was not found, is no error."""
    file = next(each["file"] for each in served.ask("closers", others=[])["classes"] if each["name"] == "Plain")
    served.ask("closers", others=[[file, "Plain", "fill"], [file, "Plain", "none"], ["/etc/passwd", "x", "y"]])
    assert served.get("/fill") == b"filled"
    assert ran(served) == [(2, "Plain", "fill")]


def test_everything_is_as_before_when_the_tool_has_left(served):
    """The classes have their own functions again."""
    assert served.get("/wrapped") == b"5"
    for link in served._links.values():
        link.close()
    served._links.clear()
    assert any(served.get("/wrapped") == b"0" for _ in range(1000)), "the closers are the application's again"
