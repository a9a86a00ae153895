"""Our local tools on HTTP, with a tool that hangs and notes in the file $SEEN when it is cancelled."""

import os
from pathlib import Path

import anyio

from ai_chat.mcpp.local_tools import main, server


@server.tool()
async def hang() -> str:
    """Never answer."""
    seen = Path(os.environ["SEEN"])
    seen.write_text("hang\n")
    try:
        await anyio.sleep_forever()
    except anyio.get_cancelled_exc_class():
        seen.write_text("hang\ncancelled\n")
        raise
    return ""


main()
