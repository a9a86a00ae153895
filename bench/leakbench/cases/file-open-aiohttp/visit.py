"""Have one file scanned."""


async def visit(client):
    await client.connect("/scan", method="POST", body=b"harmless" * 100)
    await client.expect("clean", timeout=10)
