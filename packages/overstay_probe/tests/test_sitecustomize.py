"""The file that every Python process of the command runs: any Python can parse it, and it never gets in the way."""

import ast
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import overstay_probe

BOOT = Path(overstay_probe.__file__).parent / "_boot"
SOURCE = (BOOT / "sitecustomize.py").read_text(encoding="utf-8")
OLDEST = (3, 4) if sys.version_info < (3, 13) else (3, 7)
"""The oldest grammar that this Python can still parse by."""
NEWER = (
    ast.JoinedStr,
    ast.AnnAssign,
    ast.NamedExpr,
    ast.Await,
    ast.AsyncFunctionDef,
    ast.AsyncFor,
    ast.AsyncWith,
    ast.YieldFrom,
    ast.Nonlocal,
    ast.Starred,
    ast.MatMult,
    ast.Match,
)
"""What Python 2.7 has no grammar for."""


def run_python(code: str, folders: list[Path], **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a program with these folders before all others."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OVERSTAY_")}
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=inherited | {"PYTHONPATH": os.pathsep.join(map(str, folders)), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


def finders(folders: list[Path], **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a program that prints what it imports by."""
    code = "import sys; print([type(finder).__name__ for finder in sys.meta_path if not isinstance(finder, type)])"
    return run_python(code, folders, **environment)


def test_any_python_can_parse_it() -> None:
    """Python 2.7 and every Python 3: an interpreter that the probe does not fit must start as if it were not there."""
    assert SOURCE.isascii()  # without a line that declares another encoding
    tree = ast.parse(SOURCE, feature_version=OLDEST)
    newer = [f"{type(node).__name__} in line {node.lineno}" for node in ast.walk(tree) if isinstance(node, NEWER)]
    assert newer == []


def test_it_has_no_newer_arguments_annotations_or_clauses() -> None:
    """What has no node of its own is looked for, too."""
    for node in ast.walk(ast.parse(SOURCE)):
        if isinstance(node, ast.FunctionDef):
            assert node.returns is None
            assert not node.args.kwonlyargs
            assert not node.args.posonlyargs
            every = [*node.args.args, *filter(None, (node.args.vararg, node.args.kwarg))]
            assert [argument.arg for argument in every if argument.annotation] == []
        if isinstance(node, ast.ClassDef):
            assert not node.keywords
        if isinstance(node, ast.Raise):
            assert node.cause is None
        # `super()` without arguments and `print` as a function parse everywhere and fail on Python 2.
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print"
            assert node.func.id != "super"


def test_it_is_silent_without_a_run() -> None:
    """A process that inherits the path but not the variable starts as it would have."""
    done = finders([BOOT])
    assert "_DoorFinder" not in done.stdout
    assert done.stderr == ""


def test_it_is_silent_when_the_run_is_over(tmp_path: Path) -> None:
    """A process that outlives the run, and starts another, meets no folder and says nothing."""
    done = finders([BOOT], OVERSTAY_RUN=str(tmp_path / "gone"), OVERSTAY_DOORS="asyncio.streams")
    assert "_DoorFinder" not in done.stdout
    assert done.stderr == ""
    assert not (tmp_path / "gone").exists()


def test_it_says_that_it_was_there_and_waits_for_the_doors(tmp_path: Path) -> None:
    """One small file, named by the process, with the version of its Python; nothing of ours is imported."""
    code = "import os, sys; print(os.getpid()); print('overstay_probe' in sys.modules, 'asyncio' in sys.modules)"
    done = run_python(code, [BOOT], OVERSTAY_RUN=str(tmp_path), OVERSTAY_DOORS="asyncio.streams")
    pid, imported = done.stdout.splitlines()
    [said] = tmp_path.iterdir()
    assert said.name == f"{pid}.entered"
    assert said.read_text(encoding="utf-8") == ".".join(map(str, sys.version_info[:2]))
    assert imported == "False False"
    assert done.stderr == ""


def test_folder_that_cannot_be_written_is_no_reason_to_fail(tmp_path: Path) -> None:
    """A process of another user starts all the same. Root may write anywhere, so a folder stands in the file's place."""
    code = """
        import os, runpy
        os.mkdir(os.path.join(os.environ["OVERSTAY_RUN"], "%d.entered" % os.getpid()))
        runpy.run_path(os.environ["BOOT_FILE"])
        print("went on")
    """
    done = run_python(code, [], OVERSTAY_RUN=str(tmp_path), BOOT_FILE=str(BOOT / "sitecustomize.py"))
    assert done.stdout == "went on\n"


@pytest.mark.parametrize("is_run", [True, False], ids=["in a run", "without a run"])
def test_existing_sitecustomize_runs_as_if_ours_did_not_exist(tmp_path: Path, is_run: bool) -> None:
    """It is the one that `import sitecustomize` gives, its names are there, and it ran once."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text("import sys\nsys.times = getattr(sys, 'times', 0) + 1\nTHEIRS = __name__\n")
    run = {"OVERSTAY_RUN": str(tmp_path)} if is_run else {}
    code = "import sitecustomize, sys; print(sitecustomize.__file__, sitecustomize.THEIRS, sys.times)"
    done = run_python(code, [BOOT, own], **run)
    assert done.stdout.split() == [str(own / "sitecustomize.py"), "sitecustomize", "1"]
    assert done.stderr == ""


def test_existing_sitecustomize_that_fails_is_said_as_ever(tmp_path: Path) -> None:
    """Python tells of the error in its own words and goes on: we neither hide it nor make it worse."""
    (tmp_path / "sitecustomize.py").write_text("raise ValueError('theirs')\n")
    done = run_python("print('went on')", [BOOT, tmp_path])
    assert done.stdout == "went on\n"
    assert "ValueError: theirs" in done.stderr
