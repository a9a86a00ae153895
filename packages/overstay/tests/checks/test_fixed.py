"""The four fixes: each with a twin in which the fault is back, different by a line."""

from collections.abc import Callable
from typing import Any

import pytest

from overstay.checks.check import Project
from overstay.checks.fixed import FixedCheck

Make = Callable[..., Project]
Ask = Callable[..., Any]

CONTEXT = """\
    import asyncio

    class ServiceContext:
        def start(self):
            {start}

        async def close(self):
            {close}
"""
CONTEXTS = [
    ("self._task = asyncio.create_task(self.run())", "self._task.cancel()", True),
    ("self._task = asyncio.create_task(self.run())", "pass", False),
    ("asyncio.create_task(self.run())", "pass", False),
    ("asyncio.ensure_future(self.run())", "self._task.cancel()", False),
    ("task = asyncio.create_task(self.run()); self.tasks.add(task)", "[t.cancel() for t in self.tasks]", True),
    ("task = asyncio.create_task(self.run())", "pass", False),
    ("tg.create_task(self.run())", "pass", True),
    ("self._beat = loop.call_later(20, self.start)", "self._beat.cancel()", True),
    ("self._beat = loop.call_later(20, self.start)", "pass", False),
    ("loop.call_later(20, self.start)", "pass", False),
    ("self._task = asyncio.create_task(self.run())", "task, self._task = self._task, None; task.cancel()", True),
    ("self.a = asyncio.create_task(self.run())", "for task in (self.a, self.b): task.cancel()", True),
]
EFFECT = """\
import {{ useEffect }} from "react";

export function AdCarousel() {{
  useEffect(() => {{
    const timer = {start};
    {end}
  }}, []);
  return <div />;
}}
"""
EFFECTS = [
    ("setTimeout(next, 3000)", "return () => clearTimeout(timer);", True),
    ("setTimeout(next, 3000)", "", False),
    ("window.setInterval(next, 3000)", "return () => window.clearInterval(timer);", True),
    ("setInterval(next, 3000)", "return () => clearTimeout(timer);", False),
]
VAD = """\
import {{ useVadStore }} from "./store";

export function VADProvider({{ children }}) {{
  const state = useVadStore();
  const {{ frames, settingsRef }} = useVadStore((s) => s);
  const onFrame = (frame) => {{
    {line}
  }};
  return <VADContext.Provider value={{state}}>{{children}}</VADContext.Provider>;
}}
"""
VADS = [
    ("state.setFrame(frame);", True),
    ("state.last = frame;", False),
    ("frames.push(frame);", False),
    ("frames[0] = frame;", False),
    ("const copy = [...frames]; copy.push(frame);", True),
    ("settingsRef.current = frame;", True),
    ("useVadStore.setState({ last: frame });", True),
]
STORES = [
    ("configureStore({ reducer, devTools: process.env.NODE_ENV !== 'production' })", True),
    ("configureStore({ reducer, devTools: false })", True),
    ("configureStore({ reducer })", False),
    ("configureStore({ reducer, devTools: true })", False),
    ("create(devtools(immer(slice), { enabled: import.meta.env.DEV }))", True),
    ("create(devtools(immer(slice)))", False),
    ("create(import.meta.env.DEV ? devtools(slice) : slice)", True),
    ("create(immer(slice))", True),
    ("configureStore({ reducer, devTools: false, middleware: (d) => d().concat(logger) })", False),
]


@pytest.mark.parametrize(("start", "close", "is_fixed"), CONTEXTS)
def test_background_tasks_of_the_service_context(make: Make, said: Ask, start: str, close: str, is_fixed: bool) -> None:
    """What it starts it ends: dropped, or kept and never cancelled, is back."""
    project = make({"src/ai_chat/service_context.py": CONTEXT.format(start=start, close=close)})
    result = said(FixedCheck(), project).about("fixed-1")
    assert result.status == ("fine" if is_fixed else "warning")
    assert is_fixed or str(result.site) == "src/ai_chat/service_context.py:5"


@pytest.mark.parametrize(("start", "end", "is_fixed"), EFFECTS)
def test_timers_of_the_carousel(make: Make, said: Ask, start: str, end: str, is_fixed: bool) -> None:
    """An effect clears the timer that it starts, with the call that fits it."""
    result = said(FixedCheck(), make({"web/src/ad-carousel.tsx": EFFECT.format(start=start, end=end)})).about("fixed-2")
    assert result.status == ("fine" if is_fixed else "warning")
    assert is_fixed or str(result.site) == "web/src/ad-carousel.tsx:5"


@pytest.mark.parametrize(("line", "is_fixed"), VADS)
def test_state_that_immer_has_frozen(make: Make, said: Ask, line: str, is_fixed: bool) -> None:
    """It is copied or written by an action; refs may be written to."""
    result = said(FixedCheck(), make({"web/src/vad-context.tsx": VAD.format(line=line)})).about("fixed-3")
    assert result.status == ("fine" if is_fixed else "warning")
    assert is_fixed or str(result.site) == "web/src/vad-context.tsx:7"


@pytest.mark.parametrize(
    "line",
    [
        "TypeError: Cannot assign to read only property 'last' of object '#<Object>'",
        "TypeError: Cannot add property 3, object is not extensible",
    ],
)
def test_a_read_only_error_in_the_console_is_back_whatever_the_code_says(make: Make, said: Ask, line: str) -> None:
    """The log's line is the evidence."""
    project = make({"console.log": line + "\n", "web/src/vad-context.tsx": VAD.format(line="")})
    result = said(FixedCheck(), project).about("fixed-3")
    assert result.status == "warning"
    assert result.evidence == (f"console.log:1: {line}",)


@pytest.mark.parametrize(("line", "is_fixed"), STORES)
def test_the_store_in_production(make: Make, said: Ask, line: str, is_fixed: bool) -> None:
    """Developer tools and loggers are on in development only."""
    result = said(FixedCheck(), make({"web/src/store/index.ts": f"export const store = {line};\n"})).about("fixed-4")
    assert result.status == ("fine" if is_fixed else "warning")


def test_a_project_without_these_files_is_not_affected(make: Make, said: Ask) -> None:
    """Every item says so by itself."""
    results = said(FixedCheck(), make({"app.py": "", "web/app.tsx": "setTimeout(x, 1)"}))
    assert [each.status for each in results] == ["does-not-apply"] * 4


def test_the_demo_s_heartbeat_is_back(said: Ask) -> None:
    """The shipped leaky chat re-arms a timer in its service context and never cancels it."""
    from overstay.demo.planted import FOLDER, planted

    [heartbeat] = [bug for bug in planted() if bug.name == "heartbeat"]
    result = said(FixedCheck(), Project(FOLDER)).about("fixed-1")
    assert str(result.site) == f"{heartbeat.file}:{heartbeat.line}"


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"}}}} <<<<", b"const x = \xff\xfe;", b"(" * 20_000])
def test_scripts_that_are_none_do_no_harm(make: Make, said: Ask, content: bytes) -> None:
    """Binary, broken, endlessly nested."""
    project = make({"web/ad-carousel.tsx": content, "web/vad-context.tsx": content, "web/store/index.ts": content})
    assert len(said(FixedCheck(), project)) == 4
