/*
 * owners.h - which runs this process is at work on, as others see it.
 */
#ifndef NDF_ENGINE_OWNERS_H
#define NDF_ENGINE_OWNERS_H

#include <pthread.h>
#include <stdbool.h>

#include "ndf/error.h"

#include "base/map.h"

enum { OWNERS_FILES = 32 };

/* From any thread. */
struct owners {
    const struct mem *mem;
    pthread_mutex_t mutex;
    struct map held;       /* ids of this engine's own */
    int fds[OWNERS_FILES]; /* by the first letter of an id; -1: not open */
};

void owners_init(struct owners *owners, const struct mem *mem);
/* Lets go of all. */
void owners_deinit(struct owners *owners);
/* Comes to own a run; its id is borrowed until it is dropped. dir: of all runs
 * of the store, made if need be. NDF_EBUSY: it belongs to another, or to this
 * engine already. */
int owners_take(
    struct owners *owners, const char *dir, struct str run, ndf_error *error);
void owners_drop(struct owners *owners, struct str run);
/* Whether anybody owns it; true, too, when that cannot be known. */
bool owners_has(struct owners *owners, const char *dir, struct str run);

#endif
