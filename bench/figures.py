"""Write the measured figures into both READMEs: `python bench/figures.py`, after `make bench`.

Reads what the benchmarks wrote into build/; of one that was not run, the figures of its last run stay, which
bench/figures.json records. The scan's tables go to docs/scan.md. No figure is typed.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RECORD = ROOT / "bench" / "figures.json"
# The name of a figure, what its description quotes, and its value.
Figure = tuple[str, dict[str, object], str]
COUNTED = ("tasks", "threads", "descriptors", "children", "files")
HEADS = {"README.md": ("figure", "measured"), "README.zh-CN.md": ("项目", "实测")}
NAMES = {
    "recall": ("recall, {runs} runs of {cases} leaky servers", "召回率，{cases} 个泄漏服务器各 {runs} 轮"),
    "site": ("right line", "行号正确"),
    "alarms": ("findings on their clean twins", "对应干净版本上的误报"),
    "clean": (
        "findings or invalid runs, {runs} runs of {cases} clean servers × 60 visits",
        "{cases} 个干净服务器各 {runs} 轮 × 60 次访问的误报或无效运行",
    ),
    "traces": (
        "right traces, {runs} runs of {cases} leaky servers, Python {pythons}",
        "引用链正确，{cases} 个泄漏服务器各 {runs} 轮，Python {pythons}",
    ),
    "same": ("of these servers, with the same fingerprint in all runs", "其中各轮指纹都相同的服务器"),
    "kilobyte": (
        "1 KB kept per session is proved, {runs} runs, within",
        "每个会话留下 1 KB，{runs} 轮，证实所需会话数",
    ),
    "connection": ("a kept connection is proved, {runs} runs, within", "留下连接对象，{runs} 轮，证实所需会话数"),
    "silence": ("findings in {sessions} sessions that keep nothing", "{sessions} 个不留下任何东西的会话中的误报"),
    "seconds": (
        "doctor, 40 sessions on a small server, longest of {runs}",
        "doctor，小型服务器 40 个会话，{runs} 次中最长",
    ),
    "rare": ("leak in 10 % of the sessions, found", "10 % 的会话泄漏，找到的次数"),
    "precision": (
        "findings of the static scan that are right, of those read, {packages} public packages",
        "静态扫描的正确率与核读条数，{packages} 个公开软件包",
    ),
    "speed": (
        "static scan, CPU for 100,000 lines, over {lines} lines",
        "静态扫描，每十万行的 CPU 时间（共 {lines} 行）",
    ),
    "turn": ("CPU of a chat turn, {loop}, 95 % interval", "一轮聊天的 CPU 之比，{loop}，95 % 区间"),
    "visit": ("CPU of connect and close, {loop}, 95 % interval", "连接与关闭的 CPU 之比，{loop}，95 % 区间"),
    "closely-turn": ("the turn when every session is watched closely, {loop}", "完整观察每个会话时的一轮聊天，{loop}"),
    "closely-visit": (
        "connect and close when every session is watched closely, {loop}",
        "完整观察每个会话时的连接与关闭，{loop}",
    ),
    "memray": ("the same turn under memray, {loop}", "同一轮聊天在 memray 下，{loop}"),
    "churn": (
        "ai_chat, {cycles} cycles of open, chat, leave: tasks, threads, descriptors, children, files more than before",
        "ai_chat，{cycles} 次打开、聊天、离开：任务、线程、描述符、子进程、文件比之前多",
    ),
    "objects": (
        "ai_chat, live objects more per cycle, 95 % interval",
        "ai_chat，每个循环多出的存活对象，95 % 区间",
    ),
    "ready": ("ai_chat, a page is ready, two MCP servers, median", "ai_chat，页面就绪，两个 MCP 服务器，中位数"),
    "idle": ("ai_chat, memory of an idle session", "ai_chat，空闲会话的内存"),
    "core": ("ai_chat, 1,000 idle sessions, share of one core", "ai_chat，1,000 个空闲会话占一个核"),
    "lag": (
        "ai_chat, loop lag p99 while 100 pages open, 100,000 messages stored",
        "ai_chat，100 个页面同时打开、已存 100,000 条消息时循环延迟 p99",
    ),
    "crash": (
        "ai_chat, {kills} times kill -9: acknowledged messages missing, of",
        "ai_chat，{kills} 次 kill -9：丢失的已确认消息，共",
    ),
}


def read(name: str) -> dict[str, Any] | None:
    """Return the figures of one benchmark, None when it was not run."""
    path = ROOT / "build" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def leakbench(told: Any) -> Iterator[Figure]:
    """Yield what the leaky servers and their clean twins came to."""
    totals = told["totals"]
    yield "recall", {"runs": totals["runs"], "cases": totals["cases"]}, f"{totals['recall']:.1%}"
    yield "site", {}, f"{totals['site_accuracy']:.1%}"
    yield "alarms", {}, str(totals["false_alarms"])


def clean(told: Any) -> Iterator[Figure]:
    """Yield what the clean servers came to."""
    totals = told["totals"]
    yield "clean", {"runs": totals["runs"], "cases": totals["cases"]}, str(totals["false_alarms"])


def traces(told: Any) -> Iterator[Figure]:
    """Yield how many traces of references are right, and the same in every run."""
    totals, same = told["totals"], told["same_fingerprints"]
    measured = {"runs": totals["runs"], "cases": totals["cases"], "pythons": ", ".join(totals["pythons"])}
    yield "traces", measured, f"{totals['trace_accuracy']:.1%}"
    yield "same", {}, f"{sum(map(bool, same.values()))} / {len(same)}"


def memory(told: Any) -> Iterator[Figure]:
    """Yield how many sessions it takes to prove what stays in memory."""
    for leak in told["leaks"]:
        needed = [sessions or 0 for sessions in leak["needed"]]
        within = f"{max(needed)} sessions" if all(needed) else f"not in {needed.count(0)} runs"
        yield leak["name"], {"runs": len(needed)}, within
    yield "silence", {"sessions": f"{told['control']['sessions']:,}"}, str(len(told["control"]["alarms"]))


def doctor(told: Any) -> Iterator[Figure]:
    """Yield how long it takes, and how often it finds a leak of some sessions."""
    yield "seconds", {"runs": len(told["seconds"])}, f"{max(told['seconds']):.1f} s"
    yield "rare", {}, f"{told['found']} / {told['runs']}"


def scan(told: Any) -> Iterator[Figure]:
    """Yield what the static scan is worth, and how fast it is."""
    shown = [row for row in told["rules"] if not row["is_hint"]]
    right, judged = sum(row["true"] for row in shown), sum(row["true"] + row["false"] for row in shown)
    lines = sum(package["lines"] for package in told["packages"])
    yield "precision", {"packages": len(told["packages"])}, f"{right / judged:.0%}, {judged}"
    yield "speed", {"lines": f"{lines:,}"}, f"{told['seconds_per_100_000_lines']:.1f} s"


def overhead(told: Any) -> Iterator[Figure]:
    """Yield the CPU of a turn and of a visit, as ratios to the server alone."""
    for loop in told["loops"]:
        rows = {row["variant"]: row["ratio"] for row in loop["rows"]}
        for name in ("turn", "visit"):
            yield name, {"loop": loop["loop"]}, ratio(rows["overstay"][name])
        for name in ("turn", "visit"):
            yield f"closely-{name}", {"loop": loop["loop"]}, ratio(rows["closely"][name])
        yield "memray", {"loop": loop["loop"]}, ratio(rows["memray"]["turn"])


def churn(told: Any) -> Iterator[Figure]:
    """Yield what 10,000 clients leave behind in the chat server."""
    verdicts = {one["what"]: one for one in told["verdicts"]}
    more = sum(one["last"] - one["first"] for name, one in verdicts.items() if name in COUNTED)
    objects = verdicts["objects"]
    yield "churn", {"cycles": f"{told['cycles']:,}"}, f"{more}"
    yield "objects", {}, f"{objects['per_cycle']:+.3f} ({objects['low']:+.3f} to {objects['high']:+.3f})"


def pages(told: Any) -> Iterator[Figure]:
    """Yield what opening and keeping a page of the chat server takes."""
    yield "ready", {}, f"{max(each['p50'] for each in told['ready']['opening_ms'].values()):.1f} ms"
    yield "idle", {}, f"{max(each['per_session'] for each in told['memory'].values()):.0f} KB"
    yield "core", {}, f"{told['thousand']['cpu']:.0%}"
    yield "lag", {}, f"{max(each['lag_ms']['p99'] for each in told['lag'].values()):.0f} ms"


def crash(told: Any) -> Iterator[Figure]:
    """Yield what the chat server loses when it is killed."""
    kept = sum(told[f"{page}_{role}"] for page in ("NativePage", "OpenLLMVTuberPage") for role in ("human", "ai"))
    yield "crash", {"kills": told["kills"]}, f"{told.get('missing', 0)} / {kept:,}"


BENCHMARKS: dict[str, Callable[[Any], Iterator[Figure]]] = {
    "leakbench": leakbench,
    "leakbench-clean": clean,
    "leakbench-traces": traces,
    "memory": memory,
    "doctor": doctor,
    "scan": scan,
    "overhead": overhead,
    "churn": churn,
    "pages": pages,
    "crash": crash,
}


def recorded() -> dict[str, list[Figure]]:
    """Return the figures of every benchmark, as it was last run; what was run now is put on record."""
    kept: dict[str, list[Figure]] = json.loads(RECORD.read_text(encoding="utf-8"))
    for name, measured in BENCHMARKS.items():
        if told := read(name):
            kept[name] = list(measured(told))
    kept = {name: kept[name] for name in BENCHMARKS if name in kept}
    RECORD.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return kept


def precision() -> Iterator[str]:
    """Yield the table of what the scan's findings are worth."""
    yield "| rule | read | of them clear | right | 95 % interval | |"
    yield "|---|---:|---:|---:|---|---|"
    for row in (read("scan") or {"rules": []})["rules"]:
        if row["precision"] is not None:
            low, high = row["interval"]
            hint = "hint" if row["is_hint"] else ""
            interval = f"{low:.0%}–{high:.0%}"
            right = f"{row['true']} ({row['precision']:.0%})"
            clear = row["true"] + row["false"]
            yield f"| `{row['rule']}` | {row['read']} | {clear} | {right} | {interval} | {hint} |"


def between(name: str, lines: list[str], path: Path) -> None:
    """Write lines between the marks of a page."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    text = path.read_text(encoding="utf-8")
    whole = "\n".join((begin, *lines, end))
    path.write_text(re.sub(f"{begin}.*{end}", lambda _: whole, text, flags=re.DOTALL), encoding="utf-8")


def ratio(told: dict[str, float]) -> str:
    """Return a ratio with its interval."""
    return f"{told['value']:.3f} ({told['low']:.3f}–{told['high']:.3f})"


def main() -> int:
    """Replace the table between the marks of each README."""
    measured = [figure for figures in recorded().values() for figure in figures]
    for place, (file, head) in enumerate(HEADS.items()):
        lines = [f"| {head[0]} | {head[1]} |", "|---|---|"]
        lines += [f"| {NAMES[name][place].format(**values)} | {value} |" for name, values, value in measured]
        between("figures", lines, ROOT / file)
    if read("scan"):
        between("precision", list(precision()), ROOT / "docs" / "scan.md")
    for name, file in (("tools", "scan-table.md"), ("web-tools", "scan-web-table.md")):
        table = ROOT / "build" / file
        if table.exists():
            between(name, table.read_text(encoding="utf-8").splitlines(), ROOT / "docs" / "scan.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
