"""A target in, the user and the password that its url names out, percent-decoded. Pure; no kind owns it."""

from urllib.parse import unquote, urlsplit

from releasegate.config.model import Target


def user_of(target: Target) -> tuple[str, str]:
    """Give user and password, each empty where the url has none."""
    parts = urlsplit(target.url)
    return unquote(parts.username or ""), unquote(parts.password or "")
