"""A metrics server: a thread per client samples what the client asked for."""

import sys
import threading

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve


def sample(stop, samples):
    while not stop.wait(0.5):
        samples.append(threading.active_count())
        del samples[:-10]


def metrics(client):
    stop, samples = threading.Event(), []
    threading.Thread(target=sample, args=(stop, samples), daemon=True).start()  # site
    try:
        client.send("sampling")
        for _ in client:
            client.send(str(samples))
    except ConnectionClosed:
        pass
    finally:
        samples.clear()
        stop.set()


with serve(metrics, "127.0.0.1", int(sys.argv[1]), ping_interval=2, ping_timeout=3, close_timeout=1) as server:
    server.serve_forever()
