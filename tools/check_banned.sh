#!/bin/sh
# What is never right here, found by its text. Usage: check_banned.sh, anywhere.
set -eu
cd "$(dirname "$0")/.."
bad=0

# banned WHY PATTERN GREP-ARGUMENT...: complains of every match.
banned() {
    why=$1
    pattern=$2
    shift 2
    if grep -rnE "$pattern" "$@"; then
        echo "banned: $why" >&2
        bad=1
    fi
}

call='(^|[^[:alnum:]_>.])'

banned 'calls without a bound, or with hidden state' \
    "$call(strcpy|strcat|stpcpy|sprintf|vsprintf|gets|strtok|atoi|atol|atof|system|popen|alloca|rand|srand|random|tmpnam|mktemp|localtime|gmtime|ctime|asctime|getpwuid|readdir_r)[[:space:]]*\(" \
    --include='*.[ch]' src include bench examples

# The library never prints and never exits; only programs do. Memory comes
# from mem.c; ndf-init and the command line are programs of their own.
library=$(find src -name '*.[ch]' ! -path 'src/cli/*' ! -path 'src/run/init_*')
# shellcheck disable=SC2086 # a list of files, none with a space
banned 'the library never prints, exits, or touches what the process shares' \
    "$call(printf|vprintf|puts|putchar|perror|exit|_exit|_Exit|quick_exit|abort|signal|sigaction|setlocale|strerror|setenv|unsetenv|putenv|chdir|umask)[[:space:]]*\(|[^[:alnum:]_](stdout|stderr)[[:space:]]*[,)]" \
    $library
# shellcheck disable=SC2046,SC2086
banned 'memory comes from mem_* (base/mem.h)' \
    "$call(malloc|calloc|realloc|reallocarray|strdup|strndup|asprintf|vasprintf|getline)[[:space:]]*\(" \
    $(echo "$library" | grep -v '^src/base/mem\.c$')

# shellcheck disable=SC2046
banned '_GNU_SOURCE belongs to the files that STYLE names' \
    'define[[:space:]]+_GNU_SOURCE' \
    $(find src -name '*.[ch]' ! -path 'src/base/os_*.c' \
        ! -path src/run/agent_process.c ! -path src/run/sandbox.c \
        ! -path 'src/run/init_*.c')

banned 'work left for later is not committed' \
    '(^|[^[:alnum:]_])(TODO|FIXME|XXX|HACK)([^[:alnum:]_]|$)' \
    --include='*.[ch]' --include='*.py' --include='*.sh' \
    --include='meson.build' src include bench examples tests

if grep -rnE 'NOLINT' --include='*.[ch]' src include bench examples tests |
    grep -vE 'NOLINT(NEXTLINE|BEGIN|END)?\([a-z0-9,.*-]+\):? [^ ]|NOLINTEND'; then
    echo 'banned: a waiver without its why, NOLINT(check): why' >&2
    bad=1
fi

[ "$bad" = 0 ] && echo 'banned: none'
exit "$bad"
