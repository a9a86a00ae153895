"""Come as one of ten users."""


async def visit(client):
    await client.connect(f"/ws/{client.n % 10}")
    await client.expect("bread", timeout=10)
