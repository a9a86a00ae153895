"""Write the measured figures into both READMEs: `python bench/figures.py`, after `make bench`.

Reads build/leakbench.json, leakbench-clean.json, doctor.json, census.json, scan.json and overhead.json; a file that is
not there leaves its lines out. The scan's tables go to docs/scan.md. No figure is typed.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
HEADS = {"README.md": ("figure", "measured"), "README.zh-CN.md": ("项目", "实测")}
NAMES = {
    "recall": ("recall, {runs} runs of {cases} leaky servers", "召回率，{cases} 个泄漏服务器各 {runs} 轮"),
    "site": ("right line", "行号正确"),
    "alarms": ("findings on their clean twins", "对应干净版本上的误报"),
    "clean": (
        "findings or invalid runs, {cases} clean servers × 60 visits",
        "{cases} 个干净服务器 × 60 次访问的误报或无效运行",
    ),
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
}


def read(name: str) -> dict[str, Any] | None:
    """Return the figures of one benchmark, None when it was not run."""
    path = ROOT / "build" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def figures() -> Iterator[tuple[str, dict[str, object], str]]:
    """Yield the name of each figure, what its description quotes, and its value."""
    if bench := read("leakbench"):
        totals = bench["totals"]
        yield "recall", {"runs": totals["runs"], "cases": totals["cases"]}, f"{totals['recall']:.1%}"
        yield "site", {}, f"{totals['site_accuracy']:.1%}"
        yield "alarms", {}, str(totals["false_alarms"])
    if bench := read("leakbench-clean"):
        yield "clean", {"cases": bench["totals"]["cases"]}, str(bench["totals"]["false_alarms"])
    if bench := read("doctor"):
        yield "seconds", {"runs": len(bench["seconds"])}, f"{max(bench['seconds']):.1f} s"
        yield "rare", {}, f"{bench['found']} / {bench['runs']}"
    if bench := read("scan"):
        shown = [row for row in bench["rules"] if not row["is_hint"]]
        right, judged = sum(row["true"] for row in shown), sum(row["true"] + row["false"] for row in shown)
        lines = sum(package["lines"] for package in bench["packages"])
        yield "precision", {"packages": len(bench["packages"])}, f"{right / judged:.0%}, {judged}"
        yield "speed", {"lines": f"{lines:,}"}, f"{bench['seconds_per_100_000_lines']:.1f} s"
    for loop in (read("overhead") or {"loops": []})["loops"]:
        rows = {row["variant"]: row["ratio"] for row in loop["rows"]}
        for name in ("turn", "visit"):
            yield name, {"loop": loop["loop"]}, ratio(rows["overstay"][name])
        for name in ("turn", "visit"):
            yield f"closely-{name}", {"loop": loop["loop"]}, ratio(rows["closely"][name])
        yield "memray", {"loop": loop["loop"]}, ratio(rows["memray"]["turn"])


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
    measured = list(figures())
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
