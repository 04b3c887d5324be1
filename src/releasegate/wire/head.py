"""The lines of an answer's heads in, the fields of the last one out. Pure."""

Fields = tuple[tuple[str, str], ...]
BLANK = " \t\r\n"  # not what Unicode calls blank: \xa0 is the end of an "à"


SPOKEN = (b"HTTP/1.", b"HTTP/2")
"""What libcurl speaks here; it reads a head that says HTTP/3 or HTTP/7 as well, which no such server would send."""


class UnspokenError(ValueError):
    """The answer is of a version of HTTP that was not spoken."""


class EndlessError(ValueError):
    """The head does not end: to libcurl a connection closed there is an answer without a body."""


def parse_head(lines: list[bytes]) -> Fields:
    """Read the fields of the last head: informational answers come before it, trailers behind it.

    Raises EndlessError, UnspokenError.
    """
    out: list[tuple[str, str]] = []
    ended = False
    for line in lines:
        if line.startswith(b"HTTP/"):
            if not line.startswith(SPOKEN):
                raise UnspokenError("the answer is of a version of HTTP that was not spoken")
            out.clear()
            ended = False
            continue
        name, colon, value = line.decode("latin-1").partition(":")
        if ended or not (stripped := line.strip()):
            ended = True
        elif line[0] in b" \t":
            if out:
                out[-1] = (out[-1][0], f"{out[-1][1]} {stripped.decode('latin-1')}")
        elif colon:
            out.append((name.lower(), value.strip(BLANK)))
    if not ended:
        raise EndlessError("the connection was closed within the answer's head")
    return tuple(out)
