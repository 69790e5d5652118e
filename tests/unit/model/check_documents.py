#!/usr/bin/python3
"""The JSON Schema judges the documents of tests/data/documents as the parser does.

usage: check_documents.py SCHEMA FOLDER

FOLDER/valid must be valid. FOLDER/invalid must not be, but for files named
x-...: what they break (circles, regular expressions), a schema cannot say.
"""
import json
import pathlib
import re
import sys

try:
    import jsonschema
    import yaml
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)


class Core(yaml.SafeLoader):
    """YAML 1.2 core: PyYAML's own types are those of YAML 1.1."""

    yaml_implicit_resolvers = {}


RULES = [
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?",
        "-+.0123456789",
    ),
]
for name, rule, first in RULES:
    Core.add_implicit_resolver(
        "tag:yaml.org,2002:" + name,
        re.compile(f"^(?:{rule})$"),
        [c if c != "\0" else "" for c in first],
    )

schema_path, folder = sys.argv[1], pathlib.Path(sys.argv[2])
schema = json.loads(pathlib.Path(schema_path).read_text(encoding="utf-8"))
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
failed = 0
count = 0
for path in sorted(folder.glob("*/*.yaml")):
    wanted = path.parent.name == "valid" or path.name.startswith("x-")
    document = yaml.load(path.read_text(encoding="utf-8"), Loader=Core)
    errors = list(validator.iter_errors(document))
    count += 1
    if wanted != (not errors):
        failed += 1
        why = errors[0].message if errors else "the schema takes it"
        print(f"{path.parent.name}/{path.name}: {why}")
print(f"{count} documents, {failed} judged wrongly")
sys.exit(1 if failed or not count else 0)
