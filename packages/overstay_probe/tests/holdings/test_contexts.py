"""Contexts of threads and jobs are the application's: a session is added to them and nothing is taken away.

What differs between Pythons is tried on the one that OVERSTAY_TEST_PYTHON names.
"""

import pytest

PROGRAM = """
import asyncio, concurrent.futures, contextvars, sys, threading
import overstay_probe
from overstay_probe import _trouble
from overstay_probe._ledger import current

variable = contextvars.ContextVar("variable", default="lost")
seen = []

def note():
    seen.append((variable.get(), current.get()))

def in_thread():
    thread = threading.Thread(target=note)
    thread.start()
    thread.join()

overstay_probe.install()
variable.set("kept")
"""
INHERITING = ("-X", "thread_inherit_context=1")
"""The option of 3.14 that is the default of a free-threaded build; an older Python takes no notice of it."""


@pytest.mark.parametrize("options", [(), INHERITING], ids=["default", "inheriting"])
def test_thread_of_a_session_has_the_variables_that_a_thread_has_without_one(printed, options):
    """Whether a thread inherits its starter's variables is Python's choice, and the session comes on top."""
    body = """
in_thread()
with overstay_probe.session():
    in_thread()
assert seen == [(seen[0][0], 0), (seen[0][0], 1)], seen
assert _trouble.disarmed() == {}
"""
    assert printed(PROGRAM + body, *options) == []


@pytest.mark.parametrize("options", [(), INHERITING], ids=["default", "inheriting"])
def test_worker_of_a_pool_is_in_no_session_between_its_jobs(printed, options):
    """A pool's thread that a session was the first to need does other jobs later, which are not the session's."""
    body = """
with concurrent.futures.ThreadPoolExecutor(1) as pool:
    with overstay_probe.session():
        pool.submit(note).result()
    pool.submit(note).result()
assert [number for _, number in seen] == [1, 0], seen
"""
    assert printed(PROGRAM + body, *options) == []


def test_job_for_another_interpreter_reaches_it(printed):
    """Only what can be pickled gets there, so the job goes as the application gave it, and is known all the same."""
    body = """
from overstay_probe import holdings
if not hasattr(concurrent.futures, "InterpreterPoolExecutor"):
    print("none")
    raise SystemExit
import time
with concurrent.futures.InterpreterPoolExecutor(1) as pool:
    with overstay_probe.session():
        job = pool.submit(time.sleep, 0.5)
        print(*[row["session"] for row in holdings.alive() if row["kind"] == "job"])
    job.result()
"""
    words = printed(PROGRAM + body)
    if words == ["none"]:
        pytest.skip("InterpreterPoolExecutor is new in Python 3.14")
    assert words == ["1"]


@pytest.mark.parametrize("way", ["factory", "argument"])
def test_eager_task_is_known_with_its_line_and_one_that_is_done_at_once_is_not(printed, way):
    """An eager task begins, and can be done, before create_task returns."""
    body = f"""
from overstay_probe import _site, holdings
way = "{way}"
options = dict(eager_start=True) if way == "argument" else dict()

async def wait():
    await asyncio.Event().wait()

async def leave_at_once():
    pass

async def main():
    if way == "factory":
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
    with overstay_probe.session():
        kept = asyncio.create_task(wait(), **options); line = sys._getframe().f_lineno
        assert asyncio.create_task(leave_at_once(), **options).done()
    tasks = [row for row in holdings.alive() if row["kind"] == "task"]
    lines = [_site.described(_site.numbered(row["site"]).where)["line"] for row in tasks]
    assert [row["session"] for row in tasks] == [1] and lines == [line], tasks
    kept.cancel()

if sys.version_info >= ((3, 12) if way == "factory" else (3, 14)):
    asyncio.run(main())
else:
    print("none")
"""
    words = printed(PROGRAM + body)
    if words == ["none"]:
        pytest.skip("eager tasks are new in Python 3.12, the argument in 3.14")
    assert words == []
