"""Cache directories: how many files, how large, since when, whether they grow, and which lines write there."""

import re
import time
from collections.abc import Iterable, Iterator

from overstay.checks import last_run
from overstay.checks.amounts import age, size
from overstay.checks.check import Project, Result
from overstay.checks.growth import since
from overstay.checks.tree import Folder
from overstay.checks.writers import naming, removing, writing
from overstay.findings import Fix, Site, Status
from overstay.messages import Speaker
from overstay.report.excerpt import without_comment

FINE_FILES, SEVERE_FILES = 100, 1_000
FINE_BYTES, SEVERE_BYTES = 500_000_000, 5_000_000_000
_ITEM = "suspect-4"
_NAMED = re.compile(r"(.*[_.-])?(cache|caches|tmp|temp|recordings?|uploads?|audio_?(files|out|output)?)([_.-].*)?")
_SHOWN = 3
_DAY = 86_400


class CacheCheck:
    """Suspect 4 of the checklist."""

    name = "cache"

    def look(self, project: Project, say: Speaker) -> Iterable[Result]:
        """Return one result a cache folder, or that there is none and which lines would make one."""
        folders = list(project.tree.named(_NAMED))
        for folder in folders:
            yield self._judged(folder, project, say)
            if folder.is_whole:
                last_run.remember(project.root, folder.path, files=folder.files, size=folder.bytes)
        if not folders:
            yield self._nothing(project, say)

    def _judged(self, folder: Folder, project: Project, say: Speaker) -> Result:
        status = judged(folder)
        sites = writing(project.sources, folder.path) if status != "fine" else []
        title = say(f"check.cache.{status}", folder=f"{folder.path}/", amount=amount(folder, say))
        return Result(
            self.name,
            _ITEM,
            status,
            title,
            about=folder.path,
            details=tuple(_details(folder, project, say)),
            evidence=_told(sites[1:], say),
            fix=None if status == "fine" else _fix(folder, sites, project, say),
            site=sites[0] if sites else None,
            suspect=4,
        )

    def _nothing(self, project: Project, say: Speaker) -> Result:
        """Return that there is no such folder yet, and the lines that will make one."""
        if not project.tree.is_whole:
            return Result(self.name, _ITEM, "not-checked", say("check.cache.late"), about="cache", suspect=4)
        sites = [site for word in ("cache", "tmp", "temp") for site in writing(project.sources, word)]
        title = say("check.cache.none-yet" if sites else "check.cache.none")
        status: Status = "fine" if sites else "does-not-apply"
        return Result(self.name, _ITEM, status, title, about="cache", evidence=_told(sites, say), suspect=4)


def judged(folder: Folder) -> Status:
    """Return what a folder's files and bytes amount to."""
    if folder.files > SEVERE_FILES or folder.bytes > SEVERE_BYTES:
        return "severe"
    return "warning" if folder.files >= FINE_FILES or folder.bytes >= FINE_BYTES else "fine"


def amount(folder: Folder, say: Speaker) -> str:
    """Return how many files of how many bytes, and how sure that is."""
    text = say("check.amount.files", count=folder.files, size=size(folder.bytes, say))
    if not folder.is_whole:
        return say("check.amount.at-least", amount=text)
    return text if folder.is_measured else say("check.amount.about", amount=text)


def _details(folder: Folder, project: Project, say: Speaker) -> Iterator[str]:
    if folder.oldest is not None and folder.newest is not None:
        now = time.time()
        yield say("check.cache.ages", oldest=age(now - folder.oldest, say), newest=age(now - folder.newest, say))
    if folder.is_whole:
        yield from since(project, folder.path, files=folder.files, count=folder.bytes, say=say)


def _told(sites: list[Site], say: Speaker) -> tuple[str, ...]:
    return tuple(say("check.cache.writes", where=site, code=without_comment(site.code)) for site in sites[:_SHOWN])


def _fix(folder: Folder, sites: list[Site], project: Project, say: Speaker) -> Fix:
    homes = {site.file for site in sites} | {site.file for site in naming(project.sources, folder.path)}
    removers = [site for module in project.sources.modules if module.path in homes for site in removing(module)]
    if removers:
        return Fix(say("check.cache.fix-skipped", where=removers[0], folder=f"{folder.path}/"))
    return Fix(say("check.cache.fix", folder=f"{folder.path}/"))
