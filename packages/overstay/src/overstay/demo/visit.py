"""What a client of the leaky chat does: ask twice, and hear each reply to its end."""

from overstay.visits.client import Client


async def visit(client: Client) -> None:
    """Ask what time it is, and once more."""
    await client.connect()
    for question in ("What time is it?", "And now?"):
        await client.send({"type": "text", "text": question})
        async with client.reply():
            await client.expect('"done"', timeout=10)
