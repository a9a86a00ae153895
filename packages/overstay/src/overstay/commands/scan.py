"""`overstay scan`: read the project's source, and name what would outlive a session."""

from rich.console import Console

from overstay.findings import Latency, Report, Run, Scan, Target, Unread
from overstay.messages import Speaker
from overstay.options import ScanOptions
from overstay.report import document, sarif, scanned
from overstay.scan import ScanResult, scan
from overstay.scan.findings import file_of


def run_scan(options: ScanOptions, say: Speaker, console: Console) -> int:
    """Scan what the options name, show it, write it where asked, and return the exit status."""
    is_file = options.path.is_file()
    result = scan(options.path.parent if is_file else options.path, say=say, paths=(options.path,) if is_file else ())
    scanned.render(result, say, console)
    if options.json is not None:
        document.write(report_of(result, say), options.json)
    if options.sarif is not None:
        document.write_text(sarif.text(result.findings, say), options.sarif)
    return result.exit_status


def report_of(result: ScanResult, say: Speaker) -> Report:
    """Return a scan as a report: no server, no visits, what was read, and the findings."""
    skipped = (
        Unread(file_of(each.path, result.root), say(f"skipped.{each.why}", **each.facts)) for each in result.skipped
    )
    return Report(
        verdict="leak" if result.exit_status else "clean",
        target=Target((), None, None, (), inside=False),
        run=Run(0, 0, {}, (), round(result.seconds, 3), {}),
        latency=Latency(),
        findings=result.findings,
        scan=Scan(result.files, result.lines, round(result.seconds, 3), tuple(skipped)),
    )
