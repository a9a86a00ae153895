"""The running process: what it takes now, what it has open, and which of its children nobody needs any more."""

from collections.abc import Iterable, Iterator

from overstay.checks.amounts import size
from overstay.checks.check import Project, Result
from overstay.checks.vitals import Machine, Vitals, machine, vitals_of
from overstay.findings import Fix, Status
from overstay.messages import Speaker
from overstay.report.figures import figure

BUSY = 80.0
"""Per cent of one core, which is all that an event loop can have."""
LITTLE_MEMORY, NO_MEMORY = 0.1, 0.05
SWAPPED = 50.0
MANY_DESCRIPTORS, ALL_DESCRIPTORS = 0.5, 0.8
MANY_THREADS = 200
MANY_WAITING = 10
"""Sockets in CLOSE_WAIT: the client has gone, and the server has not closed."""
LITTLE_DISK = 1_000_000_000
_LONGEST = 100


class ProcessCheck:
    """Cause B, step 5 and suspect 3 of the checklist, as they are at this moment."""

    name = "process"
    needs_folder = False

    def look(self, project: Project, say: Speaker) -> Iterable[Result]:
        """Return the signs of the process that was named or that listens, and of the machine."""
        host = machine(project.root)
        found = vitals_of(project.pids)
        if found is None:
            yield self._without_process(host, project, say)
            return
        yield self._resources(found, host, say)
        yield Result(self.name, "step-5", "fine", self._memory(found, say), "memory")
        yield self._children(found, say)

    def _without_process(self, host: Machine, project: Project, say: Speaker) -> Result:
        if host.disk_free < LITTLE_DISK:
            title = say("check.process.disk", size=size(host.disk_free, say))
            return Result(self.name, "cause-b", "warning", title, "disk", fix=Fix(say("check.process.fix-disk")))
        title = say("check.process.gone" if project.pids else "check.process.none")
        return Result(self.name, "cause-b", "not-checked", title, "machine", (_told(host, say),))

    def _resources(self, found: Vitals, host: Machine, say: Speaker) -> Result:
        problems = list(_problems(found, host, say))
        status: Status = "severe" if any(each[0] for each in problems) else "warning" if problems else "fine"
        title = say("list.semicolon").join(text for _, text, _ in problems) or say("check.process.fine")
        advice = say("list.stop").join(dict.fromkeys(fix for _, _, fix in problems))
        return Result(
            self.name,
            "cause-b",
            status,
            title,
            "process",
            details=(*_signs(found, say), _told(host, say)),
            fix=Fix(advice) if advice else None,
        )

    def _memory(self, found: Vitals, say: Speaker) -> str:
        return say("check.process.memory", size=size(found.rss, say), clients=found.clients)

    def _children(self, found: Vitals, say: Speaker) -> Result:
        left, suspect = found.leftovers, "suspect-3"
        if not left:
            title = say("check.process.children", children=found.children, clients=found.clients)
            return Result(self.name, suspect, "fine", title, "children", suspect=3)
        title = say("check.process.leftovers", count=sum(left.values()), clients=found.clients)
        evidence = tuple(
            say("check.process.leftover", count=count, command=command[:_LONGEST]) for command, count in left.items()
        )
        fix = Fix(say("check.process.fix-leftovers"))
        return Result(self.name, suspect, "warning", title, "children", evidence=evidence, fix=fix, suspect=3)


def _problems(found: Vitals, host: Machine, say: Speaker) -> Iterator[tuple[bool, str, str]]:
    """Yield what is wrong: whether it is severe, what it is, and what to do."""
    if found.cpu > BUSY:
        yield False, say("check.process.busy", cpu=figure(found.cpu)), say("check.process.fix-busy")
    available = host.available / host.memory
    if available < LITTLE_MEMORY:
        text = say("check.process.little-memory", size=size(host.available, say))
        yield available < NO_MEMORY, text, say("check.process.fix-memory")
    if host.swapped > SWAPPED and available < 2 * LITTLE_MEMORY:
        yield False, say("check.process.swapped", share=figure(host.swapped)), say("check.process.fix-memory")
    if found.limit and found.descriptors > MANY_DESCRIPTORS * found.limit:
        text = say("check.process.descriptors", count=found.descriptors, limit=found.limit)
        yield found.descriptors > ALL_DESCRIPTORS * found.limit, text, say("check.process.fix-descriptors")
    if found.threads > MANY_THREADS:
        yield False, say("check.process.threads", count=found.threads), say("check.process.fix-threads")
    waiting = found.sockets.get("CLOSE_WAIT", 0)
    if waiting >= MANY_WAITING:
        yield False, say("check.process.waiting", count=waiting), say("check.process.fix-waiting")
    if found.zombies:
        yield False, say("check.process.zombies", count=found.zombies), say("check.process.fix-zombies")
    if host.disk_free < LITTLE_DISK:
        yield False, say("check.process.disk", size=size(host.disk_free, say)), say("check.process.fix-disk")


def _signs(found: Vitals, say: Speaker) -> Iterator[str]:
    yield say(
        "check.process.cpu",
        pids=say("list.comma").join(map(str, found.pids)),
        cpu=figure(found.cpu),
        seconds=figure(found.cpu_seconds),
    )
    limit = found.limit if found.limit else "?"
    yield say(
        "check.process.open",
        size=size(found.rss, say),
        threads=found.threads,
        descriptors=found.descriptors,
        limit=limit,
        children=found.children,
    )
    states = (f"{count} {state}" for state, count in sorted(found.sockets.items(), key=lambda each: -each[1]))
    if found.sockets:
        yield say("check.process.sockets", states=say("list.comma").join(states))


def _told(host: Machine, say: Speaker) -> str:
    return say(
        "check.process.machine",
        cpu=figure(host.cpu),
        available=size(host.available, say),
        memory=size(host.memory, say),
        swapped=figure(host.swapped),
        disk=size(host.disk_free, say),
    )
