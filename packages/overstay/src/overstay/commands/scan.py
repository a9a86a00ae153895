"""`overstay scan`: read the project's source, and name what would outlive a session."""

import io
import tokenize
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from overstay.checks.project import Project
from overstay.errors import UsageError
from overstay.findings import Latency, Report, Run, Target
from overstay.messages import Speaker
from overstay.options import ScanOptions
from overstay.report import document, sarif, scanned
from overstay.report.sheet import Sheet
from overstay.scan import ScanResult, scan
from overstay.scan.findings import file_of
from overstay.scan.languages import LANGUAGES
from overstay.source_reading import judged


def run_scan(options: ScanOptions, say: Speaker, console: Console) -> int:
    """Scan what the options name, show it, write it where asked, and return the exit status."""
    is_file = _is_file(options.path)
    root, paths = (options.path.parent, (options.path,)) if is_file else (options.path, ())
    result = scan(root, say=say, paths=paths, mends=options.diff or options.fix)
    if not is_file:
        project = Project(root.resolve())
        result = replace(result, findings=tuple(judged(finding, project, say) for finding in result.findings))
    scanned.render(result, say, console, hints=options.hints)
    if options.fix:
        _apply(result, say, Sheet(console))
    report = report_of(result, say)
    if options.json is not None:
        document.write(report, options.json)
    if options.sarif is not None:
        document.write_text(sarif.text(result.findings, say), options.sarif)
    return report.exit_status


def _is_file(path: Path) -> bool:
    """Tell whether a path names one file to read, and not a folder; raises UsageError when it names neither."""
    if path.is_dir():
        return False
    known = [suffix for language in LANGUAGES for suffix in language.suffixes]
    if not path.is_file() or not path.name.endswith(tuple(known)):  # a pipe would be waited for
        raise UsageError("usage.no-source", value=path, known=", ".join(known))
    return True


def _apply(result: ScanResult, say: Speaker, sheet: Sheet) -> None:
    """Write the files that can be mended safely, each whole or not at all."""
    for each in result.mended:
        before = each.path.read_bytes()
        newline = "\r\n" if b"\r\n" in before else "\n"
        encoding, _ = tokenize.detect_encoding(io.BytesIO(before).readline)
        document.replace(each.path, each.text.replace("\n", newline).encode(encoding))
        sheet.paragraph(say("scan.fixed", n=each.count, file=file_of(each.path, result.root)))
    if not result.mended:
        sheet.paragraph(say("scan.nothing-to-apply"))


def report_of(result: ScanResult, say: Speaker) -> Report:
    """Return a scan as a report: no server, no visits, what was read, and the findings."""
    return Report(
        verdict=result.verdict,
        target=Target((), None, None, (), inside=False),
        run=Run(0, 0, {}, (), round(result.seconds, 3), {}),
        latency=Latency(),
        findings=result.findings,
        scan=result.summary(say),
    )
