"""Made-up wheels, and locks that hold them."""

import hashlib
import io
import stat
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def wheel(name="thing", version="1.0", tags=("py3-none-any",), files=None):
    """Give the bytes of a wheel whose module says its name."""
    inner = {f"{name}.py": f"NAME = {name!r}\n", **(files or {})}
    inner[f"{name}-{version}.dist-info/WHEEL"] = "Wheel-Version: 1.0\n" + "".join(f"Tag: {tag}\n" for tag in tags)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in inner.items():
            archive.writestr(path, text)
    return content.getvalue()


def odd(path, *, link=False):
    """Give the bytes of a wheel with one file, whatever it is called."""
    info = zipfile.ZipInfo("placeholder")
    info.filename = info.orig_filename = path
    info.external_attr = (stat.S_IFLNK if link else stat.S_IFREG) << 16
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(info, "../../target" if link else "text")
    return content.getvalue()


def lock(*contents, name="thing", version="1.0", marker=""):
    hashes = "".join(f" \\\n    --hash=sha256:{hashlib.sha256(each).hexdigest()}" for each in contents)
    return f"{name}=={version}{marker}{hashes}\n    # via something\n"
