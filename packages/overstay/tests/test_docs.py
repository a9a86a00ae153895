"""The docs are whole: every option, rule, kind, departure, call and field has its place, and every example works."""

import asyncio
import dataclasses
import inspect
import re
import shlex
import subprocess
import types
import typing
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from overstay.demo.planted import FOLDER, planted
from overstay.findings import Report, RunVerdict, Verdict
from overstay.judge import counters
from overstay.messages import sentences
from overstay.options import CompareOptions, DoctorOptions, RunOptions, parse
from overstay.usage import FLAGS
from overstay.visits import Client, Departure, Destination, Driver, VisitScript
from overstay_probe.holdings import KINDS

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
READMES = (ROOT / "README.md", ROOT / "README.zh-CN.md")
PAGES = (*READMES, ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md")))
NO_HOLDINGS = {"session", "latency", "counter", "project"}
"""What a finding can be about besides a kind of holding."""
MACHINE_PATHS = re.compile(rf"(?<![\w.~])/({'|'.join(('work', 'root', 'home', 'Users'))})/\w")
REGISTRIES = tuple(".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org")))
"""Put together here, so that this file has none of what it looks for."""


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path, language: str) -> list[str]:
    """Return the code blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text_of(page), re.MULTILINE | re.DOTALL)


def without_blocks(page: Path) -> str:
    return re.sub(r"^```.*?^```$", "", text_of(page), flags=re.MULTILINE | re.DOTALL)


def headings(page: Path) -> list[str]:
    return re.findall(r"^#+ (.+)$", without_blocks(page), re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Return what a link can name in a page, as code hosts make it of the headings."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings(page)}


def section(page: Path, heading: str) -> str:
    """Return what stands below a heading of the second level."""
    parts = re.split(r"^## ", text_of(page), flags=re.MULTILINE)
    [found] = [part for part in parts if part.splitlines()[0] == heading]
    return found


def tracked() -> list[Path]:
    """Return the files of the repository; skips where there is none."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name]


def rules() -> set[str]:
    return {slug.split(".")[1] for slug in sentences("en") if slug.startswith("finding.")}


def kinds() -> set[str]:
    return {slug.split(".")[1] for slug in sentences("en") if slug.startswith("kind.")} - NO_HOLDINGS


def fields(shape: type, prefix: str = "") -> Iterator[str]:
    """Yield the dotted name of every field that a report has in JSON; what is in a list has [] after its name."""
    for name, hint in typing.get_type_hints(shape).items():
        path = f"{prefix}{'self' if name == 'self_cost' else name}"
        yield path
        for inner, mark in inner_shapes(hint):
            yield from fields(inner, f"{path}{mark}.")


def inner_shapes(hint: object) -> Iterator[tuple[type, str]]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint):
        yield typing.cast("type", hint), ""
    elif origin is types.UnionType:
        yield from inner_shapes(arguments[0])
    elif origin is tuple and dataclasses.is_dataclass(arguments[0]):
        yield typing.cast("type", arguments[0]), "[]"


# What there is has its place


@pytest.mark.parametrize("command", FLAGS)
def test_every_option_of_a_command_is_in_its_section(command: str) -> None:
    """Whoever looks an option up finds it under the command that takes it, with its default."""
    told = section(DOCS / "command-line.md", f"`overstay {command}`").replace("\\|", "|")
    for flag in FLAGS[command]:
        [row] = [line for line in told.splitlines() if line.startswith(f"| `{flag.name}")]
        assert f"`{f'{flag.name} {flag.metavar or str()}'.strip()}`" in row
        assert flag.default is None or f"| {flag.default} |" in row


def test_options_of_overstay_itself_are_told() -> None:
    """The three that need no command have a section, too."""
    told = section(DOCS / "command-line.md", "`overstay`")
    assert [name for name in ("--lang", "--help", "--version") if f"`{name}" not in told] == []


def test_every_rule_has_its_section_and_no_other_is_told() -> None:
    """A rule that a finding can have is explained; one that was taken out is not."""
    told = {heading.strip("`") for heading in headings(DOCS / "rules.md")[1:]}
    assert told == rules()


def test_every_kind_of_holding_has_its_page_and_no_other_is_told() -> None:
    """One kind, one page, and each page has the same four sections."""
    pages = {page.stem: page for page in (DOCS / "holdings").glob("*.md")}
    assert set(pages) == kinds()
    assert len(pages) == len(KINDS) + 1  # a container is nobody's holding
    for page in pages.values():
        assert headings(page)[1:] == ["What counts", "How it is seen", "What cannot be seen", "The typical fix"], page


def test_every_departure_has_its_section() -> None:
    """Every way to leave says what goes over the wire."""
    assert [heading.strip("`") for heading in headings(DOCS / "departures.md")[1:]] == list(Departure)


