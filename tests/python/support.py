"""What the tests of the package share."""

import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

from patterns import PatternRegistry, SequentialDelegationPattern

NDF = os.environ.get("NDF")  # the command, built with the module
HERE = pathlib.Path(__file__).resolve().parent
ASAN = "LD_PRELOAD" in os.environ  # a sanitizer keeps freed memory for a while


def sequential(name, *steps, description="", **options):
    return SequentialDelegationPattern(name, description, steps=list(steps), **options)


def nothing(context):
    """A step that does nothing."""


def circle():
    """A list that is its own item."""
    found = []
    found.append(found)
    return found


def wait_until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it did not happen")
        time.sleep(0.002)


def resident_bytes():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def child(script, *args):
    """A python process that runs a script; its pipes are texts."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), *map(str, args)], cwd=HERE,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def python(script, *args):
    """What a script printed that must end well."""
    with child(script, *args) as process:
        out, err = process.communicate(timeout=60)
    if process.returncode != 0:
        raise AssertionError(f"exit {process.returncode}: {err}")
    return out


def ndf(*args, exit=0):
    """What the command printed."""
    done = subprocess.run(
        [NDF, *map(str, args)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    if done.returncode != exit:
        raise AssertionError(f"exit {done.returncode}: {done.stderr}")
    return done.stdout


class Case(unittest.TestCase):
    @contextlib.contextmanager
    def refused(self, kind, *words):
        """Exactly that exception, with a sentence that has these words."""
        with self.assertRaises(kind) as caught:
            yield caught
        self.assertIs(type(caught.exception), kind)
        sentence = str(caught.exception)
        for word in words:
            self.assertIn(word, sentence)
        self.assertNotIn("\n", sentence)

    def registry(self, *patterns, path=None, **options):
        """A registry with patterns, closed at the end of the test."""
        registry = PatternRegistry(path, **options)
        self.addCleanup(registry.close)
        registry.register_patterns(patterns)
        return registry

    def folder(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return pathlib.Path(folder.name)
