#!/usr/bin/python3
"""Fail when a function is over 70 lines or a file over 600.

clang-format puts the opening brace of a function, and its closing one, alone
in the first column, so no parser is needed. A longer function says why in a
line `NOLINT(readability-function-size): why` above it; a longer file in its
head comment, `Size: why`.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FUNCTION_MAX = 70
FILE_MAX = 600
WAIVER = re.compile(r"NOLINT(NEXTLINE|BEGIN)?\(.*readability-function-size.*\):? \S")
FOLDERS = ("src", "include", "bench", "examples", "tests")


def functions(lines):
    """Yields (first line of the signature, number of body lines)."""
    start = None
    for number, line in enumerate(lines):
        if line == "{":
            start = number
        elif line.startswith("}") and start is not None:
            yield start, number - start + 1
            start = None


def check(path, bad, sizes):
    lines = path.read_text().splitlines()
    rel = path.relative_to(ROOT)
    if len(lines) > FILE_MAX and " Size: " not in "\n".join(lines[:40]):
        bad.append(f"{rel}: {len(lines)} lines, over {FILE_MAX}")
    for start, size in functions(lines):
        sizes.append(size)
        above = "\n".join(lines[max(0, start - 8):start + 1])
        if size > FUNCTION_MAX and not WAIVER.search(above):
            bad.append(f"{rel}:{start + 1}: a function of {size} lines, "
                       f"over {FUNCTION_MAX}")


def main():
    bad, sizes, files = [], [], 0
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.[ch]")):
            check(path, bad, sizes)
            files += 1
    sizes.sort()
    print("\n".join(bad) or
          f"sizes: {len(sizes)} functions in {files} files, median "
          f"{sizes[len(sizes) // 2] if sizes else 0} lines, longest "
          f"{sizes[-1] if sizes else 0}")
    return bool(bad)


sys.exit(main())
