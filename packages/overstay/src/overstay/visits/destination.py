"""Where visits go: the URL of the server and what every request to it carries."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, urljoin, urlsplit

from overstay.errors import UsageError

Kind = Literal["websocket", "http", "tcp"]

_KINDS: dict[str, Kind] = {"ws": "websocket", "wss": "websocket", "http": "http", "https": "http", "tcp": "tcp"}
_PORTS = {"ws": 80, "http": 80, "wss": 443, "https": 443}
_HTTP_OF = {"ws": "http", "wss": "https", "tcp": "http"}
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_PRINTABLE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")


@dataclass(frozen=True, slots=True)
class Location:
    """A parsed URL: what to speak, with whom, about which path."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def kind(self) -> Kind:
        """Return the protocol without its encryption."""
        return _KINDS[self.scheme]

    @property
    def is_secure(self) -> bool:
        """Tell whether TLS comes first."""
        return self.scheme in {"wss", "https"}

    @property
    def authority(self) -> str:
        """Return the value of the Host header; the scheme's own port is left out, as browsers do."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if _PORTS.get(self.scheme) == self.port else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def locate(url: str) -> Location:
    """Return the parts of `url`; raises UsageError unless it is ws, wss, http, https or tcp with a host."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as err:
        raise UsageError("visit.bad-url", url=url) from err
    port = port or _PORTS.get(parts.scheme)
    if parts.scheme not in _KINDS or not parts.hostname or not port:
        raise UsageError("visit.bad-url", url=url)
    if parts.scheme == "tcp":
        return Location(parts.scheme, parts.hostname, port, "")
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/?%:@!$&'()*+,;=~-._")
    return Location(parts.scheme, parts.hostname, port, f"{target}?{query}" if query else target)


@dataclass(frozen=True)
class Destination:
    """The server to visit, and the headers, cookies and subprotocols that go with every request.

    `insecure` accepts any certificate. Raises UsageError for a URL that cannot be visited.
    """

    url: str
    headers: tuple[tuple[str, str], ...] = ()
    cookies: tuple[tuple[str, str], ...] = ()
    subprotocols: tuple[str, ...] = ()
    insecure: bool = False

    def __post_init__(self) -> None:
        locate(self.url)
        for name, value in self.headers:
            if not _TOKEN.fullmatch(name) or not _PRINTABLE.fullmatch(value):
                raise UsageError("visit.bad-header", header=f"{name}: {value}")
        for name, value in self.cookies:
            if not _TOKEN.fullmatch(name) or not _PRINTABLE.fullmatch(value):
                raise UsageError("visit.bad-cookie", cookie=f"{name}={value}")

    @classmethod
    def of(
        cls,
        url: str,
        *,
        headers: Iterable[str] = (),
        cookies: Iterable[str] = (),
        subprotocols: Iterable[str] = (),
        insecure: bool = False,
    ) -> "Destination":
        """Return the destination that the command line names: headers as `Name: value`, cookies as `name=value`."""
        return cls(
            url,
            headers=tuple(_pair(header, ":", "visit.bad-header", "header") for header in headers),
            cookies=tuple(_pair(cookie, "=", "visit.bad-cookie", "cookie") for cookie in cookies),
            subprotocols=tuple(subprotocols),
            insecure=insecure,
        )

    @property
    def location(self) -> Location:
        """Return the parsed URL."""
        return locate(self.url)

    def at(self, path: str | None, *, as_http: bool = False) -> Location:
        """Return the location of `path` on this server; `as_http` asks a WebSocket server for a plain reply.

        A whole URL is taken as well when it names the same host and port; raises UsageError for another server, whose
        sessions nobody would count.
        """
        home = self.location
        if path is not None and "://" in path:
            parts = urlsplit(path)
        else:
            # urljoin resolves relative references only for schemes that it knows: http stands in for all.
            joined = urljoin(f"http://{home.authority}{home.target}", path or "")
            parts = urlsplit(joined)._replace(scheme=home.scheme)
        if as_http:
            parts = parts._replace(scheme=_HTTP_OF.get(parts.scheme, parts.scheme))
        wanted = locate(parts.geturl())
        if (wanted.host, wanted.port) != (home.host, home.port):
            raise UsageError("visit.other-server", url=path, server=home.authority)
        return wanted

    def request_headers(self, more: dict[str, str]) -> list[tuple[bytes, bytes]]:
        """Return the headers of one request, cookies included; `more` replaces those of the same name."""
        replaced = {name.lower() for name in more}
        pairs = [(name, value) for name, value in self.headers if name.lower() not in replaced]
        if self.cookies and "cookie" not in replaced:
            pairs.append(("Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies)))
        pairs.extend(more.items())
        return [(name.encode("ascii"), value.encode("utf-8")) for name, value in pairs]


def _pair(text: str, separator: str, slug: str, field: str) -> tuple[str, str]:
    name, found, value = text.partition(separator)
    if not found or not name.strip():
        raise UsageError(slug, **{field: text})
    return name.strip(), value.strip()
