"""Departures through TLS, as the server's socket and its TLS engine see them."""

import asyncio
import ssl

import pytest
import trustme

from overstay.errors import TargetError
from overstay.visits import Departure

TALK = """
    async def visit(client):
        await client.connect()
        await client.send("a question")
        async with client.reply():
            await client.expect("done")
"""


@pytest.fixture
def authority(tmp_path, monkeypatch):
    """An authority that our clients trust."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return authority


def encrypted(bench, issuer, talk, name="127.0.0.1"):
    """Return `talk` behind TLS; its peer gets `said_goodbye` when close_notify came before the end."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issuer.issue_cert(name).configure_cert(context)

    class TlsPeer(bench.Peer):
        def __init__(self, plain):
            super().__init__(plain.sock)
            self.plain = plain
            self.said_goodbye = False
            self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            self.engine = context.wrap_bio(self.incoming, self.outgoing, server_side=True)

        async def flush(self):
            if data := self.outgoing.read():
                await self.plain.send(data)

        async def want(self, step):
            """Return what `step` gives, feeding it from the socket; nothing at the client's end."""
            while True:
                try:
                    result = step()
                except ssl.SSLWantReadError:
                    await self.flush()
                    data = await self.plain.read()
                    self.end = self.plain.end
                    if not data:
                        return b""
                    self.incoming.write(data)
                    continue
                except ssl.SSLError:
                    self.end = "alert"
                    return b""
                if result == b"":
                    self.said_goodbye = True
                    await self.plain.read_to_end()
                    self.end = self.plain.end
                return result

        async def read(self):
            data = await self.want(lambda: self.engine.read(65536))
            self.data += data
            return data

        async def send(self, data):
            self.engine.write(data)
            await self.flush()

    async def secured(plain):
        peer = plain.inner = TlsPeer(plain)
        await peer.want(peer.engine.do_handshake)
        if peer.end is None:
            await peer.flush()
            await talk(peer)

    return secured


async def answer_in_parts(peer):
    """Answer a WebSocket client's first message in two parts, and watch how it leaves."""
    await peer.accept_websocket()
    frame = await peer.hear()
    if frame is not None and frame.opcode == 1:
        await peer.say("part 1")
        await asyncio.sleep(0.05)
        if not peer.end:
            await peer.say("done")
        frame = await peer.hear()
        if frame is not None and frame.opcode == 8:
            await peer.send(b"\x88\x02\x03\xe8")
    while peer.end is None:
        await peer.read()


async def hello(peer):
    """Answer an HTTP request."""
    await peer.read_to(b"\r\n\r\n")
    await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
    while peer.end is None:
        await peer.read()


def visit(bench, departure, talk, url="wss://127.0.0.1", body=TALK, **options):
    async def main():
        async with bench.recording(talk) as server:
            driver = bench.driver(f"{url}:{server.port}", body, **options)
            [record] = await driver.make([departure], first_n=1)
            silent = server.peers[0].tcp_state == bench.ESTABLISHED
            await driver.aclose()
            await server.all_done()
            return record, server.peers[0].inner, silent

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("departure", "end", "said_goodbye", "codes"),
    [
        (Departure.CLOSE, "EOF", True, [1000]),
        (Departure.GOING_AWAY, "EOF", True, [1001]),
        (Departure.RESET, "RST", False, []),
        (Departure.MID_REPLY, "EOF", False, []),
        (Departure.MID_UPLOAD, "EOF", False, []),
        (Departure.MID_HANDSHAKE, "EOF", False, []),
    ],
)
def test_departures_through_tls(bench, authority, departure, end, said_goodbye, codes):
    """close_notify precedes FIN where the client leaves in order, and nothing precedes an abrupt end."""

    async def talk(peer):
        if departure is not Departure.GOING_AWAY:
            return await answer_in_parts(peer)
        await peer.accept_websocket()
        await peer.hear()
        await peer.say("done")
        while peer.end is None:
            await peer.hear()

    record, peer, _ = visit(bench, departure, encrypted(bench, authority, talk))
    assert record.problem is None
    assert (peer.end, peer.said_goodbye) == (end, said_goodbye)
    assert [frame.close_code for frame in peer.heard if frame.opcode == 8] == codes
    assert record.exercised


def test_half_close_through_tls_reads_on(bench, authority):
    """After close_notify and FIN the client still takes what the server sends."""
    states = []

    async def talk(peer):
        await answer_in_parts(peer)
        for _ in range(5):
            await peer.say("still there?")
            states.append(peer.tcp_state)
            await asyncio.sleep(0.02)
        peer.sock.close()

    record, peer, _ = visit(bench, Departure.HALF_CLOSE, encrypted(bench, authority, talk))
    assert (peer.end, peer.said_goodbye) == ("EOF", True)
    assert len(states) == 5
    assert len(set(states)) == 1
    assert record.exercised


@pytest.mark.parametrize("departure", [Departure.VANISH, Departure.SLOW_READER])
def test_silent_departures_through_tls(bench, authority, departure):
    """The socket stays established until the driver closes."""
    record, peer, silent = visit(bench, departure, encrypted(bench, authority, answer_in_parts))
    assert record.problem is None, record.problem
    assert record.exercised
    assert silent
    assert peer.end is not None


def test_https_reply_is_read(bench, authority):
    """Plain HTTP goes through TLS as well."""
    record, peer, _ = visit(
        bench, Departure.CLOSE, encrypted(bench, authority, hello), url="https://127.0.0.1", body=None
    )
    assert record.problem is None
    assert (peer.end, peer.said_goodbye) == ("EOF", True)


def test_certificate_that_nobody_vouches_for_is_reported(bench, authority):
    """The reason is OpenSSL's own."""
    record, _, _ = visit(bench, Departure.CLOSE, encrypted(bench, trustme.CA(), hello))
    assert isinstance(record.problem, TargetError)
    assert record.problem.slug == "visit.certificate"
    assert "issuer" in record.problem.values["error"] or "signed" in record.problem.values["error"]


def test_certificate_of_another_host_is_reported(bench, authority):
    """The name in the certificate must be the host's."""
    record, _, _ = visit(bench, Departure.CLOSE, encrypted(bench, authority, hello, name="elsewhere.example"))
    assert record.problem.slug == "visit.certificate"


def test_insecure_accepts_any_certificate(bench, authority):
    """For servers with a certificate of their own making."""
    talk = encrypted(bench, trustme.CA(), answer_in_parts, name="elsewhere.example")
    record, _, _ = visit(bench, Departure.CLOSE, talk, insecure=True)
    assert record.problem is None
    assert record.exercised


def test_server_without_tls_is_reported(bench):
    """A plain server behind a wss URL is no connection problem but a TLS one."""

    async def talk(peer):
        peer.inner = peer
        await peer.read()
        await peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await peer.read_to_end()

    record, _, _ = visit(bench, Departure.CLOSE, talk)
    assert record.problem.slug == "visit.tls"
    assert record.connections == ()