def test_every_departure_is_named_in_the_readme() -> None:
    """A reader of the README knows all of them."""
    for readme in READMES:
        assert [str(departure) for departure in Departure if str(departure) not in text_of(readme)] == []


def test_every_public_call_of_the_client_has_its_section() -> None:
    """What a visit file can use is what its page tells, and nothing else."""
    public = {name for name in vars(Client) if not name.startswith("_") and inspect.isfunction(vars(Client)[name])}
    public |= {name for name in Client.__annotations__ if not name.startswith("_")}
    assert {heading.strip("`") for heading in headings(DOCS / "visit-file.md")[1:]} == {f"client.{n}" for n in public}


def test_every_field_of_the_report_is_told_and_no_other() -> None:
    """The page of the report is the schema."""
    told = set(re.findall(r"^\| `([\w.\[\]*]+)` \|", text_of(DOCS / "report.md"), re.MULTILINE))
    # `kept` has what `findings` has, and says so.
    known = {path for path in fields(Report) if not path.startswith("kept[]")} | {"schema"}
    known |= {f"counters.*.{name}" for name in ("first", "last", "per_session", "low", "high", "growth")}
    assert told == known


def test_every_counter_and_verdict_is_on_the_page_of_the_report() -> None:
    """The words that a field can have stand beside it."""
    page = text_of(DOCS / "report.md")
    words = {*counters.NAMES, *typing.get_args(Verdict), *typing.get_args(RunVerdict)}
    assert [word for word in sorted(words) if f"`{word}`" not in page] == []


def test_readme_explains_every_verdict_that_a_run_can_have() -> None:
    """`native` comes with a later version; every other word is in both tables."""
    for readme in READMES:
        rows = set(re.findall(r"^\| ([a-z-]+)", text_of(readme), re.MULTILINE))
        assert {*typing.get_args(Verdict), *typing.get_args(RunVerdict)} - rows == {"native"}


def test_every_variable_of_the_environment_is_on_the_security_page() -> None:
    """What overstay puts into a process or reads from one is no secret."""
    sources = [path for package in (ROOT / "packages").iterdir() for path in (package / "src").rglob("*.py")]
    names = {name for path in sources for name in re.findall(r"\"(OVERSTAY_[A-Z]+)\"", text_of(path))}
    assert names
    assert [name for name in sorted(names) if f"`{name}`" not in text_of(DOCS / "security.md")] == []


def test_questions_of_the_control_channel_are_on_the_security_page() -> None:
    """All that can be asked is told."""
    source = text_of(ROOT / "packages" / "overstay_probe" / "src" / "overstay_probe" / "_link.py")
    questions = re.findall(r"^ +\"(\w+)\": (?:lambda|link\.)", source, re.MULTILINE)
    assert len(questions) == 14
    assert [name for name in questions if f"`{name}`" not in text_of(DOCS / "security.md")] == []


# What is shown works


