"""What the tests of the extension module share."""

import json
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest
from pathlib import Path

from patterns import _ndf

AGENT = "agent: worker\ndescription: Does the work.\n"
ASKED = (
    "pattern: asked\ndescription: Takes care of the matter.\n"
    "ask_host: true\nsteps: [worker]\n"
)
NDF_ESYNTAX, NDF_ENOTFOUND, NDF_EEXISTS = -3, -6, -7
NDF_EFORKED, NDF_ECLOSED = -23, -24


def context(text="Take care of the matter."):
    return json.dumps({"text": text})


def fine(run, step, key, attempt, request):
    return "1", None


def wait_until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it did not happen")
        time.sleep(0.002)


def python(script, *args, code=0):
    """Runs a script in a process of its own; what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *args],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    if done.returncode != code or (code == 0 and done.stderr):
        raise AssertionError(f"exit {done.returncode}: {done.stderr}")
    return done.stdout


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        home = self.folder / "home"
        home.mkdir()
        self.home = str(home)

    def engine(self, path=None, mode=0):
        engine = _ndf.Engine(path, mode, self.home)
        self.addCleanup(engine.close)
        return engine

    def run_of(self, fn, event=None):
        engine = self.engine()
        engine.bind("worker", fn)
        run = engine.start("worker", "{}", event)
        return engine, run
