"""The SQL in a project's Python: which columns its queries look rows up by, and which tables it ever deletes from."""

import ast
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass

from overstay.checks.sources import Module, Sources
from overstay.findings import Site

_SQL = re.compile(r"\s*(SELECT|UPDATE|DELETE|WITH)\s", re.IGNORECASE)
_LONGEST = 10_000
_MOST = 500


@dataclass(frozen=True, slots=True)
class Query:
    """A statement of SQL: its table, the columns that its WHERE compares, equality first, and whether it deletes."""

    table: str
    columns: tuple[str, ...]
    deletes: bool
    site: Site


def queries(sources: Sources) -> list[Query]:
    """Return the statements that stand in the code as texts; what is put together elsewhere is not seen."""
    texts = [(module, node, text) for module in _candidates(sources) for node, text in _texts(module)]
    return [query for module, node, text in texts[:_MOST] for query in _parsed(module, node, text)]


def _candidates(sources: Sources) -> list[Module]:
    return sources.mentioning("SELECT", "select ", "DELETE", "delete ", "UPDATE", "update ")


def _texts(module: Module) -> Iterator[tuple[ast.AST, str]]:
    """Yield the texts that begin like SQL; what an f-string fills in becomes a parameter."""
    inside: set[int] = set()
    for node in module.nodes():
        if isinstance(node, ast.JoinedStr):
            inside |= {id(part) for part in node.values}
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "?" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            text = node.value
        else:
            continue
        if _SQL.match(text) and len(text) < _LONGEST:
            yield node, text


def _parsed(module: Module, node: ast.AST, text: str) -> Iterator[Query]:
    # Importing sqlglot takes longer than all other checks of a small project: only who has SQL waits for it.
    import sqlglot  # noqa: PLC0415 - see above
    from sqlglot import exp  # noqa: PLC0415 - see above

    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)
    try:
        statement = sqlglot.parse_one(text, read="sqlite")
    except (sqlglot.errors.SqlglotError, RecursionError):
        return
    for table in statement.find_all(exp.Table):
        where = table.parent_select.args.get("where") if table.parent_select else statement.args.get("where")
        # In this order an index serves them best: what is equal narrows, a range only then.
        kinds = ((exp.EQ, exp.In), (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between))
        compared = [each.this for kind in kinds for each in where.find_all(*kind)] if where else []
        columns = tuple(dict.fromkeys(each.name for each in compared if isinstance(each, exp.Column)))
        deletes = isinstance(statement, exp.Delete)
        yield Query(table.name, columns, deletes, module.site(node))
