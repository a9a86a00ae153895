"""Read the page twice."""


async def visit(client):
    await client.connect("/")
    await client.expect("form", timeout=10)
    await client.connect("/")
    await client.expect("form", timeout=10)
