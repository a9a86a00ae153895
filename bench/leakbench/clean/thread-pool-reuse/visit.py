"""Try two passwords."""


async def visit(client):
    await client.connect()
    await client.receive()
    for password in ("secret", "letmein"):
        await client.send(password)
        await client.receive()
