/*
 * names.h - many names, each with its number: from a name to the numbers that
 * have it, and back.
 *
 * All is made at once and then immutable. It is a few arrays without
 * addresses, so it may be written as a block (block.h) and used where that
 * lies.
 */
#ifndef NDF_BASE_NAMES_H
#define NDF_BASE_NAMES_H

#include <stdint.h>

#include "base/buf.h"

#define NAMES_NONE SIZE_MAX

struct names;

/* Copies the names; name i has the number i, and a name may be there many
 * times. order: in which the numbers of one name come, all of them; NULL: as
 * they rise. NDF_OK, NDF_ENOMEM, NDF_ELIMIT (4 GB of names). */
int names_new(struct names **out, const struct mem *mem, const struct str *from,
    const uint32_t *order, size_t count);
/* Accepts NULL. */
void names_free(struct names *names);
size_t names_count(const struct names *names);
/* The first number of a name, or NAMES_NONE. */
size_t names_find(const struct names *names, struct str name);
/* The next one of the same name, or NAMES_NONE. */
size_t names_next(const struct names *names, size_t number);
/* Of a number below names_count; NUL-terminated; lives as long as names. */
struct str names_at(const struct names *names, size_t number);

/* Appends them as a block. Failure sticks in out. */
void names_write(const struct names *names, struct buf *out);
/* Uses a block where it lies: borrows it for the names' life. All but the
 * letters is checked here: hostile bytes may give wrong names and hide some.
 * NDF_OK, NDF_ENOMEM; NDF_ECORRUPT, NDF_ENEWER: to be made anew. */
int names_open(struct names **out, const struct mem *mem, struct str block);

#endif
