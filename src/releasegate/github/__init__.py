"""The only room that knows GitHub."""
