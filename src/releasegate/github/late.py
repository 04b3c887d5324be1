"""An import in, a module whose code is not read before it is used out: a start pays for what it touches.

PyGithub's modules name each other, all 170 of them, and those that sign: cryptography and PyNaCl. To ask with a token
takes a third of them, and none that signs.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import LazyLoader
from types import ModuleType


class Late(MetaPathFinder):
    """Finds PyGithub's modules and `jwt` as the other finders do."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "jwt" and not name.startswith("github."):
            return None
        found = (finder.find_spec(name, path, target) for finder in sys.meta_path if finder is not self)
        spec = next(filter(None, found), None)
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec


def install() -> None:
    """Let all later imports of these be late ones."""
    if not any(isinstance(finder, Late) for finder in sys.meta_path):
        sys.meta_path.insert(0, Late())
