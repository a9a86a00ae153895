"""Ask for changes and leave while there are none."""


async def visit(client):
    await client.connect()
    async with client.reply():
        await client.expect("waiting", timeout=10)
