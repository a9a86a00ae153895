"""A server that knows how long its answers take."""

import array
import time

from fastapi import FastAPI

app = FastAPI()
LATENCIES = array.array("d")


@app.get("/")
async def answer():
    began = time.perf_counter()
    text = "forty two"
    LATENCIES.append(time.perf_counter() - began)  # site
    del LATENCIES[:-8]
    return {"answer": text, "mean": sum(LATENCIES) / len(LATENCIES)}
