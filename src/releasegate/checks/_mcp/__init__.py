"""The parts of the kind `mcp`: its table, the conversation, and the link under it."""
