"""A notifier: a request hands a delivery to the loop; the delivery waits until the receiver acknowledges it."""

import asyncio
import contextlib
import itertools

from fastapi import FastAPI

ACKNOWLEDGED = {}
NUMBERS = itertools.count(1)


@contextlib.asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.loop = asyncio.get_running_loop()
    yield


app = FastAPI(lifespan=lifespan)


async def deliver(n: int, patience: float | None):
    acknowledged = ACKNOWLEDGED[n] = asyncio.Event()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience):
            await acknowledged.wait()
    ACKNOWLEDGED.pop(n)


@app.get("/notify")
def notify():
    n = next(NUMBERS)
    asyncio.run_coroutine_threadsafe(deliver(n, patience=None), app.state.loop)  # site
    return {"queued": n}
