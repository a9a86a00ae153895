"""Ask and hear the answer to its end."""


async def visit(client):
    await client.connect()
    await client.expect("ask me", timeout=10)
    await client.send("count")
    async with client.reply():
        await client.expect("done", timeout=10)
