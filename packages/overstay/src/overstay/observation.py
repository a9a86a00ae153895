"""What the processes of the target tell: their sessions, and at each look what those sessions still hold."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from overstay.closing import Closing, Method
from overstay.judge.sessions import Key, Session
from overstay.link import Link, LinkLost

APPLICATION = 2


@dataclass(frozen=True, slots=True)
class Frame:
    """A line of the target; `rank` is 2 for application, 1 for library, 0 for standard library and plumbing."""

    file: str
    line: int
    function: str
    rank: int


@dataclass(frozen=True, slots=True)
class Place:
    """A site as the probe tells it: its line, whether only a library was on the stack, and up to eight frames."""

    where: Frame
    is_library: bool
    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class Holding:
    """A resource that a session acquired and that exists."""

    kind: str
    session: Key
    place: Place
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that the server still holds, and the frames in which it waits, innermost last."""

    key: Key
    door: str
    waiting: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """What sessions held at one moment, over all processes: `holdings` of ended ones, `held` of open ones."""

    holdings: tuple[Holding, ...] = ()
    held: tuple[Holding, ...] = ()
    open: Mapping[Key, OpenSession] = field(default_factory=dict)
    canary_sessions: frozenset[Key] = frozenset()
    has_loop: bool = False


@dataclass(frozen=True, slots=True)
class Collected:
    """An object of an ended session that the garbage collector has freed, and where its class is written."""

    session: Key
    role: str
    place: Place


Address = tuple[int, int | str]
"""A container: its process and where in that process's memory it is, or the key of the place that refers to it."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """Why memory was not looked at as a whole: the key of a message, and its facts."""

    why: str
    facts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long containers are, and what places refer to; `unseen` says why some could not be measured, if so.

    Of a place, the length of what it refers to, and in `referred` where that is.
    """

    of: Mapping[Address, int]
    referred: Mapping[Address, int]
    unseen: Unseen | None


