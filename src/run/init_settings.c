/*
 * init_settings.c - see init_settings.h.
 *
 * The text starts with a version: a library and an ndf-init of different
 * versions refuse each other instead of misunderstanding.
 */
#include "run/init_settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

size_t init_settings_format(
    const struct init_settings *settings, char out[INIT_SETTINGS_SIZE])
{
    int size = snprintf(out, INIT_SETTINGS_SIZE,
        "ndf-init-1 %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %u %u"
        " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64,
        settings->timeout_ms, settings->silence_ms, settings->grace_ms,
        settings->output_max, settings->namespace, settings->privileges,
        settings->memory, settings->cpu_ms, settings->files,
        settings->processes, settings->file_size);
    return (size_t)size;
}

bool init_settings_parse(const char *text, struct init_settings *out)
{
    struct init_settings s = {0};
    char again[INIT_SETTINGS_SIZE];
    /* What was read is written again and compared: sscanf need not judge. */
    /* NOLINTNEXTLINE(cert-err34-c): see above */
    int count = sscanf(text,
        "ndf-init-1 %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %u %u"
        " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
        &s.timeout_ms, &s.silence_ms, &s.grace_ms, &s.output_max, &s.namespace,
        &s.privileges, &s.memory, &s.cpu_ms, &s.files, &s.processes,
        &s.file_size);
    if (count != 11) return false;
    (void)init_settings_format(&s, again);
    if (strcmp(again, text) != 0) return false;
    *out = s;
    return true;
}
