#!/usr/bin/python3
"""Choose among patterns by plain words and run the one that fits.

    eval "$(./dev python)" && examples/python/delegate.py

The steps are Python functions that really do their work: they read the source
files of a folder and write a report about them.
"""

import pathlib
import sys
import tempfile

from patterns import (
    PatternContext,
    PatternExecutionError,
    PatternRegistry,
    SequentialDelegationPattern,
)


def collect(context):
    folder = pathlib.Path(context.attributes["path"])
    return [str(path) for path in sorted(folder.glob("*.py"))]


def measure(context, call):
    lines = {}
    for path in call.inputs["files"]:
        lines[path] = len(pathlib.Path(path).read_text(encoding="utf-8").splitlines())
    return {"files": len(lines), "lines": sum(lines.values())}


def write(context, call):
    target = pathlib.Path(context.attributes["report"])
    numbers = call.inputs["numbers"]
    target.write_text(f"{numbers['files']} files, {numbers['lines']} lines\n")
    context.attributes["report_bytes"] = target.stat().st_size
    return str(target)


def find_unfinished(context):
    folder = pathlib.Path(context.attributes["path"])
    return [str(path) for path in folder.glob("*.py")
            if "NotImplementedError" in path.read_text(encoding="utf-8")]


def main():
    registry = PatternRegistry()
    registry.register_pattern(SequentialDelegationPattern(
        "code.report", "Count the lines of source code and write a size report",
        steps=[
            collect,
            {"name": "measure", "call": measure,
             "with": {"files": "${steps.collect.output}"}},
            {"name": "write", "call": write,
             "with": {"numbers": "${steps.measure.output}"},
             "writes": ["report_bytes"],
             "expect": {"regex": "\\.txt$"}},
        ],
        examples=["how big is our code base?"],
    ))
    registry.register_pattern(SequentialDelegationPattern(
        "code.unfinished", "Find the functions that are not written yet",
        steps=[find_unfinished], examples=["what is left to be done?"],
    ))

    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder, "report.txt")
        context = PatternContext(
            text="write a report about the size of the source code",
            attributes={"path": str(pathlib.Path(__file__).parent),
                        "report": str(report)},
        )
        selection = registry.select(context)
        print(f"{selection.chosen}: {selection.reason}")
        for choice in selection.choices:
            print(f"  {choice.name:12} confidence {choice.confidence:.2f} "
                  f"{choice.level.name}")
        try:
            result = registry.executor.execute_best_pattern(context)
        except PatternExecutionError as error:
            sys.exit(f"delegate: {error}")
        print(f"{result!r}")
        print(f"report: {report.read_text().strip()}")
        print(f"context kept {result.preservation:.0%}, outcome {result.outcome}")
    print(registry.get_pattern_analytics("code.report"))


if __name__ == "__main__":
    main()
