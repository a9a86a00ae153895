"""Ask for something that cannot be calculated."""


async def visit(client):
    await client.connect()
    await client.expect("please", timeout=10)
    await client.send("six")
    await client.expect("not a number", timeout=10)
