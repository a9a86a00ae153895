"""The control channel: how the tool asks this process, and nobody else can.

A socket that only this user can reach, in a folder that only this user can enter; where there are no such sockets, a
port of the loopback interface. Every connection begins with the token of the address file. Requests and answers are
one JSON object a line, and a request names one of a fixed list of questions: nothing that is sent is ever executed.

The questions are answered by threads of our own, so a server whose loop is blocked still answers.
"""

import contextlib
import gc
import hmac
import json
import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from overstay_probe import _canary, _closers, _platform, _site, _trouble, census, holdings
from overstay_probe._lag import Watchdog
from overstay_probe._ledger import Row, ledger
from overstay_probe.census.snapshot import Answer
from overstay_probe.holdings import tasks, threads

VERSION = "overstay-link/1"
_SWEEP_EVERY = 5.0
_LONGEST_UNIX_PATH = 100  # sun_path has 108 bytes on Linux and 104 on macOS
_LONGEST_REQUEST = 1 << 20


class Link:
    """The listening end, in the server."""

    def __init__(self, watchdog: Watchdog, servers: list[str]) -> None:
        self._watchdog = watchdog
        self._servers = servers
        self._token = secrets.token_hex(16)
        self._pid = os.getpid()
        self._paths: list[str] = []
        self._cpu: dict[int, float] = {}
        self._longest_look = 0.0
        self._rss = 0.0
        self._began_cpu = time.process_time()
        self._attention = threading.Lock()
        self._contents: dict[object, bool] = {}
        self._closers_wanted: set[object] = set()

    def open(self) -> None:
        """Listen, say where in the address file, and begin to answer; raises OSError when neither is possible."""
        folder = _platform.run_directory()
        before = _platform.counters().get("rss", 0.0)
        self._listener, address = self._listen(folder)
        self._write_address(folder, address)
        threading.Thread(target=self._accept, name="overstay link", daemon=True).start()
        self._rss = max(_platform.counters().get("rss", 0.0) - before, 0.0)

    def close(self) -> None:
        """Stop listening and take the address away."""
        self._watchdog.stop()
        if os.getpid() != self._pid:
            return
        with contextlib.suppress(OSError):
            self._listener.close()
        for path in self._paths:
            with contextlib.suppress(OSError):
                os.unlink(path)

    def _listen(self, folder: str) -> tuple[socket.socket, Any]:
        path = os.path.join(folder, f"{self._pid}.sock")
        if _platform.has_unix_sockets() and len(path) < _LONGEST_UNIX_PATH:
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            with contextlib.suppress(OSError):
                os.unlink(path)  # a process of the same number before us
            listener.bind(path)
            self._paths.append(path)
            os.chmod(path, 0o600)
            address: Any = path
        else:
            listener = socket.socket()
            listener.bind(("127.0.0.1", 0))
            address = list(listener.getsockname())
        listener.listen(8)
        listener.settimeout(_SWEEP_EVERY)
        return listener, address

    def _write_address(self, folder: str, address: Any) -> None:
        path = os.path.join(folder, f"{self._pid}.json")
        draft = f"{path}.new"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump({"link": VERSION, "pid": self._pid, "address": address, "token": self._token}, file)
        os.replace(draft, path)
        self._paths.append(path)

    def _accept(self) -> None:
        threads.ours.add(threading.get_ident())
        while True:
            self._cpu[threading.get_ident()] = time.thread_time()
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                holdings.sweep()
                continue
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), name="overstay link", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        threads.ours.add(threading.get_ident())
        asker = _Asker(self)
        try:
            with connection, connection.makefile("rwb") as stream:
                while line := stream.readline(_LONGEST_REQUEST):
                    for part in asker.answer(line):
                        stream.write(part)
                    stream.flush()
                    if asker.has_failed:
                        return
        except OSError:
            pass  # the tool is gone
        finally:
            asker.leave()
            threads.ours.discard(threading.get_ident())
            self._cpu[threading.get_ident()] = time.thread_time()

    def is_token(self, token: object) -> bool:
        """Tell whether this is the token of the address file, in a time that says nothing about it."""
        return isinstance(token, str) and hmac.compare_digest(token.encode(), self._token.encode())

    def hello(self) -> dict[str, Any]:
        """Return who this is."""
        return {
            "pid": self._pid,
            "link": VERSION,
            "python": sys.version.split()[0],
            "implementation": sys.implementation.name,
            "servers": [f"{name} {_version_of(name)}".strip() for name in self._servers],
            "disarmed": _trouble.disarmed(),
        }

    def attend(self, asker: object, *, content: bool | None) -> None:
        """Let the hooks rest when every asker is content with that; `content` is None for one that leaves."""
        with self._attention:
            self._contents.pop(asker, None)
            if content is not None:
                self._contents[asker] = content
            may_rest = bool(self._contents) and all(self._contents.values())
            if may_rest != ledger.is_resting:
                (holdings.rest if may_rest else holdings.watch)()

    def closers(self, asker: object, request: dict[str, Any]) -> dict[str, Any]:
        """Let the journals tell which sessions run closers, as long as this asker is there; return whose."""
        with self._attention:
            self._closers_wanted.add(asker)
            return _closers.watch(request["others"])

    def leave(self, asker: object) -> None:
        """Forget what an asker wished."""
        self.attend(asker, content=None)
        with self._attention:
            if asker in self._closers_wanted:
                self._closers_wanted.discard(asker)
                if not self._closers_wanted:
                    _closers.leave()

    def look(self) -> dict[str, Any]:
        """Return every holding that a session acquired and that exists, the open sessions, and their sites."""
        began = time.perf_counter()
        # Sessions come and go while we look. One that was open before or is open after counts as open, so that what it
        # holds is never taken for left behind.
        given, open_sessions = ledger.given, dict(ledger.open)
        alive = [row for row in holdings.alive() if row["session"] <= given]
        answer = {
            "time": time.monotonic(),
            "given": ledger.given,
            "open": {str(number): _where(stay) for number, stay in open_sessions.items()},
            "holdings": alive,
            "sites": _sites(alive),
            "canary_sessions": list(_canary.sessions),
            "has_loop": bool(ledger.loops),
            "disarmed": _trouble.disarmed(),
        }
        self._longest_look = max(self._longest_look, time.perf_counter() - began)
        return answer

    def counters(self) -> dict[str, Any]:
        """Return the counters that nobody owns, without what the probe itself adds to them."""
        counted = _platform.counters()
        counted["threads"] -= len(threads.ours)
        return {**counted, "time": time.monotonic(), "cpu": time.process_time()}

    def collect(self) -> dict[str, Any]:
        """Run the garbage collector; only ever asked for by a visiting tool."""
        began = time.perf_counter()
        freed = gc.collect()
        return {"freed": freed, "seconds": time.perf_counter() - began}

    def lengths(self, request: dict[str, Any]) -> Answer:
        """Return how long the process's containers are."""
        return self._paused(census.lengths(float(request["max_pause_ms"])))

    def trace(self, request: dict[str, Any]) -> Answer:
        """Return what holds these containers, and the session objects of ended sessions."""
        containers = [number for number in request["containers"] if isinstance(number, int | str)]
        return self._paused(census.trace(containers, float(request["max_pause_ms"])))

    def _paused(self, answer: Answer) -> Answer:
        self._longest_look = max(self._longest_look, answer.about["pause_ms"] / 1000)
        return answer

    def lag(self) -> dict[str, Any]:
        """Return the loop's lag and the lines that block it."""
        return self._watchdog.report()

    def self_cost(self) -> dict[str, Any]:
        """Return what the probe took: share of the CPU since it was armed, memory in MB, longest pause in ms."""
        ours = sum(self._cpu.values()) + self._watchdog.cpu
        all_cpu = max(time.process_time() - self._began_cpu, 1e-9)
        return {
            "cpu_share": round(min(ours / all_cpu, 1.0), 4),
            "rss_mb": round(self._rss / 1e6, 2),
            "census_pause_ms": round(self._longest_look * 1000, 2),
        }


