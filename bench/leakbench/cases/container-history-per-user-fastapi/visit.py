"""Say two things, as one of ten users."""


async def visit(client):
    await client.connect(f"/ws/{client.n % 10}")
    for text in ("hello", "and goodbye"):
        await client.send(text)
        await client.expect(f"re: {text}", timeout=10)
