"""Visit files that cannot be used, and visits that fail."""

import asyncio
import sys

import pytest

from overstay.errors import TargetError, UsageError
from overstay.visits import Departure, VisitScript


async def welcome(peer):
    """Welcome a WebSocket client and wait for its end."""
    await peer.accept_websocket()
    await peer.say("welcome")
    await peer.read_to_end()


def problem_of(bench, body, departure=Departure.GOING_AWAY, talk=welcome, scheme="ws", **options):
    async def main():
        async with bench.recording(talk) as server:
            record = await bench.visit(f"{scheme}://127.0.0.1:{server.port}", departure, body, **options)
            assert [c.port for c in record.connections] == [peer.port for peer in server.peers]
            await server.all_done()
            return record

    record = asyncio.run(main())
    if record.problem is not None:
        assert (record.exercised, record.why_not) == (False, "visit.why-failed")
    return record.problem


def load(tmp_path, text, **options):
    file = tmp_path / "visit.py"
    file.write_text(text, encoding="utf-8")
    return VisitScript.load(file, **options)


def test_missing_file_is_named(tmp_path):
    """The error quotes the path and the operating system's reason."""
    with pytest.raises(UsageError) as caught:
        VisitScript.load(tmp_path / "nowhere.py")
    assert caught.value.slug == "visit.script-unreadable"
    assert caught.value.values == {"file": str(tmp_path / "nowhere.py"), "error": "No such file or directory"}


def test_syntax_error_is_shown_with_its_line(tmp_path):
    """Nobody needs a traceback to find it."""
    with pytest.raises(UsageError) as caught:
        load(tmp_path, "async def visit(client):\n    await (\n")
    assert caught.value.slug == "visit.script-syntax"
    assert caught.value.values["line"] == 2


@pytest.mark.parametrize("text", ["", "def visit(client):\n    pass\n", "visit = 3\n"])
def test_file_without_async_visit_is_refused(tmp_path, text):
    """A plain function would block every other visit."""
    with pytest.raises(UsageError) as caught:
        load(tmp_path, text)
    assert caught.value.slug == "visit.script-no-visit"


@pytest.mark.parametrize("text", ["\nimport nothing_like_this\n", "\nraise SystemExit(3)\n", "\n1 / 0\n"])
def test_error_while_loading_is_shown_with_its_line(tmp_path, text):
    """What the file raises on import is the user's to mend."""
    with pytest.raises(UsageError) as caught:
        load(tmp_path, text)
    assert caught.value.slug == "visit.script-raised"
    assert caught.value.values["line"] == 2


def test_file_may_import_its_neighbours_and_leaves_no_cache(tmp_path):
    """The folder of the file is on the path while it is loaded, and only then."""
    (tmp_path / "neighbour_of_visit.py").write_text("WORD = 'hi'\n", encoding="utf-8")
    before = list(sys.path)
    load(tmp_path, "from neighbour_of_visit import WORD\nasync def visit(client):\n    await client.send(WORD)\n")
    del sys.modules["neighbour_of_visit"]
    assert sys.path == before
    assert not list(tmp_path.glob("__pycache__/visit*"))


def test_exception_in_a_visit_is_reported_with_file_and_line(bench):
    """The line is the visit file's, not ours."""
    problem = problem_of(
        bench,
        """
        async def visit(client):
            await client.connect()
            {}["missing"]
        """,
    )
    assert isinstance(problem, UsageError)
    assert problem.slug == "visit.script-raised"
    assert problem.values == {"file": str(bench.folder / "visit.py"), "line": 4, "error": "KeyError: 'missing'"}


def test_sys_exit_in_a_visit_does_not_end_the_run(bench):
    """It is an error of the visit file like any other."""
    problem = problem_of(
        bench, "import sys\nasync def visit(client):\n    await client.connect()\n    sys.exit('bye')\n"
    )
    assert problem.slug == "visit.script-raised"
    assert problem.values["error"] == "SystemExit: bye"


@pytest.mark.slow
def test_visit_that_hangs_is_ended_and_its_line_named(bench):
    """The whole visit has a limit, however it waits."""
    problem = problem_of(
        bench,
        """
        import asyncio

        async def visit(client):
            await client.connect()
            await asyncio.Event().wait()
        """,
        visit_timeout=0.3,
    )
    assert isinstance(problem, UsageError)
    assert problem.slug == "visit.script-hung"
    assert problem.values == {"file": str(bench.folder / "visit.py"), "line": 6, "seconds": 0.3}


