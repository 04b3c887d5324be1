"""Text that is about to be sent in; whether it can change what is sent out. Pure: nothing here ends a line early."""

import re

METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
VALUE = re.compile(r"[\t -~]*")
URL = re.compile(r"[!-~]+")
FIELDS_OF_A_COOKIE = 7


def is_method(text: str) -> bool:
    """Tell whether a text is a token: a method or the name of a header."""
    return METHOD.fullmatch(text) is not None


def is_url(text: str) -> bool:
    return URL.fullmatch(text) is not None


def is_header(name: str, value: str) -> bool:
    return METHOD.fullmatch(name) is not None and VALUE.fullmatch(value) is not None


def is_cookie_line(line: str) -> bool:
    """Tell whether a line is one cookie in Netscape's form, and no command to libcurl."""
    fits = all(char == "\t" or (" " <= char <= "\xff" and char != "\x7f") for char in line)
    return fits and line.count("\t") == FIELDS_OF_A_COOKIE - 1
