/*
 * value.h - what JSON and YAML have in common: a tree that knows where each
 * part of it stood in the file.
 *
 * A value is immutable and lives in the arena it was made in, with all that it
 * points to. Integers are 64-bit and exact; a real is always finite. Strings
 * are valid UTF-8 without NUL. No tree is deeper than VALUE_DEPTH_MAX, and the
 * keys of an object are unique.
 */
#ifndef NDF_BASE_VALUE_H
#define NDF_BASE_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

enum { VALUE_DEPTH_MAX = 64 };

enum value_kind {
    VALUE_NULL,
    VALUE_BOOL,
    VALUE_INT,
    VALUE_REAL,
    VALUE_STRING,
    VALUE_ARRAY,
    VALUE_OBJECT,
};

struct member;

struct value {
    enum value_kind kind;
    uint32_t line, column; /* from 1; 0: made by the program */
    union {
        bool truth;
        int64_t integer;
        double real;
        struct str string; /* NUL-terminated */
        struct {
            struct value *items;
            size_t count;
        } array;
        struct {
            struct member *members; /* in the order of the file */
            size_t count;
        } object;
    };
};

struct member {
    struct str key;        /* NUL-terminated */
    uint32_t line, column; /* of the key */
    struct value value;
};

extern const struct value value_null;

/* "null", "boolean", "integer", "number", "string", "list", "map". */
const char *value_kind_name(enum value_kind kind);
/* The member of an object, or NULL; NULL too if object is NULL or no object. */
const struct value *value_get(const struct value *object, struct str key);
/* value_get along "a.b.c"; keys with dots cannot be reached. */
const struct value *value_path(const struct value *object, struct str path);
/* The string of a member, or {NULL, 0} when absent or no string. */
struct str value_get_str(const struct value *object, struct str key);
int64_t value_get_int(
    const struct value *object, struct str key, int64_t fallback);
bool value_get_bool(const struct value *object, struct str key, bool fallback);
/* Same kind and content; 1 and 1.0 are equal as numbers; the order of members
 * does not matter. */
bool value_equal(const struct value *a, const struct value *b);
/* Numbers by size, exact between integers and reals; strings by bytes. False
 * when the two have no order. */
bool value_compare(const struct value *a, const struct value *b, int *order);

struct value value_of_bool(bool truth);
struct value value_of_int(int64_t integer);
struct value value_of_real(double real); /* not finite becomes null */
/* Borrows text: it must live as long as the value. */
struct value value_of_str(struct str text);
/* Empty object or array; grow with the calls below. */
struct value value_of_object(void);
struct value value_of_array(void);
/* Adds a member (key and item are borrowed as they are) or replaces the one of
 * that key. NDF_OK or NDF_ENOMEM. Only on values of one's own making. */
int value_set(struct arena *arena, struct value *object, struct str key,
    struct value item);
int value_push(struct arena *arena, struct value *array, struct value item);
/* How many items the two calls above expect an array or object of count items
 * to have room for; for code that fills one by itself. */
size_t value_room(size_t count);
/* At most the bytes that its JSON takes: for checking limits cheaply. */
size_t value_size(const struct value *value);
/* Levels of lists and maps: 0 of a scalar, 1 of [] and {}. */
size_t value_depth(const struct value *value);
/* A deep copy in arena. NDF_OK or NDF_ENOMEM. */
int value_copy(
    struct arena *arena, const struct value *from, struct value *out);

#endif
