/*
 * init_settings.h - what ndf-init is told of one call, as one argument.
 *
 * Needs nothing but libc, as ndf-init uses it too.
 */
#ifndef NDF_RUN_INIT_SETTINGS_H
#define NDF_RUN_INIT_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { INIT_SETTINGS_SIZE = 384 };

/* Whether the agent gets a PID namespace of its own. */
enum init_namespace {
    INIT_NAMESPACE_AUTO,   /* when that takes nothing from it */
    INIT_NAMESPACE_ALWAYS, /* or it is not started */
    INIT_NAMESPACE_NEVER,
};

struct init_settings {
    uint64_t timeout_ms; /* 0: none */
    uint64_t silence_ms; /* longest time without output; 0: any */
    uint64_t grace_ms;   /* from TERM to KILL */
    uint64_t output_max; /* bytes of stdout */
    unsigned namespace;  /* enum init_namespace */
    unsigned privileges; /* 1: it may gain some (set-user-id programs) */
    /* 0: as ours */
    uint64_t memory, cpu_ms, files, processes, file_size;
};

/* Writes the text and a NUL; returns its length. */
size_t init_settings_format(
    const struct init_settings *settings, char out[INIT_SETTINGS_SIZE]);
/* False when text is no such text. */
bool init_settings_parse(const char *text, struct init_settings *out);

#endif
