#!/usr/bin/python3
"""Writes a C file with a function that gives what a file holds.

usage: embed_text.py IN OUT FUNCTION HEADER [bytes]

The function returns a NUL-terminated `const char *`, or with `bytes` a
`struct str`, for files that may hold a NUL.
"""
import sys

source, target, function, header = sys.argv[1:5]
kind = sys.argv[5] if len(sys.argv) > 5 else "text"
with open(source, "rb") as file:
    data = file.read() + b"\0"
# Numbers, because compilers need not take long string literals.
rows = [
    "    " + " ".join(f"0x{byte:02x}," for byte in data[i : i + 12])
    for i in range(0, len(data), 12)
]
if kind == "bytes":
    head, result = "static const unsigned char data[]", "struct str"
    value = f"(struct str){{(const char *)data, {len(data) - 1}}}"
else:
    head, result, value = "static const char data[]", "const char *", "data"
with open(target, "w", encoding="utf-8") as file:
    file.write(f'#include "{header}"\n\n')
    file.write(f"{head} = {{\n" + "\n".join(rows) + "\n};\n\n")
    file.write(f"{result} {function}(void)\n{{\n    return {value};\n}}\n")
