#!/bin/sh
# Each header compiles alone, included twice; the public ones also as C++ when
# a C++ compiler is there. Those of src/python need Python's own.
set -eu
cd "$(dirname "$0")/.."
bad=0
count=0
python=$(/usr/bin/python3 -c \
    'import sysconfig; print(sysconfig.get_path("include"))' 2>/dev/null) ||
    python=/nonexistent
for header in include/ndf/*.h src/*/*.h; do
    [ -f "$header" ] || continue
    case $header in
    src/python/*) [ -f "$python/Python.h" ] || continue ;;
    esac
    name=${header#include/}
    name=${name#src/}
    count=$((count + 1))
    printf '#include "%s"\n#include "%s"\ntypedef int alone;\n' \
        "$name" "$name" |
        ${CC:-cc} -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra \
            -Wpedantic -Werror -Iinclude -Isrc -isystem "$python" \
            -fsyntax-only -x c - || {
        echo "headers: $header does not stand alone" >&2
        bad=1
    }
done
if command -v "${CXX:-c++}" >/dev/null 2>&1; then
    printf '#include "ndf/ndf.h"\n#include "ndf/ndf.h"\n' |
        ${CXX:-c++} -std=c++11 -Wall -Wextra -Wpedantic -Werror -Iinclude \
            -fsyntax-only -x c++ - || {
        echo 'headers: ndf/ndf.h is not C++' >&2
        bad=1
    }
fi
[ "$bad" = 0 ] && echo "headers: $count stand alone"
exit "$bad"
