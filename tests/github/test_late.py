"""What PyGithub names and does not need is not loaded, and is there once it is needed."""

import subprocess
import sys

ASK = """
import sys
from releasegate.github import late
late.install()
late.install()
from github import Auth, Github
Github(auth=Auth.Token("t")).requester
print(sum(type(finder) is late.Late for finder in sys.meta_path), {"cryptography", "nacl"} & set(sys.modules))
import jwt
print(jwt.decode(jwt.encode({"a": 1}, "k" * 64), "k" * 64, algorithms=["HS256"]))
"""


def test_to_ask_with_a_token_loads_nothing_that_signs_and_to_sign_loads_it():
    done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == ["1 set()", "{'a': 1}"]