class Observer:
    """The links to all processes of the target, and the sessions that they told of."""

    def __init__(self, addresses: Callable[[], list[Path]]) -> None:
        self._addresses = addresses
        self._links: dict[int, Link] = {}
        self._lost: set[int] = set()
        self._rested_at: dict[int, int] = {}
        self.unrecorded: dict[int, int] = {}
        self.sessions: dict[Key, Session] = {}
        self.hellos: dict[int, dict[str, Any]] = {}
        self.disarmed: dict[str, str] = {}
        self.collected: list[Collected] = []
        self.closing = Closing()

    @property
    def is_inside(self) -> bool:
        """Tell whether any process of the target can be asked."""
        return bool(self._links)

    @property
    def pids(self) -> set[int]:
        """Return the processes that can be asked."""
        return set(self._links)

    async def discover(self) -> bool:
        """Attach to processes that have opened a door since; tell whether there were any."""
        found = False
        for path in self._addresses():
            pid = int(path.stem)
            if pid not in self._links and pid not in self._lost:
                try:
                    self._links[pid] = link = await Link.attach(path)
                except LinkLost:
                    continue
                self.hellos[pid] = link.hello
                found = True
        return found

    async def ask(self, question: str, **fields: object) -> dict[int, Any]:
        """Return every process's answer; a process that gives none is not asked again."""
        links = list(self._links.values())
        answers = await asyncio.gather(*(link.ask(question, **fields) for link in links), return_exceptions=True)
        told = {}
        for link, answer in zip(links, answers, strict=True):
            if isinstance(answer, LinkLost):
                self._lose(link)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                told[link.pid] = answer
        return told

    async def drain(self) -> None:
        """Take over what the journals have recorded."""
        for pid, rows in (await self.ask("journal")).items():
            for row in rows:
                self._record(pid, row)

    async def look(self) -> Look:
        """Return what the sessions hold now."""
        await self.drain()
        looks = await self.ask("look")
        await self.drain()
        holdings: list[Holding] = []
        held: list[Holding] = []
        opened: dict[Key, OpenSession] = {}
        canaries: set[Key] = set()
        for pid, told in looks.items():
            if pid in self._rested_at:
                self._count_unrecorded(pid, told["given"])
            places = {number: place_of(site) for number, site in told["sites"].items()}
            for row in told["holdings"]:
                key = (pid, row["session"])
                of = held if str(row["session"]) in told["open"] else holdings
                if str(row["site"]) in places:
                    of.append(Holding(row["kind"], key, places[str(row["site"])], row["detail"]))
            for number, stay in told["open"].items():
                key = (pid, int(number))
                opened[key] = OpenSession(key, stay["door"], tuple(_frame(frame) for frame in stay["waiting"]))
            canaries |= {(pid, number) for number in told["canary_sessions"]}
            self.disarmed.update(told["disarmed"])
        has_loop = any(told["has_loop"] for told in looks.values())
        return Look(tuple(holdings), tuple(held), opened, frozenset(canaries), has_loop)

    async def attend(self, *, closely: bool) -> None:
        """Have every holding of every session noted from now on, or let the hooks rest if nobody else needs them."""
        await self.ask("attend", closely=closely)

    async def watch_closers(self, others: Iterable[Method] = ()) -> None:
        """Have it noted from now on which sessions run closers, in classes loaded since the last time too, and others.

        What a session runs is told in `closing`.
        """
        for pid, answer in (await self.ask("closers", others=list(others))).items():
            self.closing.learn(pid, answer)

    async def lengths(self, max_pause_ms: float) -> Lengths:
        """Return how long every container of every process is."""
        told = await self.ask("lengths", max_pause_ms=max_pause_ms)
        found: dict[Address, int] = {}
        referred: dict[Address, int] = {}
        for pid, answer in told.items():
            found |= {(pid, number): length for number, length in answer.get("lengths", ())}
            for key, length, address in answer.get("places", ()):
                found[pid, key], referred[pid, key] = length, address
        return Lengths(found, referred, _unseen(told))

    async def trace(
        self, containers: Iterable[Address], max_pause_ms: float
    ) -> tuple[dict[int, dict[str, Any]], Unseen | None]:
        """Return, by process, what holds these containers and the ended sessions' objects; and why some cannot say."""
        chosen: dict[int, list[int | str]] = {pid: [] for pid in self._links}
        for pid, number in containers:
            if pid in chosen:
                chosen[pid].append(number)
        told: dict[int, dict[str, Any]] = {}
        for pid, numbers in chosen.items():
            told |= await self._ask_one(pid, "trace", containers=numbers, max_pause_ms=max_pause_ms)
        return told, _unseen(told)

    async def _ask_one(self, pid: int, question: str, **fields: object) -> dict[int, Any]:
        link = self._links[pid]
        try:
            return {pid: await link.ask(question, **fields)}
        except LinkLost:
            self._lose(link)
            return {}

    def close(self) -> None:
        """Let go of every process."""
        for link in self._links.values():
            link.close()
        self._links.clear()

    def _lose(self, link: Link) -> None:
        link.close()
        self._links.pop(link.pid, None)
        self._lost.add(link.pid)

    def _record(self, pid: int, row: list[Any]) -> None:
        event, number, *rest = row
        key = (pid, number)
        if event == "began":
            door, kind, path, port, began = rest
            self.sessions[key] = Session(key, door, kind, path, port, began)
        elif event == "rests":
            self._rest(pid, number)
        elif event == "watches":
            self._count_unrecorded(pid, number)
            del self._rested_at[pid]
        elif event == "collected":
            role, site = rest
            if site:
                self.collected.append(Collected(key, role, place_of(site)))
        elif event == "ran":
            self.closing.note(pid, number, *rest)
        elif key in self.sessions:
            self.sessions[key] = replace(self.sessions[key], ended=rest[0])

    def _count_unrecorded(self, pid: int, given: int) -> None:
        """Count the sessions that have begun since the process last told how many it has given numbers to."""
        self.unrecorded[pid] = self.unrecorded.get(pid, 0) + given - self._rested_at[pid]
        self._rested_at[pid] = given

    def _rest(self, pid: int, given: int) -> None:
        self._rested_at[pid] = given
        for key, session in self.sessions.items():
            if key[0] == pid and session.ended is None:
                self.sessions[key] = replace(session, is_watched=False)


def _frame(told: Mapping[str, Any]) -> Frame:
    return Frame(told["file"], told["line"], told["function"], told["rank"])


def _unseen(told: Mapping[int, Mapping[str, Any]]) -> Unseen | None:
    """Return why a process's memory could not be looked at, or not as a whole; None when all could.

    What failed in the probe is told as a hook that it has switched off.
    """
    for answer in told.values():
        if answer["why"] and (answer["how"] == "skipped" or answer.get("is_whole") is False):
            return Unseen(answer["why"], answer["facts"])
    return None


def place_of(told: Mapping[str, Any]) -> Place:
    """Return a site as the probe tells it."""
    return Place(_frame(told["site"]), told["library"], tuple(_frame(frame) for frame in told["frames"]))


def waiting_place(waiting: tuple[Frame, ...]) -> Place:
    """Return where something waits as a place: the innermost application frame, else the innermost library's."""
    innermost_first = waiting[::-1] or (Frame("?", 0, "?", 0),)
    for rank in (APPLICATION, 1):
        for frame in innermost_first:
            if frame.rank == rank:
                return Place(frame, rank != APPLICATION, innermost_first)
    return Place(innermost_first[0], True, innermost_first)