@pytest.mark.parametrize("line", ["time.sleep(60)", "while True: pass"])
@pytest.mark.parametrize("is_in_group", [False, True])
def test_visit_that_blocks_is_ended_and_its_line_named(bench, line, is_in_group):
    """It holds up the loop that would time it out, and is ended all the same; in a task of its own, too."""
    call = "async with asyncio.TaskGroup() as group: group.create_task(block())" if is_in_group else "await block()"
    problem = problem_of(
        bench,
        f"""
        import asyncio, time

        async def block():
            {line}

        async def visit(client):
            await client.connect()
            {call}
        """,
        visit_timeout=0.3,
    )
    assert isinstance(problem, UsageError)
    assert problem.slug == "visit.script-blocks"
    assert problem.values == {"file": str(bench.folder / "visit.py"), "line": 5, "seconds": 0.3}


def test_file_that_blocks_while_loading_is_ended(tmp_path):
    """Its own first lines may not hang either."""
    with pytest.raises(UsageError) as caught:
        load(tmp_path, "import time\ntime.sleep(60)\n", seconds=0.2)
    assert caught.value.slug == "visit.script-blocks"
    assert caught.value.values["line"] == 2


def test_expect_that_times_out_says_what_it_waited_for(bench):
    """The seconds are those that the visit file gave."""
    problem = problem_of(
        bench,
        """
        async def visit(client):
            await client.connect()
            await client.expect("done", timeout=0.2)
        """,
    )
    assert isinstance(problem, TargetError)
    assert (problem.slug, problem.values) == ("visit.no-reply", {"waited_for": "done", "seconds": 0.2})


def test_a_server_that_ends_while_the_visit_waits_is_named_as_the_reason(bench):
    """The close code of the server is quoted."""

    async def talk(peer):
        await peer.accept_websocket()
        await peer.send(b"\x88\x02\x03\xf3")
        await peer.read_to_end()

    problem = problem_of(
        bench,
        """
        import re

        async def visit(client):
            await client.connect()
            await client.expect(re.compile("don."))
        """,
        talk=talk,
    )
    assert isinstance(problem, TargetError)
    assert (problem.slug, problem.values) == ("visit.ended-by-server", {"waited_for": "don.", "how": "Close 1011"})


def test_problem_inside_a_task_group_of_the_visit_is_unwrapped(bench):
    """The group itself is of no interest to anybody."""
    problem = problem_of(
        bench,
        """
        import asyncio

        async def visit(client):
            await client.connect()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(client.expect("done", timeout=0.1))
        """,
    )
    assert problem.slug == "visit.no-reply"


def test_using_a_client_before_it_is_connected_is_explained(bench):
    """No connection is made at all."""
    problem = problem_of(bench, "async def visit(client):\n    await client.send('hi')\n")
    assert (problem.slug, problem.values) == ("visit.not-connected", {"call": "send"})


def test_sending_on_an_http_connection_is_explained(bench):
    """HTTP takes a body with its request and nothing after it."""

    async def talk(peer):
        await peer.read_to(b"\r\n\r\n")
        await peer.send(b"HTTP/1.1 204 No Content\r\n\r\n")
        await peer.read_to_end()

    problem = problem_of(
        bench,
        "async def visit(client):\n    await client.connect()\n    await client.send('hi')\n",
        talk=talk,
        scheme="http",
    )
    assert problem.slug == "visit.send-on-http"


def test_connecting_to_another_server_is_refused(bench):
    """Nobody would count its sessions."""
    problem = problem_of(bench, "async def visit(client):\n    await client.connect('ws://127.0.0.1:1/')\n")
    assert problem.slug == "visit.other-server"


@pytest.mark.parametrize("departure", [Departure.MID_HANDSHAKE, Departure.MID_UPLOAD, Departure.MID_REPLY])
def test_except_exception_does_not_keep_a_leaving_client(bench, departure):
    """Leaving passes through a visit file that catches every Exception, and its cleanup runs without harm."""
    assert (
        problem_of(
            bench,
            """
            async def visit(client):
                try:
                    await client.connect()
                    async with client.reply():
                        await client.send("hi")
                        await client.expect("welcome")
                except Exception:
                    raise AssertionError("leaving was caught")
                finally:
                    await client.send("bye")
            """,
            departure=departure,
            talk=talk_back,
        )
        is None
    )


async def talk_back(peer):
    """Answer each message of a WebSocket client."""
    await peer.accept_websocket()
    while peer.end is None:
        if await peer.hear():
            await peer.say("welcome")


def test_a_visit_without_a_connection_leaves_nothing_to_exercise(bench):
    """The record says so instead of counting a departure."""

    async def main():
        return await bench.visit("ws://127.0.0.1:9", Departure.RESET, "async def visit(client):\n    pass\n")

    record = asyncio.run(main())
    assert (record.exercised, record.why_not, record.connections) == (False, "visit.why-no-connection", ())
