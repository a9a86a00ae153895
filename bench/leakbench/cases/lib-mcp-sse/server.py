"""A tool server over server-sent events (mcp, SSE)."""

from mcp.server.lowlevel import Server
from mcp.server.sse import SseServerTransport
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount, Route

tools = Server("clock")
transport = SseServerTransport("/messages/")


async def connect(request):
    async with transport.connect_sse(request.scope, request.receive, request._send) as (reading, writing):
        await tools.run(reading, writing, tools.create_initialization_options())
    return Response()


app = Starlette(routes=[Route("/sse", connect), Mount("/messages/", app=transport.handle_post_message)])
