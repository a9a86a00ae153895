"""Tools of MCP servers, each started once for all sessions."""
