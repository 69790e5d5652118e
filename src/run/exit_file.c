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

uint64_t exit_file_check(uint64_t check, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++) {
        check = (check ^ at[i]) * 0x100000001b3u;
    }
    return check;
}

size_t exit_file_format(const struct exit_file *file, char out[EXIT_FILE_SIZE])
{
    int size = snprintf(out, EXIT_FILE_SIZE,
        "ndf-exit-1 %s %d %d %d %d %" PRIu64 " %016" PRIx64 " %" PRIu64,
        file->status, file->exit, file->signal, file->stage, file->error,
        file->size, file->check, file->latency_ms);
    uint64_t own = exit_file_check(EXIT_CHECK_START, out, (size_t)size);
    size += snprintf(
        out + size, EXIT_FILE_SIZE - (size_t)size, " %016" PRIx64 "\n", own);
    return (size_t)size;
}

bool exit_file_parse(const char *text, struct exit_file *out)
{
    struct exit_file file = {{0}, 0, 0, 0, 0, 0, 0, 0};
    char again[EXIT_FILE_SIZE];
    /* What was read is written again and compared: sscanf need not judge. */
    /* NOLINTNEXTLINE(cert-err34-c): see above */
    int count = sscanf(text,
        "ndf-exit-1 %15[a-z_] %d %d %d %d %" SCNu64 " %" SCNx64 " %" SCNu64,
        file.status, &file.exit, &file.signal, &file.stage, &file.error,
        &file.size, &file.check, &file.latency_ms);
    if (count != 8) return false;
    (void)exit_file_format(&file, again);
    if (strcmp(again, text) != 0) return false;
    *out = file;
    return true;
}
