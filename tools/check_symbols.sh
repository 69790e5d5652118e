#!/bin/sh
# The shared library exports what tools/libndf.symbols lists, all of it ndf_*,
# and holds no data that may be written. Usage: check_symbols.sh libndf.so
set -eu
list=$(dirname "$0")/libndf.symbols
got=$(mktemp)
trap 'rm -f "$got"' EXIT
nm -D --defined-only "$1" | awk '{ print $3 }' | sed 's/@.*//' |
    LC_ALL=C sort >"$got"
if grep -v '^ndf_' "$got"; then
    echo 'symbols: the names above are exported without the prefix ndf_' >&2
    exit 1
fi
if ! diff -u "$list" "$got"; then
    echo "symbols: the exports differ from $list" >&2
    exit 1
fi
# What the compiler itself puts there is not ours.
if objdump -t "$1" |
    awk '$(NF - 2) ~ /^\.(t?data|t?bss|data\.rel(\.local)?)$/ &&
         $(NF - 1) !~ /^0+$/ && $NF !~ /^(completed\.[0-9]+|\.data|\.bss)$/' |
    grep .; then
    echo 'symbols: the library holds the mutable data above' >&2
    exit 1
fi
echo "symbols: $(wc -l <"$got") exported, as listed; no mutable data"
