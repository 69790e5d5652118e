/*
 * roster.h - what a picture of the registry keeps of all agents and patterns:
 * arrays without addresses, which may lie in a file.
 *
 * It is gathered row by row and finished once; after that it does not change.
 */
#ifndef NDF_ENGINE_ROSTER_H
#define NDF_ENGINE_ROSTER_H

#include "base/hash.h"
#include "base/names.h"
#include "base/vec.h"
#include "model/law.h"

/* A part of an array of bytes. */
struct roster_part {
    uint64_t at, size;
};

enum roster_flag {
    ROSTER_AGENT = 1,    /* else a pattern */
    ROSTER_RUNS = 2,     /* an agent with a program of its own */
    ROSTER_RELATIVE = 4, /* its program is named relative to its file */
    ROSTER_CLASH = 8,    /* others have its name, too */
};

/* One agent or pattern. Numbers count from 1 here; 0: none. */
struct roster_record {
    struct roster_part path;        /* of the texts, with a NUL behind it */
    struct roster_part description; /* the same */
    struct roster_part law;         /* of the laws; nothing for an agent */
    struct roster_part features;    /* of the features */
    uint32_t source;                /* in the order of the sources' names */
    uint32_t line;
    uint32_t folded_into; /* an exact copy of that one */
    uint32_t copies;
    uint32_t candidate;
    uint32_t flags;
    uint8_t hash[HASH_SHA256_SIZE];
};

struct roster {
    const struct mem *mem;
    struct roster_record *records; /* in the order in which they came */
    size_t count;
    char *texts, *laws, *features;
    size_t text_size, law_size, feature_size;
    struct names *ids;   /* qualified */
    struct names *names; /* as files say; in the order of rank */
    bool lent;           /* all of it lies in blocks */
    /* While it is gathered, and after that if it is not lent. */
    struct vec own_records;
    struct buf own_texts, own_laws, own_features;
    struct vec own_ids, own_names; /* struct str, in the arena */
    struct arena arena;
};

struct roster_row {
    struct str id, name, path, description, features;
    const uint8_t *hash;
    uint32_t source;
    uint32_t line;
    uint32_t flags;
    const struct law *law; /* NULL: an agent */
};

int roster_new(struct roster **out, const struct mem *mem);
/* Accepts NULL. */
void roster_free(struct roster *roster);
/* Copies all. NDF_OK or NDF_ENOMEM. */
int roster_add(struct roster *roster, const struct roster_row *row);
/* The records are there and may be changed, ids can be found. NDF_OK,
 * NDF_ENOMEM, NDF_ELIMIT. */
int roster_close(struct roster *roster);
/* Names can be found, those of one name in this order of numbers. The same. */
int roster_name(struct roster *roster, const uint32_t *order);

/* Of a number below count; as long as the roster lives. */
struct str roster_text(const struct roster *roster, struct roster_part part);
struct str roster_features(const struct roster *roster, size_t number);
/* The law of a pattern; strings borrow from the roster. As law_read. */
int roster_law(const struct roster *roster, size_t number, struct arena *arena,
    struct law *out);

/* The blocks that it is. */
enum roster_block {
    ROSTER_RECORDS,
    ROSTER_IDS,
    ROSTER_NAMES,
    ROSTER_FEATURES,
    ROSTER_BLOCKS,
};

/* Appends one of them. Failure sticks in out. */
void roster_write(
    const struct roster *roster, enum roster_block which, struct buf *out);
/* Uses them where they lie: borrows them for the roster's life. Every place and
 * number is checked here; laws when they are read, features by who reads those.
 * sources: how many there are. NDF_OK, NDF_ENOMEM; NDF_ECORRUPT, NDF_ENEWER. */
int roster_open(struct roster **out, const struct mem *mem,
    const struct str blocks[ROSTER_BLOCKS], size_t sources);

#endif
