import importlib.util
import sys

import pytest
from action_wheels import ROOT


@pytest.fixture(scope="session")
def bootstrap():
    """Load the script as a module; it imports the standard library only."""
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "action/bootstrap.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]
