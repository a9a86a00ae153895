"""An echo server with a heap of a given size: `python heap_server.py PORT OBJECTS MEGABYTES`.

Every tenth connection stays in `KEPT`. `report` on a connection is answered with the times, in seconds of the system's
monotonic clock, at which the loop saw connections end; `objgraph` and `pympler` run those on the same heap.
"""

import asyncio
import json
import sys
import threading
import time

import overstay_probe

KEPT: list[object] = []
ENDS: dict[int, float] = {}


class Item:
    """A little heap: an instance, a list and a dictionary."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.parts = [number]
        self.names = {"name": str(number)}


async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Echo lines until the client leaves, by FIN or by RST."""
    port = writer.get_extra_info("peername")[1]
    try:
        while line := await reader.readline():
            word = line.strip().decode()
            if word == "keep":
                KEPT.append(writer)
            writer.write(json.dumps(answer(word)).encode() + b"\n" if word in ANSWERS else line)
            await writer.drain()
    except ConnectionError:
        pass
    ENDS[port] = time.monotonic()
    writer.close()


def answer(word: str) -> object:
    """Return what one of the words asks for; of a tool that runs in this process, the seconds it takes."""
    began = time.perf_counter()
    result = ANSWERS[word]()
    return result if word == "report" else time.perf_counter() - began


def _objgraph() -> None:
    import objgraph  # noqa: PLC0415 - only where it is measured

    for kept in KEPT[:3]:
        objgraph.find_backref_chain(kept, objgraph.is_proper_module)


def _pympler() -> None:
    from pympler import muppy, summary  # noqa: PLC0415 - as above

    summary.summarize(muppy.get_objects())


ANSWERS = {"report": lambda: ENDS, "objgraph": _objgraph, "pympler": _pympler}


def spin() -> None:
    """Be a thread that runs, mostly waiting."""
    while True:
        sum(range(1000))
        time.sleep(0.01)


async def serve(port: int) -> None:
    """Serve until killed."""
    overstay_probe.install()
    server = await asyncio.start_server(talk, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    ITEMS = [Item(number) for number in range(int(sys.argv[2]) // 3)]
    BALLAST = [bytearray(b"x" * 1_000_000) for _ in range(int(sys.argv[3]))]
    if BALLAST:
        import onnxruntime
        from onnx import TensorProto, helper

        shape = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
        graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "tiny", shape[:1], shape[1:])
        model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 20)])
        ENGINE = onnxruntime.InferenceSession(model.SerializeToString())
        for _ in range(8):
            threading.Thread(target=spin, daemon=True).start()
    asyncio.run(serve(int(sys.argv[1])))
