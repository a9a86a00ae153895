"""Paste some text."""


async def visit(client):
    await client.connect("/upload", method="POST", body=b"some text\n" * 10_000)
    await client.expect("kept", timeout=10)
