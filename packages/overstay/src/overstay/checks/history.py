"""Chat history and databases: how large, how they grow, what makes them slow, whether anything is ever taken out."""

import re
import time
from collections.abc import Iterable, Iterator

from overstay.checks import database, last_run
from overstay.checks.amounts import size
from overstay.checks.cache import amount
from overstay.checks.check import Project, Result
from overstay.checks.database import Database, UnreadableDatabaseError
from overstay.checks.growth import since
from overstay.checks.queries import Query, queries
from overstay.checks.rewrites import rewrites
from overstay.checks.tree import DATABASE, File, Folder
from overstay.checks.writers import naming, removing
from overstay.findings import Fix, Site, Status
from overstay.messages import Speaker

LARGE = 1_000_000_000
MANY_ROWS = 10_000
MUCH_FREE = 100_000_000
LARGE_WAL = 100_000_000
_ITEM = "suspect-5"
_NAMED = re.compile(r"(.*[_.-])?(history|histories|conversations?|chats?|transcripts?|chat_?logs?)([_.-].*)?")
_SHOWN = 5
_MOST_COLUMNS = 3


class HistoryCheck:
    """Suspect 5 of the checklist."""

    name = "history"

    def look(self, project: Project, say: Speaker) -> Iterable[Result]:
        """Return a result a history folder, one a database, and one for code that rewrites a history per message."""
        folders = list(project.tree.named(_NAMED))
        files = list(_databases(project))
        asked = queries(project.sources) if files else []
        results = [self._folder(folder, project, say) for folder in folders]
        results += [self._database(file, asked, project, say) for file in files]
        results += self._rewriting(project, say)
        return results or [self._nothing(project, say)]

    def _folder(self, folder: Folder, project: Project, say: Speaker) -> Result:
        is_large = folder.bytes > LARGE
        slug = "large" if is_large else "fine"
        details = [
            *since(project, folder.path, files=folder.files, count=folder.bytes, say=say),
            *_kept(folder, project, say),
        ]
        if folder.is_whole:
            last_run.remember(project.root, folder.path, files=folder.files, size=folder.bytes)
        return self._result(
            "warning" if is_large else "fine",
            say(f"check.history.{slug}", folder=f"{folder.path}/", amount=amount(folder, say)),
            about=folder.path,
            details=details,
            fix=Fix(say("check.history.fix", folder=f"{folder.path}/")) if is_large else None,
        )

    def _database(self, file: File, asked: list[Query], project: Project, say: Speaker) -> Result:
        try:
            until = min(project.deadline, time.monotonic() + 1)
            found = database.examine(project.root / file.path, until=until)
        except UnreadableDatabaseError as err:
            reason = say(err.slug, **err.values)
            title = say("check.database.unread", file=file.path, reason=reason)
            return self._result("not-checked", title, about=file.path)
        return self._examined(file, found, asked, project, say)

    def _examined(self, file: File, found: Database, asked: list[Query], project: Project, say: Speaker) -> Result:
        missing = _missing_indexes(found, asked)
        advice = [*_advice(found, say), *(say("check.database.index", table=table) for table in sorted(missing))]
        details = [
            *since(project, file.path, files=1, count=found.size, say=say),
            *_tables(found, say),
            *(say("check.database.kept", table=name) for name in _never_deleted(found, asked)),
        ]
        last_run.remember(project.root, file.path, files=1, size=found.size)
        statements = "\n".join(_statement(table, columns) for table, (columns, _) in sorted(missing.items()))
        sites = [site for _, site in missing.values()]
        return self._result(
            "warning" if advice else "fine",
            say("check.database.is", file=file.path, size=size(found.size, say)),
            about=file.path,
            details=details,
            evidence=[say("check.database.asked", where=site) for site in sites[:_SHOWN]],
            fix=Fix(say("list.stop").join(advice), statements or None) if advice else None,
        )

    def _rewriting(self, project: Project, say: Speaker) -> list[Result]:
        sites = [site for module in project.sources.mentioning("dump") for site in rewrites(module)]
        return [
            self._result(
                "warning",
                say("check.history.rewrites"),
                about=f"{site.file} {site.function}",
                fix=Fix(say("check.history.fix-rewrites")),
                site=site,
            )
            for site in sites
        ]

    def _nothing(self, project: Project, say: Speaker) -> Result:
        if not project.tree.is_whole:
            return self._result("not-checked", say("check.history.late"), about="history")
        return self._result("does-not-apply", say("check.history.none"), about="history")

    def _result(
        self,
        status: Status,
        title: str,
        *,
        about: str,
        details: Iterable[str] = (),
        evidence: Iterable[str] = (),
        fix: Fix | None = None,
        site: Site | None = None,
    ) -> Result:
        return Result(
            self.name, _ITEM, status, title, about, tuple(details), tuple(evidence), fix=fix, site=site, suspect=5
        )


def _databases(project: Project) -> Iterator[File]:
    """Yield the files that are named like a database; not the thumbnails of Windows, which are none of SQLite's."""
    return (file for file in project.tree.of(DATABASE) if file.name.lower() != "thumbs.db")


def _kept(folder: Folder, project: Project, say: Speaker) -> Iterator[str]:
    """Yield that nothing is ever removed, where the code that names the folder removes nothing."""
    homes = {site.file for site in naming(project.sources, folder.path)}
    modules = [module for module in project.sources.modules if module.path in homes]
    if modules and not any(removing(module) for module in modules):
        yield say("check.history.kept", files=say("list.comma").join(sorted(homes)[:_SHOWN]))


def _advice(found: Database, say: Speaker) -> Iterator[str]:
    if found.size > LARGE:
        yield say("check.database.archive")
    if found.free > MUCH_FREE and found.free > found.size / 4:
        yield say("check.database.vacuum", size=size(found.free, say))
    if found.in_wal > LARGE_WAL:
        yield say("check.database.checkpoint", size=size(found.in_wal, say))


def _tables(found: Database, say: Speaker) -> Iterator[str]:
    largest = sorted(found.tables, key=lambda table: -table.rows)
    for table in largest[:_SHOWN]:
        slug = "rows" if table.is_counted else "about-rows"
        yield say(f"check.database.{slug}", table=table.name, rows=table.rows)
    if found.in_wal:
        yield say("check.database.wal", size=size(found.in_wal, say))
    if found.free:
        yield say("check.database.free", size=size(found.free, say))
    if found.is_being_written:
        yield say("check.database.written")


def _missing_indexes(found: Database, asked: list[Query]) -> dict[str, tuple[tuple[str, ...], Site]]:
    """Return for each large table the columns that a query looks rows up by, where no index begins with any of them."""
    missing: dict[str, tuple[tuple[str, ...], Site]] = {}
    for table in found.tables:
        for query in asked if table.rows > MANY_ROWS else ():
            known = tuple(column for column in query.columns if column in table.columns)
            if query.table.lower() == table.name.lower() and known and not set(known) & table.indexed:
                missing.setdefault(table.name, (known[:_MOST_COLUMNS], query.site))
    return missing


def _statement(table: str, columns: tuple[str, ...]) -> str:
    index = database.quoted("_".join((table, *columns)))
    return f"CREATE INDEX {index} ON {database.quoted(table)} ({', '.join(map(database.quoted, columns))});"


def _never_deleted(found: Database, asked: list[Query]) -> list[str]:
    """Return the large tables that the code asks and never deletes from."""
    deleted = {query.table.lower() for query in asked if query.deletes}
    known = {query.table.lower() for query in asked}
    return [table.name for table in found.tables if table.rows > MANY_ROWS and table.name.lower() in known - deleted]
