"""What the agents of this example share: the protocol, and git.

An agent is a program. It reads one JSON request from standard input,

    {"task", "context": {"attributes": {...}, ...}, "with": {...}, "run",
     "step", "key", "attempt"}

writes one JSON result to standard output, {"output": ..., "patch": {...}},
and says by its exit status whether it did its work. What it finds is output;
only work that could not be done is a failure.
"""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def fail(sentence):
    """Ends the agent: its work could not be done, and why."""
    print(f"{os.path.basename(sys.argv[0])}: {sentence}", file=sys.stderr)
    sys.exit(1)


def read_request():
    try:
        request = json.load(sys.stdin)
    except ValueError as error:
        fail(f"the request on standard input is not JSON ({error})")
    if not isinstance(request, dict):
        fail("the request on standard input is not a JSON object")
    return request


def part(request, *names):
    """request[a][b]..., or None when a part is missing."""
    value = request
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def repository(request):
    """The top folder of the repository to look at: attributes.path, else the
    current folder."""
    path = part(request, "context", "attributes", "path") or "."
    if not isinstance(path, str):
        fail("the attribute path must be a string, the folder of a repository")
    done = subprocess.run(["git", "-C", path, "rev-parse", "--show-toplevel"],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        fail(f"{path!r} is not a git repository; "
             "give one with --attr path=FOLDER")
    return done.stdout.rstrip("\n")


def git(top, *arguments):
    done = subprocess.run(["git", "-C", top, *arguments],
                          capture_output=True, check=False)
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip()
        fail(f"git {arguments[0]} failed: {said}")
    return done.stdout.decode("utf-8", "replace")


def tracked_files(top, *patterns):
    """The tracked regular files that exist, relative to top."""
    names = git(top, "ls-files", "-z", "--", *patterns).split("\0")
    return [name for name in names
            if name and os.path.isfile(os.path.join(top, name))
            and not os.path.islink(os.path.join(top, name))]


def reply(output, **attributes):
    """Writes the result; attributes go into the context as a patch."""
    result = {"output": output}
    if attributes:
        result["patch"] = {"attributes": attributes}
    json.dump(result, sys.stdout, ensure_ascii=False)
    sys.stdout.write("\n")


def finding(where, text):
    return {"where": where, "text": text}


def checked(title, summary, findings, **more):
    """The output that all checks share, and the report writer reads."""
    return {"title": title, "verdict": "attention" if findings else "pass",
            "summary": summary, "findings": findings, **more}
