"""Where a program puts something into a container, and its bound, read from sources of every shape."""

import textwrap

import pytest

from overstay import placement


@pytest.fixture
def source(tmp_path):
    """Writes a program and returns its path."""

    def write(text):
        path = tmp_path / "app.py"
        path.write_text(textwrap.dedent(text))
        return str(path)

    return write


@pytest.mark.parametrize(
    "statement",
    [
        "CLIENTS[key] = client",
        "CLIENTS.add(client)",
        "CLIENTS.append((key, client))",
        "CLIENTS.setdefault(key, []).append(client)",
        "CLIENTS[key].append(client)",
        "CLIENTS += [client]",
        "self.CLIENTS.put_nowait(client)",
        "hub.rooms.CLIENTS[key][1] = client",
        "task = CLIENTS.append(make(client))",
        "self.CLIENTS = self.CLIENTS + [client]",
        "hub.CLIENTS = join([hub.CLIENTS, client])",
    ],
)
def test_statement_that_puts_something_in_is_the_site(source, statement):
    """The one in a function, not the one that makes the container."""
    path = source(f"""
        CLIENTS = []
        def leave(key): del CLIENTS[key]
        async def chat(self, hub, key, client):
            await client.accept()
            {statement}
    """)
    assert placement.site_of(path, "CLIENTS") == (6, "chat")


def test_element_under_another_name_is_the_container_still(source):
    """A list that is taken out of the dictionary first grows where it is appended to."""
    path = source("""
        HISTORY = {}
        async def chat(user, client):
            lines = HISTORY.setdefault(user, [])
            async for text in client:
                lines.append(text)
    """)
    assert placement.site_of(path, "HISTORY") == (6, "chat")


def test_attribute_that_is_only_assigned_has_its_assignment_as_the_site(source):
    """In a method rather than in the class body."""
    path = source("""
        class Hub:
            last = None
            def serve(self, client):
                self.last = client
    """)
    assert placement.site_of(path, "last") == (5, "Hub.serve")
    assert placement.site_of(path, "nothing") is None


def test_source_that_cannot_be_read_has_no_site(source):
    """Neither a file that is not there nor one that does not parse."""
    assert placement.site_of("/no/such.py", "CLIENTS") is None
    assert placement.site_of(source("def ("), "CLIENTS") is None


@pytest.mark.parametrize(
    ("body", "bound"),
    [
        ("while len(CACHE) > 256:\n        CACHE.popitem(last=False)", 256),
        ("if len(CACHE) >= LIMIT: del CACHE[next(iter(CACHE))]", 64),
        ("if len(CACHE) > 40: CACHE.clear()", 40),
        ("if len(CACHE) > 40: print('many')", None),
        ("CACHE.pop(key, None)", None),
    ],
)
def test_bound_is_a_length_compared_where_something_is_taken_out(source, body, bound):
    """A comparison alone bounds nothing, nor does a removal without one."""
    path = source(f"""
LIMIT = 64
CACHE = {{}}
def look_up(key):
    CACHE[key] = key
    {body}
""")
    assert placement.bound_of(path, "CACHE") == bound
