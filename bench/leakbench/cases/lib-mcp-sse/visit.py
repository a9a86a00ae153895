"""Open the stream and read where messages are to be sent."""


async def visit(client):
    await client.connect()
    await client.expect("/messages/", timeout=10)
