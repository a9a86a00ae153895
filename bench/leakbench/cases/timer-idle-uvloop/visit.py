"""Fill in one field."""


async def visit(client):
    await client.connect()
    await client.send("name")
    await client.expect("noted", timeout=10)
