"""Packages that bring kinds, as pip leaves them in a directory, and the gate run beside them as a user runs it."""

import json
import os
import socketserver
import subprocess
import sys
import textwrap
import threading
from contextlib import contextmanager
from pathlib import Path

from dns import message, rcode, rrset

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "releasegate-dns"
ODD = """
from releasegate.checks.base import Judgement
from releasegate.checks.tcp import Connected, Tcp
class Odd(Tcp):
    name = "odd"
    {body}
KIND = Odd()
"""


def pip_install(*where):
    """Install the example from its sources and without any index."""
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--no-index"]
    command = [sys.executable, "-m", "pip", "install", *options, *map(str, where)]
    subprocess.run(command, check=True, timeout=120, capture_output=True)


def package(folder, source, *, name="releasegate-odd", version="1.2", entry="odd = odd:KIND", module="odd"):
    """Lay a package down that brings a kind."""
    (folder / f"{module}.py").write_text(source, encoding="utf-8")
    about = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    (about / "entry_points.txt").write_text(f"[releasegate.checks]\n{entry}\n", encoding="utf-8")


def odd(body):
    """Give the source of a kind that is that of tcp, but for one thing."""
    return ODD.format(body=textwrap.dedent(body).strip().replace("\n", "\n    "))


class Ended:
    """What a command left behind."""

    def __init__(self, done, folder):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr
        self.folder = folder

    @property
    def json(self):
        return json.loads(self.out.strip().splitlines()[-1])

    @property
    def evidence(self):
        path = self.folder / ".releasegate" / "evidence.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def gate(folder, config, *arguments, packages=None):
    """Run a command of the gate in a directory with this config, with packages beside it."""
    (folder / "releasegate.yml").write_text(config, encoding="utf-8")
    kept = ("PATH", "HOME", "LANG", "SYSTEMROOT", "TMPDIR")
    environ = {name: os.environ[name] for name in kept if name in os.environ}
    if packages:
        environ["PYTHONPATH"] = str(packages)
    command = [sys.executable, "-W", "error", "-m", "releasegate", *arguments]
    done = subprocess.run(
        command, check=False, cwd=folder, env=environ, capture_output=True, text=True, timeout=60, encoding="utf-8"
    )
    return Ended(done, folder)


@contextmanager
def nameserver(*addresses, code=rcode.NOERROR):
    """Answer questions over TCP with these addresses; gives the url."""

    class Answering(socketserver.StreamRequestHandler):
        def handle(self):
            size = int.from_bytes(self.rfile.read(2), "big")
            question = message.from_wire(self.rfile.read(size))
            answer = message.make_response(question)
            answer.set_rcode(code)
            if addresses:
                answer.answer = [rrset.from_text(question.question[0].name, 60, "IN", "A", *addresses)]
            wire = answer.to_wire()
            self.wfile.write(len(wire).to_bytes(2, "big") + wire)

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answering)
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    serving.start()
    try:
        yield "tcp://{}:{}".format(*server.server_address)
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
