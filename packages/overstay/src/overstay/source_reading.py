"""The project's source beside what a server or a check has shown: one finding where they are about the same place."""

from dataclasses import replace

from overstay.checks.checkup import verdict_of
from overstay.checks.project import Project
from overstay.checks.switches import affects_you
from overstay.findings import Finding, Report
from overstay.messages import Speaker
from overstay.scan import scan
from overstay.scan.joining import joined


def with_source(report: Report, project: Project, say: Speaker) -> Report:
    """Return a report with what the scan of the whole project says, joined where both are about the same place."""
    result = scan(project.root, say=say)
    own = [judged(finding, project, say) for finding in result.findings if not _is_checked(finding, report)]
    findings = joined(report.findings, own, result.hints, say)
    if report.is_of_project:
        report = replace(report, verdict=verdict_of(findings, report.checks, has_source=result.files > 0))
    return replace(report, findings=findings, scan=result.summary(say))


def beside(report: Report, project: Project, say: Speaker) -> Report:
    """Return a report whose findings have what the source says of their own places, and nothing else of it."""
    files = {project.root / each.site.file for each in report.findings if each.site is not None}
    there = [path for path in files if path.is_file() and path.is_relative_to(project.root)]
    if not there:
        return report
    result = scan(project.root, say=say, paths=there)
    findings = joined(report.findings, (*result.findings, *result.hints), (), say)[: len(report.findings)]
    return replace(report, findings=findings)


def _is_checked(finding: Finding, report: Report) -> bool:
    """Tell whether a check of the project has said the same line to be a problem."""
    return any(each.kind == "project" and _place(each) == _place(finding) for each in report.findings)


def _place(finding: Finding) -> tuple[str, int] | None:
    return (finding.site.file, finding.site.line) if finding.site else None


def judged(finding: Finding, project: Project, say: Speaker) -> Finding:
    """Return a finding with whether its code runs for this user; what does not needs no fix."""
    answer = affects_you(finding.site.file, project, say) if finding.site else finding.affects_you
    return replace(finding, affects_you=answer, severity="fine" if answer.answer == "no" else finding.severity)
