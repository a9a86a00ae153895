"""A descriptor belongs to the session that opened it, whoever else opened the same path, and no note outlives it."""

APP = """
import os

KEPT = []

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"].endswith("shutdown"):
                return
    number = os.open(__file__, os.O_RDONLY)
    if scope["path"] == "/keep":
        KEPT.append(number)
    else:
        os.close(number)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"done"})
"""
COMMAND = ["uvicorn", "app:app", "--port", "{port}", "--no-access-log"]


def test_descriptor_belongs_to_the_session_that_opened_it(lab):
    """Of five sessions that opened one path, the second and the fourth have kept theirs."""
    served = lab.start(APP, COMMAND)
    for path in ("/close", "/keep", "/close", "/keep", "/close"):
        served.get(path)
    assert [row["session"] for row in served.holdings("descriptor")] == [2, 4]


def test_closed_descriptor_whose_number_is_given_again_is_nobodys(lab):
    """After a hundred sessions that closed theirs, none is told."""
    served = lab.start(APP, COMMAND)
    for _ in range(100):
        served.get("/close")
    assert served.holdings("descriptor") == []
