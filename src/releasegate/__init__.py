"""releasegate: evidence from staging in, one honest verdict about a commit out."""

__version__ = "0.1.0"
