"""Ask more questions than the oracle listens to."""


async def visit(client):
    await client.connect()
    for number in range(5):
        await client.send(f"question {number}")
    await client.expect("yes", timeout=10)
