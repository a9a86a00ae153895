"""Say two things and hear an answer to each."""


async def visit(client):
    await client.connect()
    for text in ("hello", "and goodbye"):
        await client.send(text)
        await client.expect(f"re: {text}", timeout=10)
