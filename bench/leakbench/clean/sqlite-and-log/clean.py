"""A guest book over a line protocol: a database, a log file, and eight seconds for each guest."""

import asyncio
import contextlib
import logging
import sqlite3
import sys
import tempfile
from pathlib import Path

FOLDER = Path(tempfile.gettempdir())


def write_down(line):
    with contextlib.closing(sqlite3.connect(FOLDER / "guests.db")) as book, book:
        book.execute("create table if not exists guests (line text)")
        book.execute("insert into guests values (?)", (line,))
        return book.execute("select count(*) from guests").fetchone()[0]


async def guest(reader, writer):
    writer.write(b"you are guest %d\n" % await asyncio.to_thread(write_down, "somebody came"))
    try:
        async with asyncio.timeout(8):
            while line := await reader.readline():
                logging.info("guest wrote %r", line)
                writer.write(b"%d\n" % await asyncio.to_thread(write_down, line.decode(errors="replace")))
                await writer.drain()
    except (ConnectionError, TimeoutError):
        pass
    finally:
        writer.close()


async def main():
    logging.basicConfig(filename=FOLDER / "guests.log", level=logging.INFO)
    server = await asyncio.start_server(guest, "127.0.0.1", int(sys.argv[1]))
    async with server:
        await server.serve_forever()


asyncio.run(main())
