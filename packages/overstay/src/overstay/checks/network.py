"""The network between this machine and the server: connects, TLS, round trips of pings, and how much they differ."""

from collections.abc import Iterable

from overstay.checks.check import Project, Result
from overstay.checks.round_trips import Trips, measure
from overstay.findings import Fix, Status
from overstay.messages import Speaker
from overstay.report.figures import figure

SLOW, VERY_SLOW = 100.0, 300.0
"""Milliseconds of a round trip that a listener notices, and that a conversation suffers from."""
UNSTEADY = 50.0
_ITEM = "cause-c"


class NetworkCheck:
    """Cause C of the checklist."""

    name = "network"
    needs_folder = False

    def look(self, project: Project, say: Speaker) -> Iterable[Result]:
        """Return how long the way to `--url` takes."""
        if project.destination is None:
            yield self._result("not-checked", say("check.network.none"))
            return
        location = project.destination.location
        try:
            trips = measure(project.destination)
        except (OSError, UnicodeError) as err:
            reason = getattr(err, "strerror", None) or str(err)
            yield self._result("not-checked", say("check.network.no-connection", url=location, reason=reason))
            return
        yield self._judged(trips, location.host, say)

    def _judged(self, trips: Trips, host: str, say: Speaker) -> Result:
        values = {"trip": figure(trips.round_trip), "jitter": figure(trips.jitter), "lost": trips.lost}
        if host in ("localhost", "::1") or host.startswith("127."):
            # What is slow here is the event loop, which the visits measure, or a machine that is busy.
            title = say("check.network.here", **values)
            return self._result("does-not-apply", title, _details(trips, say))
        slug, status = judged(trips)
        fix = None if status == "fine" else Fix(say("check.network.fix"))
        return self._result(status, say(f"check.network.{slug}", **values), _details(trips, say), fix)

    def _result(self, status: Status, title: str, details: tuple[str, ...] = (), fix: Fix | None = None) -> Result:
        return Result(self.name, _ITEM, status, title, "network", details, fix=fix)


def judged(trips: Trips) -> tuple[str, Status]:
    """Return what is wrong with the way, and how bad it is."""
    if trips.round_trip > VERY_SLOW:
        return "slow", "severe"
    if trips.round_trip > SLOW:
        return "slow", "warning"
    if trips.lost:
        return "lost", "warning"
    if trips.jitter > UNSTEADY:
        return "unsteady", "warning"
    return "fine", "fine"


def _details(trips: Trips, say: Speaker) -> tuple[str, ...]:
    details = [say("check.network.connect", ms=figure(sorted(trips.connects)[len(trips.connects) // 2]))]
    if trips.tls is not None:
        details.append(say("check.network.tls", ms=figure(trips.tls)))
    if trips.pings:
        low, high = figure(min(trips.pings)), figure(max(trips.pings))
        details.append(say("check.network.pings", count=len(trips.pings), low=low, high=high))
    if trips.problem is not None:
        details.append(say("check.network.no-pings", reason=trips.problem))
    return tuple(details)
