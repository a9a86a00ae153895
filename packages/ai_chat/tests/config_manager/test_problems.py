"""What does not fit is told with its file, line, key and value, and the next step."""

from pathlib import Path

import pytest

from ai_chat.config_manager.loader import load

from .conftest import Folder
from .telling import told

CHARACTER = "character_config:\n"


@pytest.mark.parametrize(
    ("source", "code", "line", "parts"),
    [
        ("system_config:\n  port: [", "config-syntax", 2, ()),
        ("system_config: {}\n  port: 3\n", "config-syntax", 2, ("column 3",)),
        ("a: *nowhere\n", "config-syntax", 1, ()),
        ("---\na: 1\n---\nb: 1\n", "config-syntax", 3, ()),
        ("system_config:\n  host: a\x07b\n", "config-character", 2, ("U+0007",)),
        ("limits: !!python/object/apply:os.system [ls]\n", "config-tag", 1, ()),
        ("ignored:\n  - !own thing\n", "config-tag", 2, ()),
        ("a: &a [*a]\n", "config-too-much", 1, ()),
        ("a:\n- " + "[" * 200 + "]" * 200, "config-too-much", 2, ()),
        ("? [a, b]\n: 1\n", "config-key", 1, ()),
        ("- 1\n", "config-no-keys", 1, ()),
        ("limits:\n  sessions: 3\n  sessions: 4\n", "config-duplicate", 3, ("limits.sessions", "line 2")),
        ("limits: 5\n", "config-table", 1, ("limits", "5")),
        ("system_config: [1]\n", "config-not-a-table", 1, ("system_config",)),
        ("character_config:\n  agent_config: x\n", "config-not-a-table", 2, ("agent_config",)),
        ("x: {<<: 3}\n", "config-not-a-table", 1, ()),
        ("system_config:\n  port: seven\n", "config-whole-number", 2, ("system_config.port", "'seven'")),
        ("system_config:\n  port: yes\n", "config-number", 2, ("system_config.port", "True")),
        ("limits:\n  turns: 1.5\n", "config-whole-number", 2, ("limits.turns", "1.5")),
        ("limits: {send_seconds: soon}\n", "config-number", 1, ("'soon'",)),
        ("limits: {send_seconds: .inf}\n", "config-bound", 1, ("inf", "< ∞")),
        ("limits: {send_seconds: .nan}\n", "config-bound", 1, ("nan",)),
        ("limits:\n  sessions: 0\n", "config-bound", 2, ("limits.sessions", "0", "≥ 1")),
        ("system_config:\n  port: 65536\n", "config-bound", 2, ("65536", "≤ 65535")),
        ("history:\n  retention:\n    messages: yes\n", "config-number", 3, ("history.retention.messages",)),
        ("system_config:\n  enable_proxy: maybe\n", "config-true-or-false", 2, ("'maybe'",)),
        ("system_config:\n  host: {a: 1}\n", "config-text", 2, ("system_config.host",)),
        ("system_config:\n  token: ''\n", "config-empty", 2, ("system_config.token",)),
        (CHARACTER + "  conf_uid: 001\n", "config-text", 2, ("character_config.conf_uid", "1", "quotes")),
        (CHARACTER + "  conf_uid: 2024-99-99\n  avatar: 3\n", "config-text", 3, ("avatar",)),
        (CHARACTER + "  tts: {engine: loud}\n", "config-choice", 2, ("'loud'", "tone, none")),
        (CHARACTER + "  llm:\n    temprature: 1\n", "config-misspelt-key", 3, ("llm.temprature", "temperature")),
        ("limits:\n  seasons: {a: 1}\n", "config-misspelt-key", 2, ("limits.seasons", "sessions")),
        ("history:\n  zzz: 1\n", "config-unknown-key", 2, ("history.zzz", "url, queue, batch, retention")),
        ("mcp_servers:\n  a: {comand: x}\n", "config-misspelt-key", 2, ("mcp_servers.a.comand", "command")),
        ("mcp_servers:\n  a: {args: []}\n", "config-no-command", 2, ("mcp_servers.a",)),
        ("mcp_servers:\n  a: {command: x, args: y}\n", "config-list", 2, ("mcp_servers.a.args",)),
        ("system_config:\n  allowed_origins: [a, 3]\n", "config-text", 2, ("allowed_origins", "3")),
        (CHARACTER + "  avatar: ${NOT_SET}\n", "config-no-variable", 2, ("character_config.avatar", "NOT_SET")),
        ("mcp_servers:\n  a:\n    command: x\n    args: [$, '${NOT_SET}']\n", "config-no-variable", 4, ("NOT_SET",)),
    ],
)
def test_what_does_not_fit_is_told_with_its_line(
    folder: Folder, source: str, code: str, line: int, parts: tuple[str, ...]
) -> None:
    """One sentence, in each language."""
    folder.write(source)
    problem = folder.problem()
    assert (problem.code, problem.values["line"]) == (code, line)
    for lang in ("en", "zh"):
        assert f"conf.yaml:{line}" in told(problem, lang)
    for part in parts:
        assert part in told(problem)