class _Asker:
    """One connection of the tool; its journal lives as long as it does."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._journal: list[Row] | None = None
        self._is_trusted = False
        self.has_failed = False
        self._questions: dict[str, Callable[[dict[str, Any]], Any]] = {
            "hello": lambda _: link.hello(),
            "attach": lambda _: self._attach(),
            "journal": lambda _: self._drain(),
            "look": lambda _: link.look(),
            "counters": lambda _: link.counters(),
            "collect": lambda _: link.collect(),
            "lengths": link.lengths,
            "trace": link.trace,
            "lag": lambda _: link.lag(),
            "self": lambda _: link.self_cost(),
            "closers": lambda request: link.closers(self, request),
            "attend": lambda request: link.attend(self, content=not request["closely"]),
            "mark": lambda request: _canary.marked.update(port for port in request["ports"] if isinstance(port, int)),
            "clear": lambda _: self._clear(),
        }

    def answer(self, line: bytes) -> list[bytes]:
        """Return the line that answers one request, in parts; an error ends the connection."""
        try:
            request = json.loads(line)
            if not self._is_trusted:
                self._is_trusted = self._link.is_token(request.get("token"))
            if not self._is_trusted:
                return self._failed("token")
            told = self._questions[request["ask"]](request)
            answer = told.as_json() if type(told) is Answer else json.dumps(told).encode()
            return [b'{"number": ', json.dumps(request.get("number")).encode(), b', "answer": ', answer, b"}\n"]
        except Exception as error:  # a bad question must not end the thread without an answer
            return self._failed(f"{type(error).__name__}: {error}")

    def _failed(self, why: str) -> list[bytes]:
        self.has_failed = True
        return [json.dumps({"error": why}).encode(), b"\n"]

    def leave(self) -> None:
        """Stop the journal, and have no wishes any more."""
        self._link.leave(self)
        if self._journal is not None:
            ledger.close_journal(self._journal)

    def _attach(self) -> dict[str, Any]:
        if self._journal is None:
            self._journal = ledger.journal()
            self._link.attend(self, content=False)
        return self._link.hello()

    def _drain(self) -> list[Row]:
        if self._journal is None:
            return []
        count = len(self._journal)
        rows, self._journal[:count] = self._journal[:count], []
        return [(*row[:3], _described(row[3])) if row[0] == "collected" else row for row in rows]

    def _clear(self) -> None:
        _canary.marked.clear()
        _canary.clear()


def _where(stay: Any) -> dict[str, Any]:
    """Return an open session as plain data, with the frames in which it waits, innermost last."""
    task = stay.task() if stay.task is not None else None
    if task is not None:
        waiting = _site.suspended(tasks.awaiting(task.get_coro()))
    else:
        waiting = threads.stack(sys._current_frames().get(stay.thread))  # noqa: SLF001 - the only way to that stack
    return {"door": stay.door, "kind": stay.kind, "path": stay.path, "port": stay.port, "waiting": waiting}


def _sites(rows: list[dict[str, Any]]) -> dict[str, Any]:
    numbers = {row["site"] for row in rows}
    return {str(number): _site.described_site(site) for number in numbers if (site := _site.numbered(number))}


def _described(number: int) -> dict[str, Any]:
    site = _site.numbered(number)
    return _site.described_site(site) if site is not None else {}


def _version_of(server: str) -> str:
    from importlib import metadata  # noqa: PLC0415 - slow to import, and asked for once

    try:
        return metadata.version(server)
    except metadata.PackageNotFoundError:
        return ""
