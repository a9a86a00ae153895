"""An oracle that answers a client's first question and no other (websockets, a thread for each client)."""

import sys
import time

from websockets.sync.server import serve


def answer(client):
    question = client.recv()
    time.sleep(0.02)
    client.send(f"{question}: yes")


with serve(answer, "127.0.0.1", int(sys.argv[1]), close_timeout=None) as server:
    server.serve_forever()
