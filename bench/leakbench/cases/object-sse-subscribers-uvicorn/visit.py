"""Read the events to their end."""


async def visit(client):
    await client.connect()
    async with client.reply():
        await client.expect("done", timeout=10)
