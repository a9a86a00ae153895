"""A report made by hand: every part that a renderer can show."""

import pytest

from overstay.findings import (
    AffectsYou,
    Finding,
    Fix,
    Latency,
    NotExercised,
    Rate,
    Reference,
    Report,
    Run,
    SelfCost,
    Site,
    Target,
    Trend,
)
from overstay.messages import Language, Speaker

QUEUE = Site(
    "proxy_message_queue.py", 41, "queue_message", "asyncio.create_task(self._forward_message(message, sender_id))"
)
TOOL = Site("mcp_client.py", 30, "connect", "self._process = await create_subprocess_exec(  # noqa: S603 - ours")
HISTORY = Site("history.py", 22, "History.store_message", "path.write_text(json.dumps(messages))")
KEEP_ALIVE = Site(
    "uvicorn/protocols/http/h11_impl.py", 300, "on_response_complete", "self.loop.call_later(", "uvicorn 0.54.0"
)


def _fix(rule: str, site: Site, say: Speaker) -> Fix:
    return Fix(say(f"finding.{rule}.fix", code=site.code, function=site.function, file=site.file))


def _title(rule: str, rate: Rate, say: Speaker) -> str:
    ways = say("list.or").join(say(f"departure.{way}") for way in rate.of)
    if rate.per_session < 1:
        return say(f"finding.{rule}.title-some", who=say("who.some-all"), left=rate.left, sessions=rate.sessions)
    who = say("who.of", departures=ways) if ways else say("who.all")
    return say(f"finding.{rule}.title", who=who, count=round(rate.per_session))


def _finding(rule: str, kind: str, site: Site, rate: Rate, say: Speaker, **more: object) -> Finding:
    values: dict[str, object] = {"verdict": "leak", "severity": "severe", **more}
    return Finding(
        fingerprint=f"{rule}-{site.file}",
        rule=rule,
        kind=kind,
        title=_title(rule, rate, say),
        rate=rate,
        site=site,
        fix=_fix(rule, site, say),
        **values,  # type: ignore[arg-type]  # the tests' own spelling of the optional fields
    )


@pytest.fixture
def make_report():  # type: ignore[no-untyped-def]  # the builder below has its types
    """Return a builder of the report in one language."""
    return build


def build(language: Language) -> Report:
    say = Speaker(language)
    mid_reply = Rate(1.0, 0.72, 1.0, 10, 10, ("mid-reply",))
    slower = Finding(
        fingerprint="slower",
        rule="slower-per-session",
        kind="latency",
        verdict="leak",
        severity="severe",
        title=say("finding.slower-per-session.title-first-reply", first="8.1", last="42", slope="85"),
        rate=None,
        site=HISTORY,
        fix=_fix("slower-per-session", HISTORY, say),
        suspect=5,
        evidence=("[bold]not markup[/bold] \x1b[31mnot red\x1b[0m",),
    )
    task = _finding(
        "task-outlives-session",
        "task",
        QUEUE,
        mid_reply,
        say,
        suspect=1,
        trace=(Reference("module app.state"), Reference('CLIENTS["ab12"]'), Reference("local queue")),
        evidence=(
            say("evidence.doubling", holding="3 -> 5 -> 10"),
            say("evidence.waits-here", line=48, function="_forward_message"),
        ),
    )
    process = _finding("process-outlives-session", "process", TOOL, Rate(1.0, 0.91, 1.0, 40, 40), say, suspect=3)
    pipes = _finding("descriptor-outlives-session", "descriptor", TOOL, Rate(2.0, 1.8, 2.0, 80, 40), say, suspect=3)
    seldom = _finding(
        "thread-outlives-session",
        "thread",
        Site("routes.py", 55, "websocket", "threading.Thread(target=watch).start()"),
        Rate(0.1, 0.04, 0.23, 4, 40),
        say,
        verdict="likely",
        severity="warning",
        affects_you=AffectsYou("unknown", "enable_proxy"),
    )
    again = _finding(
        "socket-outlives-session",
        "socket",
        Site("agent.py", 20, "Agent.connect", "await asyncio.open_connection(*self._model)"),
        Rate(0.1, 0.04, 0.23, 4, 40),
        say,
        verdict="likely",
        severity="warning",
        evidence=(say("evidence.peer", value="127.0.0.1:33691"),),
    )
    late = _finding(
        "timer-outlives-session",
        "timer",
        KEEP_ALIVE,
        Rate(1.0, 0.51, 1.0, 4, 4, ("reset",)),
        say,
        verdict="late",
        severity="fine",
    )
    pool = Finding(
        fingerprint="pool",
        rule="socket-outlives-session",
        kind="socket",
        verdict="bounded",
        severity="fine",
        title=say("finding.socket-outlives-session.title-kept", count=5),
        rate=Rate(0.12, 0.05, 0.26, 5, 40),
        site=Site("database.py", 12, "pool", "await asyncpg.create_pool(max_size=5)"),
        fix=Fix(""),
    )
    return Report(
        verdict="leak",
        target=Target(("uvicorn", "app:app"), "ws://127.0.0.1:8000/ws", "3.11.7", ("uvicorn 0.54.0",), inside=True),
        run=Run(
            visits=40,
            sessions=40,
            departures={"close": 10, "reset": 4, "mid-reply": 10, "vanish": 4, "slow-reader": 4, "mid-handshake": 8},
            not_exercised=(NotExercised("mid-upload", "TLS"),),
            duration_s=31.25,
            canaries={"task": "found", "timer": "found", "thread": "missed"},
            notes=(say("run.interrupted"),),
            sessions_per_worker={"4711": 20, "4712": 20},
        ),
        latency=Latency(
            connect_ms=Trend(1.23, 1.31, 0.1, -0.22, 0.43),
            first_reply_ms=Trend(8.13, 42.04, 85.0, 80.12, 91.3),
            loop_lag_ms={"p50": 0.31, "p99": 12.04, "max": 80.21},
        ),
        findings=(late, seldom, again, pipes, process, slower, task),
        kept=(pool,),
        counters={
            "fds": {"first": 92.0, "last": 212.0, "per_session": 3.0, "growth": "per-session"},
            "threads": {"first": 19.0, "last": 23.0, "per_session": 0.1, "growth": "flat"},
            "children": {"first": 0.0, "last": 40.0, "per_session": 1.0, "growth": "per-session"},
            "rss": {"first": 37789696.0, "last": 48373760.0, "per_session": 45056.0, "growth": "time-driven"},
        },
        self_cost=SelfCost(0.012, 3.1, 12.5),
    )
