"""All checks, one after the other: what each says, and why one that fails says nothing."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib import metadata

from overstay.checks.check import Check, Project, Result
from overstay.findings import Finding, Fix, Latency, Report, Run, RunVerdict, Target
from overstay.messages import Speaker

GROUP = "overstay.checks"
_MOMENTARY = ("process", "network")


def check_up(project: Project, say: Speaker, *, has_folder: bool = True) -> tuple[Result, ...]:
    """Return what all installed checks say; without a folder, those that need none."""
    points = entry_points()
    if not points:
        return (Result("overstay", "other", "not-checked", say("check.no-checks"), about="checks"),)
    return tuple(result for point in points for result in _looked(point, project, say, has_folder=has_folder))


def entry_points() -> list[metadata.EntryPoint]:
    """Return the installed checks by name, each once, however often its distribution is on the path."""
    points = {(point.name, point.value): point for point in metadata.entry_points(group=GROUP)}
    return [points[key] for key in sorted(points)]


def _looked(point: metadata.EntryPoint, project: Project, say: Speaker, *, has_folder: bool) -> Iterator[Result]:
    try:
        check: Check = point.load()()
        if getattr(check, "needs_folder", True) and not has_folder:
            return
        for result in check.look(project, say):
            yield _in_time(_proper(result), check, project, say)
    except Exception as err:  # a check may be anybody's, and the others go on
        why = f"{type(err).__name__}: {err}"
        title = say("check.failed", check=point.name, why=why)
        yield Result(point.name, "other", "not-checked", title, about=point.name)


def _in_time(result: Result, check: Check, project: Project, say: Speaker) -> Result:
    """Return a result of a check that had no time as one that says so: not everything was read for it."""
    is_about_files = getattr(check, "needs_folder", True) and not getattr(check, "waits", False)
    if not (is_about_files and project.is_late) or result.status not in ("fine", "does-not-apply"):
        return result
    return replace(result, status="not-checked", details=(*result.details, say("check.late")))


def _proper(result: object) -> Result:
    if not isinstance(result, Result):
        raise TypeError(type(result).__name__)
    return result


def of_project(results: tuple[Result, ...], duration: float) -> Report:
    """Return the report on a project alone."""
    findings = findings_of(results)
    return Report(
        verdict=verdict_of(findings, results, has_source=True),
        target=Target((), None, None, (), inside=False),
        run=Run(0, 0, {}, (), round(duration, 1), {}),
        latency=Latency(),
        findings=findings,
        checks=results,
    )


def verdict_of(findings: Iterable[Finding], results: Iterable[Result], *, has_source: bool) -> RunVerdict:
    """Return what a project alone comes to; where there was nothing to read, that nothing applies is no answer."""
    if any(finding.severity != "fine" for finding in findings):
        return "leak"
    answers = ("fine", "does-not-apply") if has_source else ("fine",)
    return "clean" if any(result.status in answers for result in results) else "inconclusive"


def with_checks(report: Report, results: tuple[Result, ...]) -> Report:
    """Return a report on a server with what the checks say; the verdict stays that of the visits.

    What a process or a network is like at this moment is shown and is no finding: the visits have told it better.
    """
    lasting = findings_of(result for result in results if result.check not in _MOMENTARY)
    return replace(report, findings=(*report.findings, *lasting), checks=results)


def findings_of(results: Iterable[Result]) -> tuple[Finding, ...]:
    """Return what is to be fixed as findings of the kind `project`; nobody has seen it grow, so they are likely."""
    return tuple(_finding(result) for result in results if result.is_problem)


def _finding(result: Result) -> Finding:
    rule = f"check-{result.check}"
    identity = "\0".join((rule, result.item, result.about))
    return Finding(
        fingerprint=hashlib.sha1(identity.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()[:12],
        rule=rule,
        kind="project",
        verdict="likely",
        severity="severe" if result.status == "severe" else "warning",
        title=result.title,
        rate=None,
        site=result.site,
        fix=result.fix or Fix(""),
        suspect=result.suspect,
        evidence=(*result.details, *result.evidence),
    )
