"""Start the chat server: `python run_server.py --port 8000 --data FOLDER`."""

import argparse
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from routes import routes_of
from service_context import ServiceContext
from upstream import running_model

try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None  # type: ignore[assignment]


def application(data: Path) -> Starlette:
    """Return the server's application; the language model runs as long as it does."""
    default_context_cache = ServiceContext(data)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with running_model() as port:
            default_context_cache.model_port = port
            yield

    return Starlette(routes=routes_of(default_context_cache), lifespan=lifespan)


def allow_many_files() -> None:
    """Raise the limit of open files; macOS starts with 256."""
    if resource is not None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 4096 if hard == resource.RLIM_INFINITY else min(hard, 4096)
        if soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--data", type=Path, default=Path("data"))
    options = parser.parse_args()
    allow_many_files()
    uvicorn.run(
        application(options.data),
        host="127.0.0.1",
        port=options.port,
        log_level="warning",
        ws="wsproto",
        ws_ping_interval=None,  # a client that says nothing for long is sent away by the handler
        timeout_graceful_shutdown=1,
    )


if __name__ == "__main__":
    main()
