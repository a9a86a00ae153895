"""Configuration: whether proxy mode is on, which other switches there are, and what could not be read."""

from collections.abc import Iterable, Iterator

from overstay.checks.check import Project, Result
from overstay.checks.configuration_files import Refusal
from overstay.checks.sources import Module
from overstay.checks.switches import Switch, switches, words_of
from overstay.checks.unowned import unowned_tasks
from overstay.findings import Fix, Site, Status
from overstay.messages import Speaker

_ITEM = "suspect-1"
_SHOWN = 5


class ConfigurationCheck:
    """Suspect 1 of the checklist, and what every other check knows from the settings."""

    name = "configuration"

    def look(self, project: Project, say: Speaker) -> Iterable[Result]:
        """Return whether proxy mode affects this user, the switches, and the files that could not be read."""
        yield self._proxy(project, say)
        yield self._switches(project, say)
        yield self._sources(project, say)
        for refusal in project.configuration.refused:
            yield self._refused(refusal, say)

    def _proxy(self, project: Project, say: Speaker) -> Result:
        proxies = [switch for switch in switches(project) if switch.words == {"proxy"}]
        code = [module for module in project.sources.modules if "proxy" in words_of(module.path)]
        sites = [site for module in code for site in unowned_tasks(module)]
        if not proxies:
            return self._without_switch(code, sites, say)
        switch = proxies[0]
        if switch.state is False:
            return self._result("does-not-apply", say("check.configuration.off"), details=(_told(switch, say),))
        if not sites:
            slug = "on-clean" if switch.state else "unknown-clean"
            return self._result("fine", say(f"check.configuration.{slug}"), details=(_told(switch, say),))
        slug = "on" if switch.state else "unknown"
        status: Status = "severe" if switch.state else "warning"
        title = say(f"check.configuration.{slug}", name=switch.name, count=len(sites))
        return self._leaky(status, title, sites, say, details=(_told(switch, say),))

    def _without_switch(self, code: list[Module], sites: list[Site], say: Speaker) -> Result:
        if not code:
            return self._result("does-not-apply", say("check.configuration.no-proxy"))
        files = say("list.comma").join(module.path for module in code[:_SHOWN])
        if not sites:
            return self._result("fine", say("check.configuration.no-switch-clean", files=files))
        return self._leaky("severe", say("check.configuration.no-switch", files=files, count=len(sites)), sites, say)

    def _leaky(
        self, status: Status, title: str, sites: list[Site], say: Speaker, *, details: tuple[str, ...] = ()
    ) -> Result:
        others = tuple(f"{site}{say('list.colon')}{site.code}" for site in sites[1:_SHOWN])
        return self._result(
            status, title, details=details, evidence=others, site=sites[0], fix=Fix(say("check.configuration.fix"))
        )

    def _result(
        self,
        status: Status,
        title: str,
        *,
        details: tuple[str, ...] = (),
        evidence: tuple[str, ...] = (),
        site: Site | None = None,
        fix: Fix | None = None,
    ) -> Result:
        return Result(self.name, _ITEM, status, title, "proxy", details, evidence, fix=fix, site=site, suspect=1)

    def _switches(self, project: Project, say: Speaker) -> Result:
        configuration = project.configuration
        if not configuration.files:
            return Result(self.name, "other", "not-checked", say("check.configuration.no-files"), about="switches")
        title = say("check.configuration.read", files=len(configuration.files), settings=len(configuration.settings))
        return Result(self.name, "other", "fine", title, about="switches", details=tuple(_listed(project, say)))

    def _sources(self, project: Project, say: Speaker) -> Result:
        """Return how much Python was read; what does not parse is nobody's to judge."""
        sources, details = project.sources, []
        if sources.unread:
            files = say("list.comma").join(sources.unread[:_SHOWN])
            details.append(say("check.configuration.unread", count=len(sources.unread), files=files))
        broken = [module.path for module in sources.modules if module.is_broken]
        if broken:
            files = say("list.comma").join(broken[:_SHOWN])
            details.append(say("check.configuration.broken", count=len(broken), files=files))
        if project.is_late or not project.tree.is_whole:
            details.append(say("check.configuration.late"))
        title = say("check.configuration.sources", count=len(sources.modules))
        if not sources.modules:
            title = say("check.configuration.no-sources")
        status: Status = "fine" if sources.modules else "not-checked"
        return Result(self.name, "other", status, title, about="sources", details=tuple(details))

    def _refused(self, refusal: Refusal, say: Speaker) -> Result:
        reason = say(refusal.error.slug, **refusal.error.values)
        title = say("check.configuration.refused", file=refusal.file, reason=reason)
        return Result(self.name, "other", "not-checked", title, about=refusal.file)


def _told(switch: Switch, say: Speaker) -> str:
    if switch.state is None:
        return say("check.switch.unknown", name=switch.name, where=switch.where)
    return say("check.switch.on" if switch.state else "check.switch.off", name=switch.name, where=switch.where)


def _listed(project: Project, say: Speaker) -> Iterator[str]:
    for switch in switches(project):
        if switch.words != {"proxy"}:
            yield _told(switch, say)
