"""The example of a check of one's own works as its page says: installed with pip, found, shown."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "reload_check"
OVERSTAY = Path(sys.executable).parent / "overstay"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that the example was installed into; its source stays as it is."""
    folder = tmp_path_factory.mktemp("site")
    copy = tmp_path_factory.mktemp("source")
    for file in EXAMPLE.iterdir():
        if file.is_file():
            (copy / file.name).write_bytes(file.read_bytes())
    words = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    words += ["--no-build-isolation", "--no-index", "--target", str(folder), str(copy)]
    subprocess.run(words, check=True, capture_output=True, timeout=100)
    return folder


def doctor(project: Path, site: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run the doctor with the example on the path."""
    environment = {**os.environ, "PYTHONPATH": str(site), "LC_ALL": "C.UTF-8", "XDG_CACHE_HOME": str(site / "caches")}
    words = [str(OVERSTAY), "doctor", str(project), *options]
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.slow
def test_the_example_finds_what_its_page_says(site: Path, tmp_path: Path) -> None:
    """A server that is started with --reload is a warning, with the line; without it there is none."""
    (tmp_path / "start.sh").write_text("#!/bin/sh\nuvicorn app:app --reload\n")
    leaky = doctor(tmp_path, site)
    assert leaky.returncode == 1
    assert "the server is started with --reload; see start.sh:2" in " ".join(leaky.stdout.split())
    (tmp_path / "start.sh").write_text("#!/bin/sh\nuvicorn app:app\n")
    clean = doctor(tmp_path, site)
    assert clean.returncode == 0
    assert "start.sh has no --reload" in clean.stdout


@pytest.mark.slow
def test_the_example_speaks_chinese_too(site: Path, tmp_path: Path) -> None:
    """A check is told the language."""
    (tmp_path / "Dockerfile").write_text("CMD uvicorn app:app --reload\n")
    assert "服务器以 --reload 启动" in doctor(tmp_path, site, "--lang", "zh").stdout
