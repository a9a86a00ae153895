"""Ask and read the answer to its end."""


async def visit(client):
    await client.connect()
    async with client.reply():
        await client.expect("done", timeout=10)
