/*
 * tool.h - a tool of an agent: its name, and what is said of it.
 *
 * In a file it is a name, or a map with the keys under which servers of tools
 * list theirs: {name, description, input_schema}. Nothing here calls a tool;
 * selecting reads them.
 */
#ifndef NDF_MODEL_TOOL_H
#define NDF_MODEL_TOOL_H

#include "base/value.h"
#include "base/vec.h"

struct tool {
    struct str name;
    struct str description;
    struct value input_schema; /* a JSON Schema, or null */
};

struct tool_list {
    struct tool *items;
    size_t count;
};

/* Appends what words there are of a tool as struct str, borrowed from it: its
 * name and description, and of its parameters, also of nested ones, the names,
 * titles and descriptions. NDF_OK or NDF_ENOMEM. */
int tool_texts(const struct tool *tool, struct vec *out);

#endif
