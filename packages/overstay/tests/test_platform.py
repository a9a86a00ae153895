"""Nothing but the platform modules knows what only Unix has."""

import subprocess
import sys
import textwrap

PROGRAM = """
import sys
sys.modules["fcntl"] = None  # an import of it fails from here on

import asyncio, contextlib, io, json, os, socket, tempfile
import psutil  # of Linux, it needs on being imported what is taken away below
del os.fork, os.register_at_fork
from pathlib import Path

os.environ["OVERSTAY_RUNTIME"] = tempfile.mkdtemp()
from overstay_probe import _platform
_platform.PROC = "/there-is-no-proc"


async def forever():
    await asyncio.Event().wait()


async def main():
    del socket.AF_UNIX  # the loop needed it for its own pipe
    import overstay_probe
    from overstay.observation import Observer

    overstay_probe.install()
    kept = []
    with overstay_probe.session(path="/chat", client=("127.0.0.1", 5001)):
        kept.append(asyncio.create_task(forever()))
        kept.append(asyncio.get_running_loop().call_later(60, print))
        kept.append(socket.socket())
        handle, path = tempfile.mkstemp()
    folder = Path(os.environ["OVERSTAY_RUNTIME"])
    (address,) = folder.glob("*.json")
    assert json.loads(address.read_text())["address"][0] == "127.0.0.1"
    observer = Observer(lambda: [address])
    assert await observer.discover()
    look = await observer.look()
    kinds = sorted(holding.kind for holding in look.holdings)
    assert kinds == ["descriptor", "file", "socket", "task", "timer"], kinds
    counters = await observer.ask("counters")
    assert counters[os.getpid()]["threads"] >= 1
    observer.close()
    os.close(handle)
    os.unlink(path)
    kept[0].cancel()
    kept[1].cancel()
    kept[2].close()

    from overstay import cli

    assert cli.main(["compare", "no-such-before.json", "no-such-after.json"]) == 2
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        assert cli.main(["doctor", "--help"]) == 0
    assert "--departures" in shown.getvalue()

    project = Path("project")
    project.mkdir()
    (project / "conf.yaml").write_text("enable_proxy: true")
    (project / "proxy_queue.py").write_text("import asyncio\\n\\n\\nasync def go(work):\\n    asyncio.create_task(work())\\n")
    for words in (["scan", "project"], ["doctor", "project"], ["doctor", "project", "--pid", str(os.getpid())]):
        with contextlib.redirect_stdout(io.StringIO()) as shown:
            assert await asyncio.to_thread(cli.main, words) == 1, words
        assert "proxy_queue.py:5" in shown.getvalue(), words
    print("all of it")


asyncio.run(main())
"""


def test_probe_and_tool_work_without_fork_fcntl_af_unix_and_proc(tmp_path):
    """With all four gone the link is TCP on the loopback with a token, and what needs no /proc is still seen."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(PROGRAM)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "all of it\n"
