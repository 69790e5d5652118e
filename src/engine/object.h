/*
 * object.h - a JSON object under construction, for documents that are read.
 */
#ifndef NDF_ENGINE_OBJECT_H
#define NDF_ENGINE_OBJECT_H

#include "base/value.h"

/* Grows an object without a check a line: the first failure sticks. */
struct object {
    struct arena *arena;
    struct value value;
    int err;
};

static inline struct object object_new(struct arena *arena)
{
    return (struct object){arena, value_of_object(), NDF_OK};
}

static inline void object_put(
    struct object *object, const char *key, struct value value)
{
    if (object->err == NDF_OK)
        object->err =
            value_set(object->arena, &object->value, str_of(key), value);
}

#endif
