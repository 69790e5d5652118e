/*
 * workload.h - the patterns and contexts of `make_workload.py`, as rules and
 * contexts.
 *
 * A line of a file of patterns is {"id": 7, "domain": ["a.b.**", "a.*.c"],
 * "preds": [{"a": "env", "op": "in", "v": ["env0", "env3"]}]}; the globs are
 * any of them, the predicates all. op is eq, in, ge, le, between, true or
 * false. A line of a file of contexts is {"id": 3, "domain": "a.b.c", "attrs":
 * {"env": "env3"}}. Both ways `agent_type` is the field of that name;
 * `priority` stays an attribute, for it goes beyond the field's 1 to 5.
 *
 * What cannot be read ends the program, with the file and the line.
 */
#ifndef NDF_BENCH_WORKLOAD_H
#define NDF_BENCH_WORKLOAD_H

#include "base/map.h"
#include "decide/index.h"

struct workload {
    struct arena arena; /* all that the others point to */
    struct map words;   /* strings of which there is one each */
    struct index_rule *rules;
    struct context *contexts;
    int64_t *rule_ids, *context_ids; /* the files' own */
    size_t rule_count, context_count;
    size_t rule_capacity, context_capacity;
    size_t rule_id_capacity, context_id_capacity;
};

/* Both borrow the paths for the call only. */
void workload_read_patterns(struct workload *workload, const char *path);
void workload_read_contexts(struct workload *workload, const char *path);
void workload_init(struct workload *workload);
void workload_deinit(struct workload *workload);

#endif
