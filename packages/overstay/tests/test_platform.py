"""Nothing but the platform modules knows what only Unix has."""

import subprocess
import sys

import pytest

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

CHECKS = """
import sys

import asyncio, contextlib, io, json, os, pathlib, signal, socket, sqlite3, subprocess, tempfile, time
import concurrent.futures.process, multiprocessing.pool, selectors, shutil, sysconfig, uuid, webbrowser
import psutil, rich.console  # they, and the standard library, choose by the platform on being imported
sysconfig.get_config_vars()

UNIX_ALONE = ("fcntl", "resource", "pwd", "grp", "termios", "pty", "tty", "syslog", "readline")
sys.modules.update(dict.fromkeys((*UNIX_ALONE, "zoneinfo")))  # nor is a time zone's name known without tzdata
for name in (
    *("chown", "fchmod", "fchown", "fork", "forkpty", "getegid", "geteuid", "getgid", "getpgid", "getuid", "killpg"),
    *("lchown", "mkfifo", "mknod", "nice", "openpty", "pread", "pwrite", "register_at_fork", "sched_getaffinity"),
    *("sendfile", "setsid", "setuid", "sysconf", "uname", "wait3", "wait4", "waitid"),
    *("O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK"),
):
    delattr(os, name)
for name in ("SIGALRM", "SIGCHLD", "SIGHUP", "SIGKILL", "SIGUSR1", "pthread_sigmask", "setitimer"):
    delattr(signal, name)
del socket.AF_UNIX, time.tzset
sys.platform = "win32"  # os.statvfs stays: psutil asks it for the disk, and on Windows something else


def refuse(event, args):
    if event in ("open", "os.listdir", "os.scandir") and isinstance(args[0], str):
        if args[0].startswith(("/proc", "/sys", "/dev", "/etc", "/run")):
            if os.path.basename(os.path.dirname(sys._getframe(1).f_code.co_filename)) != "psutil":
                raise FileNotFoundError(2, "there is none on Windows", args[0])


sys.addaudithook(refuse)
for name in ("LOCALAPPDATA", "TEMP"):
    os.environ[name] = tempfile.mkdtemp()
os.environ.pop("XDG_CACHE_HOME", None)
os.environ["HOME"] = os.environ["USERPROFILE"] = "no-such-home"
from overstay import cli

project = pathlib.Path("project")
(project / "cache").mkdir(parents=True)
(project / "conf.yaml").write_bytes("enable_proxy: true\\r\\n# 中文\\r\\n".encode("gbk"))
(project / "proxy_queue.py").write_bytes(
    b"\\xef\\xbb\\xbfimport asyncio\\r\\n\\r\\n\\r\\nasync def go(work):\\r\\n    asyncio.create_task(work())\\r\\n"
)
(project / "tts.py").write_text('def speak(name, sound):\\n    open(r"C:\\\\chat\\\\cache" + name, "wb").write(sound)\\n')
for number in range(150):
    (project / "cache" / f"{number}.wav").touch()
lines = "".join(f"10:00:{2 * n:02} WS schedule reconnect in 2000ms\\r\\n" for n in range(8))
(project / "console.log").write_bytes(lines.encode("utf-16"))  # as PowerShell's > writes it
with contextlib.closing(sqlite3.connect(project / "chat.db")) as database:
    database.execute("CREATE TABLE messages (content TEXT)")
(project / "locked.db").mkdir()
TOLD = {
    "scan": ["proxy_queue.py:5"],
    "doctor": ["proxy_queue.py:5", "cache/ has 150 files", "tts.py:2", "8 attempts to reconnect", "messages: 0 rows"],
}
for words in (["scan", "project"], ["scan", "project", "--diff"], ["doctor", "project"]):
    for language in ("en", "zh"):
        with contextlib.redirect_stdout(io.StringIO()) as shown:
            assert cli.main([*words, "--lang", language, "--json", "report.json"]) == 1, (words, shown.getvalue())
        missing = [told for told in TOLD[words[0]] if told not in " ".join(shown.getvalue().split())]
        assert language == "zh" or not missing, (missing, shown.getvalue())
        report = json.loads(pathlib.Path("report.json").read_text(encoding="utf-8"))
        failed = [each["title"] for each in report["checks"] if "failed and says nothing" in each["title"]]
        assert not failed, failed
remembered = list(pathlib.Path(os.environ["LOCALAPPDATA"]).rglob("*"))
assert [each.suffix for each in remembered if each.is_file()] == [".json"], remembered
with contextlib.redirect_stdout(io.StringIO()):
    assert cli.main(["scan", "project", "--fix"]) == 1
    assert cli.main(["scan", "project"]) == 0
assert (project / "proxy_queue.py").read_bytes().count(b"\\n") == (project / "proxy_queue.py").read_bytes().count(b"\\r\\n")
assert not pathlib.Path("no-such-home").exists()
print("all of it")
"""


def test_probe_and_tool_work_without_fork_fcntl_af_unix_and_proc(tmp_path):
    """With all four gone the link is TCP on the loopback with a token, and what needs no /proc is still seen."""
    run(PROGRAM, tmp_path)


@pytest.mark.slow
def test_scan_and_doctor_of_a_project_need_nothing_that_windows_has_not(tmp_path):
    """Modules, functions, flags and signals of Unix are gone, no file of the system is read, lines end with CR LF."""
    run(CHECKS, tmp_path)


def run(program, folder):
    """Run a program in a process of its own, in which what it takes away is missed by nobody else."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "all of it\n"
