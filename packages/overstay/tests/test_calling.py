"""What keeps a closer from being called, read from sources of every shape; and nothing where they do not say."""

import textwrap

import pytest

from overstay.calling import Obstacle, guard_for_absent, obstacle

AGENT = """
class Agent:
    async def close(self): ...
"""


@pytest.fixture
def why(tmp_path):
    """Returns why `Agent.close` is not called in a program, without the file's path."""

    def ask(program):
        paths = [tmp_path / name for name in ("agent.py", "app.py")]
        for path, text in zip(paths, (AGENT, program), strict=True):
            path.write_text(textwrap.dedent(text))
        found = obstacle(tuple(map(str, paths)), "Agent", "close")
        return found and (found.what, found.code)

    return ask


def test_guard_is_found_through_the_names_that_the_object_is_given(why):
    """Made in one function, handed on by name, and asked for its method in another one."""
    program = """
    class Context:
        def load(self, engine): self.agent_engine = engine
        async def end(self):
            if self.agent_engine and hasattr(self.agent_engine, "close"):
                await self.agent_engine.close()
    Context().load(engine=Agent())
    """
    assert why(program) == ("guard", "hasattr(self.agent_engine, 'close')")


@pytest.mark.parametrize(
    "lookup",
    ["agent = AGENTS.get(uid)", "agent = AGENTS.pop(uid, None)", "agent = AGENTS[uid] if uid in AGENTS else None"],
)
@pytest.mark.parametrize("removal", ["AGENTS.pop(uid)", "del AGENTS[uid]", "AGENTS.clear()"])
def test_object_that_is_thrown_away_first_is_found(why, removal, lookup):
    """However it is taken out, and however it is looked up afterwards."""
    program = f"""
    def begin(uid): AGENTS[uid] = Agent()
    async def end(uid):
        try:
            {removal}
        finally:
            {lookup}
            if agent:
                await agent.close()
    """
    assert why(program) == ("popped", removal)


def test_object_that_is_thrown_away_in_another_branch_is_not_meant(why):
    """What comes first in the file need not come first."""
    program = """
    def begin(uid): AGENTS[uid] = Agent()
    async def end(uid, kicked):
        if kicked:
            AGENTS.pop(uid)
        else:
            await AGENTS[uid].close()
    """
    assert why(program) is None


def test_object_that_is_looked_up_to_be_closed_is_not_thrown_away(why):
    """`pop` is the usual way to it."""
    program = """
    def begin(uid): AGENTS[uid] = Agent()
    async def end(uid):
        agent = AGENTS.pop(uid)
        await agent.close()
    """
    assert why(program) is None


def test_condition_about_something_else_is_no_guard(why):
    """Only one about the object may be why it is not closed."""
    program = """
    def begin(uid): AGENTS[uid] = Agent()
    async def end(uid):
        if VERBOSE:
            await AGENTS[uid].close()
    """
    assert why(program) is None


@pytest.mark.parametrize(
    ("use", "told"),
    [("", ("uncalled", "")), ("at_end(agent.close)", None), ("getattr(agent, 'close')()", None)],
)
def test_closer_is_uncalled_only_where_no_line_names_it(why, use, told):
    """Neither a call nor the name in any other place."""
    assert why(f"agent = Agent()\n{use}\n") == told


def test_closer_of_another_object_is_not_meant(why):
    """A name that no `Agent` is given is another's."""
    assert why("agent = Agent()\ndef end(file):\n    if file: file.close()\n") is None


def test_source_that_cannot_be_read_says_nothing(tmp_path):
    """A file that is no Python, and one that is not there."""
    broken = tmp_path / "app.py"
    broken.write_text("class Agent:\n  def close(")
    files = (str(broken), str(tmp_path / "none.py"))
    assert guard_for_absent(files, "Agent", frozenset()) is None
    assert obstacle(files, "Agent", "close") == Obstacle("uncalled")


def test_method_that_a_class_is_asked_for_in_vain_is_found(tmp_path):
    """With annotations, where the object comes as an argument; what the class has is not meant."""
    path = tmp_path / "app.py"
    path.write_text("async def end(engine: 'Agent'):\n    if hasattr(engine, 'close'):\n        await engine.close()\n")
    found = guard_for_absent((str(path),), "Agent", frozenset({"aclose"}))
    assert found == ("close", Obstacle("guard", str(path), 2, "hasattr(engine, 'close')"))
    assert guard_for_absent((str(path),), "Agent", frozenset({"close"})) is None
    assert guard_for_absent((str(path),), "Other", frozenset({"aclose"})) is None
