"""What the user has fixed before: looked at again on his project, and said to be still fixed, or back."""

from collections.abc import Callable, Iterable, Iterator

from overstay.checks.check import Project, Result
from overstay.checks.kept_tasks import endless
from overstay.checks.log_files import Line, sign
from overstay.checks.sources import Module
from overstay.checks.web_faults import development_tools, kept_timers, written_state
from overstay.checks.web_sources import Script, scripts
from overstay.findings import Fix, Site
from overstay.messages import Speaker

_READ_ONLY = sign(
    "read only",
    "read-only",
    "not extensible",
    "只读",
    pattern=r"Cannot assign to read[- ]only property|object is not extensible|Cannot delete property|只读属性",
)
_SHOWN = 5
_WEB: tuple[tuple[str, tuple[tuple[str, ...], ...], Callable[[Script], Iterable[Site]]], ...] = (
    ("fixed-2", (("carousel",),), kept_timers),
    ("fixed-3", (("vad",),), written_state),
    ("fixed-4", (("store/index",), ("store.ts",), ("store.js",)), development_tools),
)
"""The item, the words of the files that it is about, and what finds it."""


class FixedCheck:
    """The four fixes at the top of the checklist."""

    name = "fixed"

    def look(self, project: Project, say: Speaker) -> Iterable[Result]:
        """Return one result a fix; of a project that has no such file, that it does not apply."""
        yield self._service_context(project, say)
        for item, words, faults in _WEB:
            yield self._web(item, words, faults, project, say)

    def _service_context(self, project: Project, say: Speaker) -> Result:
        modules = [module for module in project.sources.modules if _is_service_context(module)]
        sites = [site for module in modules for site in endless(module)]
        return self._result("fixed-1", [module.path for module in modules], sites, (), say)

    def _web(
        self,
        item: str,
        words: tuple[tuple[str, ...], ...],
        faults: Callable[[Script], Iterable[Site]],
        project: Project,
        say: Speaker,
    ) -> Result:
        found = [script for each in words for script in scripts(project.tree, *each, until=project.deadline)]
        sites = [site for script in found for site in faults(script)]
        lines = project.logs.lines(_READ_ONLY) if item == "fixed-3" else []
        return self._result(item, [script.path for script in found], sites, lines, say)

    def _result(self, item: str, files: list[str], sites: list[Site], lines: Iterable[Line], say: Speaker) -> Result:
        seen = [str(line) for line in lines][-_SHOWN:]
        if not (files or seen):
            return Result(self.name, item, "does-not-apply", say(f"check.{item}.none"), item)
        if not (sites or seen):
            title = say("check.fixed.still", files=say("list.comma").join(files[:_SHOWN]))
            return Result(self.name, item, "fine", title, item)
        return Result(
            self.name,
            item,
            "warning",
            say("check.fixed.back", what=say(f"check.{item}.back")),
            item,
            evidence=tuple(_others(sites, say)) + tuple(seen),
            fix=Fix(say(f"check.{item}.fix")),
            site=sites[0] if sites else None,
        )


def _is_service_context(module: Module) -> bool:
    return "service_context" in module.name or "class ServiceContext" in module.text


def _others(sites: list[Site], say: Speaker) -> Iterator[str]:
    return (f"{site}{say('list.colon')}{site.code}" for site in sites[1:_SHOWN])
