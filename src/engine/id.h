/*
 * id.h - the ids of runs and outcomes.
 */
#ifndef NDF_ENGINE_ID_H
#define NDF_ENGINE_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* A random id of 12 letters and digits and a NUL. */
enum { ENGINE_ID_SIZE = 13 };
int engine_new_id(char out[ENGINE_ID_SIZE]);
/* Whether it looks like one of engine_new_id. Ids of a store become parts of
 * paths, and a store can come from anybody. */
bool engine_id_valid(struct str id);
/* The number that a valid id spells; no two are the same. */
int64_t engine_id_number(struct str id);

#endif
