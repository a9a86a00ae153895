"""A second MCP server, as most users have more than one."""

from mcp.server.mcpserver import MCPServer

server = MCPServer("second")


@server.tool()
def roll(sides: int) -> int:
    """The highest number of a die."""
    return sides


if __name__ == "__main__":
    server.run()
