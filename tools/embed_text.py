#!/usr/bin/python3
"""Writes a C file with a function that gives the text of a file.

usage: embed_text.py IN OUT FUNCTION HEADER
"""
import sys

source, target, function, header = sys.argv[1:]
with open(source, "rb") as file:
    data = file.read() + b"\0"
# Numbers, because compilers need not take long string literals.
rows = [
    "    " + " ".join(f"0x{byte:02x}," for byte in data[i : i + 12])
    for i in range(0, len(data), 12)
]
with open(target, "w", encoding="utf-8") as file:
    file.write(f'#include "{header}"\n\n')
    file.write("static const char text[] = {\n" + "\n".join(rows) + "\n};\n\n")
    file.write(f"const char *{function}(void)\n{{\n    return text;\n}}\n")
