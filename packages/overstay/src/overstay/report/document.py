"""A report as a file: JSON of the schema `overstay/1`, written whole or not at all, and read back exactly."""

import json
import os
import shutil
from pathlib import Path

from overstay.errors import UsageError
from overstay.findings import SCHEMA, Report
from overstay.report.shape import ShapeError, shaped


def write(report: Report, path: Path) -> None:
    """Write the report to `path`; raises UsageError when it cannot, and leaves nothing half-written behind."""
    write_text(json.dumps(report.to_json(), ensure_ascii=False, allow_nan=False, indent=2) + "\n", path)


def write_text(text: str, path: Path) -> None:
    """Write JSON to `path`, as `write` does.

    A file appears whole, by way of another one beside it. What is not a file, such as /dev/stdout, is written directly.
    """
    # A path may hold bytes that are no UTF-8: Python keeps them as lone surrogates, JSON has escapes for those.
    content = text.encode("utf-8", "backslashreplace")
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)
        else:
            replace(path.resolve(), content)
    except OSError as err:
        raise UsageError("report.not-written", path=path, reason=err.strerror or err) from err


def replace(path: Path, content: bytes) -> None:
    """Write a file whole, or leave it as it was; its permissions stay."""
    part = path.with_name(f".overstay-{os.getpid()}.part")
    try:
        part.write_bytes(content)
        if path.exists():
            shutil.copymode(path, part)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def read(path: Path) -> Report:
    """Return the report in `path`; raises UsageError when there is none, or when it is of another schema."""
    plain = _parsed(path)
    if not isinstance(plain, dict) or "schema" not in plain:
        raise UsageError("report.not-a-report", path=path, where="schema")
    if plain["schema"] != SCHEMA:
        raise UsageError("report.other-schema", path=path, schema=plain["schema"], known=SCHEMA)
    plain["self_cost"] = plain.pop("self", {})
    try:
        return shaped(plain, Report)
    except ShapeError as err:
        where = err.where.replace("self_cost", "self", 1)
        raise UsageError("report.not-a-report", path=path, where=where) from err


def _parsed(path: Path) -> object:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as err:
        raise UsageError("report.not-found", path=path) from err
    except OSError as err:
        raise UsageError("report.unreadable", path=path, reason=err.strerror or err) from err
    except UnicodeDecodeError as err:
        raise UsageError("report.not-json", path=path, line=1) from err
    try:
        return json.loads(text)
    except json.JSONDecodeError as err:
        raise UsageError("report.not-json", path=path, line=err.lineno) from err
    except RecursionError as err:
        raise UsageError("report.not-json", path=path, line=1) from err