def commands_of(page: Path) -> list[list[str]]:
    """Return the words of every command line that a page shows."""
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    return [shlex.split(line, comments=True) for line in lines if line.strip()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_in_the_docs_can_be_given(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every `overstay` line parses, and every `make` line has its target."""
    monkeypatch.chdir(tmp_path)
    targets = re.findall(r"^([a-z]+):", text_of(ROOT / "Makefile"), re.MULTILINE)
    for words in commands_of(page):
        if words[0] == "make":
            assert words[1] in targets
        elif words[0] == "overstay":
            options = parse(words[1:])
            assert ("--" in words) == bool(isinstance(options, DoctorOptions | RunOptions) and options.command)
            assert not isinstance(options, CompareOptions) or options.before != options.after
        else:
            assert words[0] in ("cd", "source", "alias"), words


def test_readme_opens_with_the_two_commands() -> None:
    """`make demo` and `make test` are the first that a reader can copy."""
    for readme in READMES:
        assert [line.split("#")[0].strip() for line in blocks(readme, "sh")[0].splitlines()] == [
            "make demo",
            "make test",
        ]


def test_ci_runs_what_the_readme_opens_with() -> None:
    """What is promised first is proved on every change."""
    script = text_of(ROOT / ".ci" / "run").splitlines()
    assert {"make demo", "make test"} <= set(script)


def test_readme_shows_a_finding() -> None:
    """The picture is a real one: it names planted lines, and those at which what was made there waits."""
    for readme in READMES:
        [picture] = blocks(readme, "text")
        sites = {(file, int(line)) for file, line in re.findall(r"(\w+\.py):(\d+)", picture)}
        marked = {(bug.file, bug.line) for bug in planted()}
        assert sites & marked
        for file, line in sites - marked:
            assert "await" in text_of(FOLDER / file).splitlines()[line - 1], f"{file}:{line} is where nothing waits"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_python_in_the_docs_is_python(page: Path) -> None:
    """No example has a syntax error; pieces of a handler are taken as its body."""
    for block in blocks(page, "python"):
        wrapped = "async def handler():\n" + "".join(f"    {line}\n" for line in block.splitlines())
        compile(wrapped, str(page), "exec")


def examples() -> list[tuple[str, str]]:
    """Return the examples of the visit file's page: the scheme that each is for, and its text."""
    page = text_of(DOCS / "visit-file.md")
    return re.findall(r"^<!-- example: (\w+) -->\n```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


@asynccontextmanager
async def chat_server(scheme: str) -> AsyncIterator[str]:
    """Run the server that the examples visit; gives its URL."""
    if scheme == "tcp":
        async with await asyncio.start_server(_echo, "127.0.0.1", 0) as server:
            yield f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return
    app = web.Application()
    app.router.add_get("/ws", _talk)
    app.router.add_get("/events", _tick)
    app.router.add_get("/", _say_hello)
    app.router.add_post("/login", _say_hello)
    app.router.add_put("/upload", _say_hello)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        yield f"ws://127.0.0.1:{port}/ws" if scheme == "ws" else f"http://127.0.0.1:{port}/"
    finally:
        await runner.cleanup()


async def _talk(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.send_str("welcome")
    async for _ in socket:
        await socket.send_json({"type": "text", "text": "noon"})
        await socket.send_str("done")
    return socket


async def _tick(request: web.Request) -> web.StreamResponse:
    stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await stream.prepare(request)
    for number in (1, 2):
        await stream.write(f"data: tick {number}\n\n".encode())
    return stream


async def _say_hello(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(text="hello")


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()
    writer.close()


def test_every_python_block_of_the_visit_page_is_an_example_that_runs() -> None:
    """None is left out of the test below."""
    assert [code for _, code in examples()] == blocks(DOCS / "visit-file.md", "python")


@pytest.mark.parametrize(("scheme", "code"), examples())
def test_example_of_a_visit_runs(scheme: str, code: str, tmp_path: Path) -> None:
    """Each does on a real server what the page says, and leaves as it is told."""
    (tmp_path / "visit.py").write_text(code, encoding="utf-8")

    async def main() -> None:
        async with chat_server(scheme) as url:
            driver = Driver(Destination(url), VisitScript.load(tmp_path / "visit.py"), timeout=5.0)
            try:
                [record] = await driver.make([Departure.CLOSE], first_n=1)
            finally:
                await driver.aclose()
        assert record.problem is None
        assert record.exercised

    asyncio.run(main())


def test_visit_in_the_readme_is_a_visit(tmp_path: Path) -> None:
    """The first one that a user copies loads, and runs on a chat server."""
    visits = [block for block in blocks(READMES[0], "python") if "def visit" in block]
    [code] = visits
    test_example_of_a_visit_runs("ws", code, tmp_path)


# Both languages, all links, nothing of this machine


def test_both_readmes_have_the_same_shape() -> None:
    """Neither language has a section, a table row, a list item or a link that the other lacks."""
    english, chinese = READMES
    levels = [re.findall(r"^(#+) ", without_blocks(readme), re.MULTILINE) for readme in READMES]
    assert levels[0] == levels[1]
    for pattern in (r"^\|", r"^- ", r"^<!-- .* -->$"):
        counts = [len(re.findall(pattern, text_of(readme), re.MULTILINE)) for readme in READMES]
        assert counts[0] == counts[1], pattern
    # A page that exists in Chinese is linked from the Chinese README.
    links = [re.findall(r"\]\((docs/[^)]+)\)", text_of(readme)) for readme in READMES]
    targets = [sorted(target.replace(".zh-CN", "") for target in found) for found in links]
    assert targets[0] == targets[1]
    for language in ("sh", "python"):
        assert blocks(english, language) == blocks(chinese, language)
    assert len(blocks(english, "text")) == len(blocks(chinese, "text"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every link to a file of ours names one that is there, and a heading that it has."""
    for target in re.findall(r"\]\(([^)\s]+)\)", without_blocks(page)):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: str(page.relative_to(DOCS)))
def test_page_can_be_reached_from_the_readme(page: Path) -> None:
    """No page is an island."""
    seen: set[Path] = set()
    waiting = [READMES[0]]
    while waiting:
        here = waiting.pop()
        if here in seen or here.suffix != ".md":
            continue
        seen.add(here)
        names = re.findall(r"\]\(([^)#\s]+)[^)]*\)", without_blocks(here))
        waiting += [(here.parent / name).resolve() for name in names if "://" not in name]
    assert page in seen


def test_no_tracked_file_names_a_path_of_this_machine_or_a_registry() -> None:
    """The repository works anywhere, with whatever index its user has."""
    found = {}
    for path in tracked():
        text = path.read_bytes().decode("utf-8", "replace") if path.is_file() else ""
        path_here = MACHINE_PATHS.search(text)
        hits = [*([path_here[0]] if path_here else []), *(host for host in REGISTRIES if host in text)]
        if hits:
            found[str(path.relative_to(ROOT))] = hits
    assert found == {}
