"""A tutor: each pupil has a session, and the staff page lists the sessions."""

from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket


@dataclass(eq=False)
class Session:
    client: WebSocket
    questions: int = 0


async def staff(request):
    return PlainTextResponse(f"{len(request.app.state.sessions)} pupils")


async def learn(client: WebSocket):
    await client.accept()
    session = Session(client)
    sessions = client.app.state.sessions
    sessions.append(session)  # site
    try:
        await client.send_text("what do you want to know")
        async for text in client.iter_text():
            session.questions += 1
            await client.send_text(f"{text}: I will look it up")
    finally:
        sessions.remove(session)


app = Starlette(routes=[Route("/staff", staff), WebSocketRoute("/ws", learn)])
app.state.sessions = []
