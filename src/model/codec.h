/*
 * codec.h - maps of files into structs and back, by tables.
 *
 * A table row says: this key, of this type, goes to this offset. Reading
 * refuses unknown keys, naming the nearest known one; writing leaves out what
 * equals the default. A struct is set to its defaults by the caller before it
 * is read. Decoded strings and values borrow the memory of what was read.
 */
#ifndef NDF_MODEL_CODEC_H
#define NDF_MODEL_CODEC_H

#include "base/value.h"

enum {
    CODEC_KEYS_MAX = 48,        /* rows of one table */
    CODEC_DEPTH_MAX = 32,       /* levels of a free value inside a document */
    CODEC_TEXT_MAX = 64 * 1024, /* bytes of a text, unless a row says other */
    CODEC_LIST_MAX = 10000,     /* items of a list, unless a row says less */
};

struct codec {
    struct arena *arena;
    ndf_error *error;
};

struct codec_key;

struct codec_type {
    const char *expected; /* "a duration like 120s" */
    int (*read)(struct codec *c, const struct codec_key *key,
        const struct value *value, void *field);
    /* null in *out: nothing to write. base is the field of the defaults. */
    int (*write)(struct arena *arena, const struct codec_key *key,
        const void *field, const void *base, struct value *out);
};

enum codec_presence { CODEC_OPTIONAL, CODEC_REQUIRED };

struct codec_key {
    const char *name;
    const struct codec_type *type;
    size_t offset;
    int64_t min, max; /* of a number; bytes of a text; items of a list; max 0:
                         the type's own */
    bool (*valid)(struct str text); /* of a text or each text of a list */
    const char *expected;           /* instead of the type's */
    const void *detail;             /* words of a word, map of a map */
    enum codec_presence presence;
};

struct codec_map {
    const char *name; /* of its definition in the JSON Schema */
    const char *what; /* "a step", in sentences */
    const struct codec_key *keys;
    size_t count;
    bool null_is_absent; /* a key with null is as if it were missing */
};

/* Into *out, which holds the defaults. */
int codec_read_map(struct codec *c, const struct codec_map *map,
    const struct value *value, void *out);
/* What differs from defaults (NULL: all that is no null). */
int codec_write_map(struct arena *arena, const struct codec_map *map,
    const void *from, const void *defaults, struct value *out);

/* "'key': expected WHAT, got ..." at value's place; NDF_ESCHEMA. */
int codec_expected(struct codec *c, const char *key, const char *what,
    const struct value *value);
/* As codec_expected, with the words of the key or its type. */
int codec_refuse(
    struct codec *c, const struct codec_key *key, const struct value *value);
/* "unknown key 'stpes' in a step, did you mean 'steps'?"; NDF_ESCHEMA. */
int codec_unknown(struct codec *c, const struct member *member,
    const char *what, const struct str *known, size_t count);
int codec_no_memory(struct codec *c);
/* Cut at a length that leaves room for the rest of a sentence. */
struct str codec_clip(struct str text);
/* An item `name: {...}`, `name:` or `name` of a list of steps or phases;
 * *inner is NULL when nothing is said about it. */
int codec_read_named(struct codec *c, const struct value *item,
    const char *example, struct str *name, const struct value **inner);

/* struct str */
extern const struct codec_type codec_text, codec_regex;
/* struct str_list */
extern const struct codec_type codec_texts;
extern const struct codec_type codec_bool, codec_u32, codec_u64, codec_i64;
/* double; NAN is not set */
extern const struct codec_type codec_real;
/* uint64_t: milliseconds; bytes */
extern const struct codec_type codec_duration, codec_bytes;
/* An enum; detail: its words, a NULL behind them. */
extern const struct codec_type codec_word;
/* struct value: a map; anything. null is not set. */
extern const struct codec_type codec_object, codec_any;
/* A struct; detail: its codec_map. */
extern const struct codec_type codec_struct;

#endif
