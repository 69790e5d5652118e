#!/bin/sh
# The version stands in meson.build; wherever else it has to be repeated it is
# the same. Usage: check_versions.sh VERSION
set -eu
cd "$(dirname "$0")/.."
version=${1:?usage: check_versions.sh VERSION}
bad=0

# agrees FILE NAMED: the version that FILE names is the one.
agrees() {
    [ "$2" = "$version" ] && return 0
    echo "versions: $1 says '$2', meson.build $version; make them agree" >&2
    bad=1
}

agrees include/ndf/ndf.h \
    "$(sed -n 's/^#define NDF_VERSION "\(.*\)"$/\1/p' include/ndf/ndf.h)"
agrees CHANGELOG.md "$(sed -n '/^## /{s/^## \([^ ]*\).*/\1/p;q}' CHANGELOG.md)"
# The first entry is the newest; what follows the last - counts the packagings.
agrees packaging/debian/changelog \
    "$(sed -n '1s/^ndf (\(.*\)-[^-]*) .*/\1/p' packaging/debian/changelog)"
[ "$bad" = 0 ]
echo "versions: $version everywhere"
