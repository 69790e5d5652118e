/*
 * exit_file.c - how a call ended, as ndf-init writes it last.
 *
 * The line starts with a version and ends with a checksum of itself, so half a
 * line is never taken for a whole one.
 */
#include "run/exit_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { EXIT_FILE_VERSION = 2 };

uint64_t exit_file_check(uint64_t check, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++) {
        check = (check ^ at[i]) * 0x100000001b3u;
    }
    return check;
}

/* Version 1 did not know `alone`; calls of it may end under a newer owner. */
static size_t format(const struct exit_file *file, int version, char *out)
{
    int size = snprintf(out, EXIT_FILE_SIZE,
        "ndf-exit-%d %s %d %d %d %d %" PRIu64 " %016" PRIx64 " %" PRIu64,
        version, file->status, file->exit, file->signal, file->stage,
        file->error, file->size, file->check, file->latency_ms);
    if (version > 1) {
        size += snprintf(
            out + size, EXIT_FILE_SIZE - (size_t)size, " %d", file->alone);
    }
    uint64_t own = exit_file_check(EXIT_CHECK_START, out, (size_t)size);
    size += snprintf(
        out + size, EXIT_FILE_SIZE - (size_t)size, " %016" PRIx64 "\n", own);
    return (size_t)size;
}

size_t exit_file_format(const struct exit_file *file, char out[EXIT_FILE_SIZE])
{
    return format(file, EXIT_FILE_VERSION, out);
}

bool exit_file_parse(const char *text, struct exit_file *out)
{
    struct exit_file file = {0};
    char again[EXIT_FILE_SIZE];
    int version;
    int behind = 0;
    /* What was read is written again and compared: sscanf need not judge. */
    /* NOLINTNEXTLINE(cert-err34-c): see above */
    int count = sscanf(text,
        "ndf-exit-%d %15[a-z_] %d %d %d %d %" SCNu64 " %" SCNx64 " %" SCNu64
        " %n",
        &version, file.status, &file.exit, &file.signal, &file.stage,
        &file.error, &file.size, &file.check, &file.latency_ms, &behind);
    if (count != 9 || version < 1 || version > EXIT_FILE_VERSION) return false;
    file.alone = version > 1 && text[behind] == '1';
    (void)format(&file, version, again);
    if (strcmp(again, text) != 0) return false;
    *out = file;
    return true;
}
