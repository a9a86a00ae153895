"""What a page does: says hello, asks for a tool, and listens to a story."""


async def visit(client):
    """One page's stay, by the native protocol."""
    await client.connect()
    await client.send({"type": "hello", "version": 1, "lang": "en" if client.n % 2 else "zh"})
    await client.expect("welcome", timeout=10)
    await client.send({"type": "say", "id": f"sum-{client.n}", "text": "what is 6 times 7?"})
    await client.expect("turn.end", timeout=20)
    await client.send({"type": "say", "id": f"story-{client.n}", "text": "tell me a story"})
    async with client.reply():
        await client.expect("turn.end", timeout=20)
