"""A replaced builtin function behaves as the original to everyone who only uses it."""

import copy
import io
import os
import pickle
import sqlite3
import subprocess
import sys
import textwrap

import pytest

from overstay_probe import _function, _wrap


@pytest.fixture
def replaced():
    """Return `os.remove`'s replacement, its calls, and the original; everything is put back at the end."""
    original, calls = os.remove, []

    def counting(function):
        def remove(*args, **kwargs):
            calls.append(args)
            return function(*args, **kwargs)

        return remove

    _function.replace({original: counting})
    yield os.remove, calls, original
    _wrap.unwrap_all()


def test_replacement_is_put_in_every_module_and_taken_out_again(replaced):
    """The name in `os` and a copy that another module made early are the same replacement."""
    replacement, _, original = replaced
    assert replacement is not original
    assert sys.modules["posix" if os.name == "posix" else "nt"].remove is replacement
    _wrap.unwrap_all()
    assert os.remove is original


def test_replacement_calls_through(replaced, tmp_path):
    """Results and errors are the original's."""
    _, calls, _ = replaced
    (tmp_path / "file").touch()
    os.remove(tmp_path / "file")
    assert not (tmp_path / "file").exists()
    with pytest.raises(FileNotFoundError):
        os.remove(tmp_path / "file")
    assert len(calls) == 2


def test_replacement_is_the_original_to_sets_pickles_and_classes(replaced, tmp_path):
    """What the standard library asks of such functions: membership, identity after a copy, no binding."""
    replacement, _, original = replaced
    assert (replacement in os.supports_dir_fd) == (original in os.supports_dir_fd)
    assert replacement == original
    assert copy.deepcopy(replacement) is replacement
    assert pickle.loads(pickle.dumps(replacement)) is replacement
    assert (replacement.__name__, replacement.__module__) == (original.__name__, original.__module__)
    holder = type("Holder", (), {"remove": replacement})()
    (tmp_path / "file").touch()
    holder.remove(tmp_path / "file")
    assert not (tmp_path / "file").exists()


def test_every_way_of_opening_still_works_in_a_session(tmp_path):
    """In a process of its own: text, bytes, descriptors, openers, folders' descriptors, wrong calls."""
    program = textwrap.dedent("""
        import io, os, shutil, sqlite3, sys, tempfile, tokenize
        import overstay_probe
        from pathlib import Path

        early = open
        overstay_probe.install()
        from overstay_probe import _trouble
        from overstay_probe.holdings import files

        with overstay_probe.session():
            path = Path(sys.argv[1]) / "f"
            with open(path, "x") as f: f.write("text")
            with open(file=os.fsencode(path), mode="rb") as f: assert f.read() == b"text"
            with open(os.open(path, os.O_RDONLY)) as f: assert f.read() == "text"
            with io.open(path, "r+", opener=lambda p, flags: os.open(p, flags)) as f: f.write("more")
            with tokenize.open(str(path)) as f: assert f.read() == "more"
            folder = os.open(sys.argv[1], os.O_RDONLY)
            os.close(os.open("g", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
            os.unlink("g", dir_fd=folder)
            os.chdir(sys.argv[1])
            os.mkdir("d", mode=0o700)
            open("d/one", "w").close()
            os.rename(src="d/one", dst="d/two")
            for wrong in (lambda: open(), lambda: open(None), lambda: open("nowhere/f", "w"), lambda: os.open("f"),
                          lambda: open("f", 3), lambda: os.remove(3.5), lambda: open("f", "x")):
                try: wrong()
                except (TypeError, OSError): pass
                else: raise AssertionError("no error")
            connection = sqlite3.connect("data.db"); connection.execute("create table t (x)"); connection.commit()
            made = {Path(p).name for p in files._files}
            assert made == {"f", "d", "two", "data.db"}, made
            shutil.rmtree("d")
            assert not os.path.exists("d")
        assert not _trouble.disarmed(), _trouble.disarmed()
        print("fine")
    """)
    done = subprocess.run(
        [os.environ.get("OVERSTAY_TEST_PYTHON", sys.executable), "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(_function.__file__))},
        check=False,
    )
    assert done.stdout == "fine\n", done.stderr


def test_only_builtin_functions_are_replaced():
    """Classes and Python functions of the same modules are left alone."""
    assert not isinstance(io.StringIO, _function.Replacement)
    assert not isinstance(sqlite3.connect, _function.Replacement)