def test_chinese_sentences_hold_no_english_but_keys_and_values(folder: Folder) -> None:
    """What pydantic and the YAML parser say in English is not handed on."""
    folder.write("limits:\n  turns: many\n")
    assert told(folder.problem(), "zh").endswith("conf.yaml:2: limits.turns 的值是 'many'；请写整数。")
    folder.write("a: ]\n")
    assert told(folder.problem(), "zh").endswith("从第 4 列起不是 YAML；请检查这里和上一行的缩进、冒号、引号和括号。")


@pytest.mark.slow
def test_file_with_more_nodes_than_any_configuration_is_refused(folder: Folder) -> None:
    """At the node that is one too many."""
    folder.write("".join(f"x{n}: 1\n" for n in range(20_000)))
    problem = folder.problem()
    assert (problem.code, problem.values["line"]) == ("config-too-much", 10_000)


@pytest.mark.parametrize("levels", [8, 30])
def test_aliases_that_expand_without_end_are_refused(folder: Folder, levels: int) -> None:
    """In lists as in merged tables, before anything of them is built."""
    for nested in ("[{}]", "{{<<: [{}]}}"):
        source = "a0: &a0 {x: 1}\n"
        for n in range(1, levels):
            source += f"a{n}: &a{n} {nested.format(', '.join([f'*a{n - 1}'] * 9))}\n"
        folder.write(source)
        assert folder.problem().code == "config-too-much"


def test_tags_run_nothing(folder: Folder) -> None:
    """A file cannot make the server do anything."""
    folder.write(f"x: !!python/object/apply:pathlib.Path.touch ['{folder.path / 'made'}']\n")
    assert folder.problem().code == "config-tag"
    assert not (folder.path / "made").exists()


def test_file_that_cannot_be_read_has_a_sentence_of_its_own(folder: Folder) -> None:
    """Missing, a folder, too large, in another encoding."""
    assert folder.problem().code == "config-missing"
    path = folder.path / "conf.yaml"
    path.mkdir()
    assert folder.problem().code == "config-folder"
    path.rmdir()
    path.write_bytes(b"#" * 1_000_001)
    assert folder.problem().code == "config-large"
    path.write_bytes("limits:\n  # 中文\n".encode("gbk"))
    problem = folder.problem()
    assert (problem.code, problem.values["line"]) == ("config-encoding", 2)


@pytest.mark.usefixtures("unprivileged")
def test_file_that_is_forbidden_is_told(folder: Folder) -> None:
    """With what the system says."""
    folder.write("limits: {}\n").chmod(0)
    assert "Permission" in told(folder.problem())


def test_byte_order_mark_is_no_part_of_the_first_key(folder: Folder) -> None:
    """Editors on Windows write one."""
    (folder.path / "conf.yaml").write_bytes("limits: {turns: 3}\n".encode("utf-8-sig"))
    assert folder.load().settings.limits.turns == 3


def test_empty_file_is_a_configuration(folder: Folder) -> None:
    """As one of comments alone."""
    for source in ("", "# nothing\n", "---\n"):
        folder.write(source)
        assert folder.load().warnings == ()


def test_without_a_file_all_is_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder with nothing to read."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ai_chat.config_manager.loader.is_installed", lambda: False)  # the embedded model
    loaded = load(None, {})
    assert (loaded.settings.character.llm.provider, loaded.warnings) == ("scripted", ())
    assert list(loaded.settings.mcp_servers) == ["local"]
