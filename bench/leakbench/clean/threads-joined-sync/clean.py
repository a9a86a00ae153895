"""A metrics server on threads: each client has a sampler, which is told to stop and waited for."""

import contextlib
import sys
import threading

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve


@contextlib.contextmanager
def sampling():
    stop, samples = threading.Event(), []

    def sample():
        while not stop.wait(0.1):
            samples.append(threading.active_count())
            del samples[:-10]

    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        yield samples
    finally:
        stop.set()
        sampler.join()


def metrics(client):
    with contextlib.suppress(ConnectionClosed), sampling() as samples:
        client.send("sampling")
        for _ in client:
            client.send(str(samples))


with serve(metrics, "127.0.0.1", int(sys.argv[1]), ping_interval=2, ping_timeout=3, close_timeout=1) as server:
    server.serve_forever()
