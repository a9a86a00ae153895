"""`overstay demo`: examine the leaky chat server that comes with overstay, and say which planted leaks were found."""

import contextlib
import importlib.util
import random
import socket
import sys
import tempfile

from rich.console import Console

from overstay.checks.project import Project
from overstay.commands.doctor import examine
from overstay.demo.planted import FOLDER, VISIT, Planted, planted
from overstay.errors import UsageError
from overstay.findings import Finding, Report
from overstay.messages import Speaker
from overstay.options import DemoOptions, DoctorOptions
from overstay.report import document, terminal
from overstay.report.sheet import Sheet
from overstay.source_reading import with_source

_NEEDED = ("starlette", "uvicorn")


def demo(options: DemoOptions, say: Speaker, console: Console) -> int:
    """Examine the leaky chat, show the report, and return 0 when every planted leak was found that should be."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError("demo.needs-extra", packages=", ".join(missing))
    with tempfile.TemporaryDirectory(prefix="overstay-demo-") as data:
        report, problem = examine(_doctor_options(options, data), say)
    report = with_source(report, Project(FOLDER), say)
    terminal.render(report, say, console)
    if options.json is not None:
        document.write(report, options.json)
    if problem is not None:
        raise problem
    return _score(report, say, Sheet(console))


def _doctor_options(options: DemoOptions, data: str) -> DoctorOptions:
    port = _free_port()
    server = str(FOLDER / "run_server.py")
    return DoctorOptions(
        language=options.language,
        project=FOLDER,
        url=f"ws://127.0.0.1:{port}/client-ws",
        command=(sys.executable, server, "--port", str(port), "--data", data),
        visit=VISIT,
    )


def _free_port() -> int:
    """Return a free port below those that the system gives to outgoing connections, of which there will be many."""
    while True:
        port = random.randrange(20_000, 32_000)  # noqa: S311 - no secret
        with socket.socket() as sock, contextlib.suppress(OSError):
            sock.bind(("127.0.0.1", port))
            return port


def _score(report: Report, say: Speaker, sheet: Sheet) -> int:
    expected = planted()
    found = [bug for bug in expected if any(_is_shown_by(finding, bug) for finding in report.findings)]
    sheet.blank()
    for bug in expected:
        slug = "demo.found" if bug in found else "demo.not-found"
        sheet.paragraph(say(slug, name=bug.name, file=bug.file, line=bug.line))
    for finding in report.findings:
        if finding.severity != "fine" and not any(_is_it(finding, bug) for bug in expected):
            file, line = (finding.site.file, finding.site.line) if finding.site else ("?", 0)
            sheet.paragraph(say("demo.unplanned", title=finding.title, file=file, line=line))
    sheet.paragraph(say("demo.sum", found=len(found), planted=len(expected)), style="bold")
    return 0 if len(found) == len(expected) else 1


def _is_shown_by(finding: Finding, bug: Planted) -> bool:
    """Tell whether a finding is of the rule that the bug must show: what only the source says shows nothing."""
    return finding.rule == bug.rule and _is_it(finding, bug)


def _is_it(finding: Finding, bug: Planted) -> bool:
    site = finding.site
    if bug.kind == "latency" and site is None:
        return finding.rule == bug.rule  # on a fast machine no single line blocks for long enough to be named
    return finding.kind == bug.kind and site is not None and (site.file, site.line) == (bug.file, bug.line)
