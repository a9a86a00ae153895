"""Upload a file."""


async def visit(client):
    await client.connect("/upload", method="POST", body=b"a line of the file\n" * 20_000)
    await client.expect("received", timeout=10)
