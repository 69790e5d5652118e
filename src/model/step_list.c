/*
 * step_list.c - the `steps` and `tasks` of a pattern: names that are unique,
 * needs that name tasks and form no circle.
 */
#include <string.h>

#include "base/map.h"
#include "model/pattern.h"
#include "model/tables.h"

static int read_item(struct codec *c, const struct codec_map *map,
    const struct value *item, struct step *out)
{
    const struct value *inner;
    *out = step_default;
    out->line = item->line;
    out->column = item->column;
    int err = codec_read_named(
        c, item, "- scan: {agent: scanner}", &out->name, &inner);
    if (err != NDF_OK) return err;
    if (!step_name_valid(out->name))
        return err_at(c->error, NDF_ESCHEMA, item->line, item->column,
            "'%.*s' cannot name a step: letters, digits, _ and - can",
            STR_ARG(codec_clip(out->name)));
    if (inner != NULL) err = codec_read_map(c, map, inner, out);
    if (out->agent.at == NULL) out->agent = out->name;
    return err;
}

static int duplicate(
    struct codec *c, const struct step *step, const struct step *first)
{
    return err_at(c->error, NDF_ESCHEMA, step->line, step->column,
        "two steps are named '%.*s' (the other one in line %u): give each its "
        "own name",
        STR_ARG(step->name), (unsigned)first->line);
}

static struct step *find_needed(struct codec *c, const struct map *names,
    const struct step *step, struct str need)
{
    struct step *found = map_get(names, need);
    if (found != NULL && found != step) return found;
    (void)err_at(c->error, NDF_ESCHEMA, step->line, step->column,
        found == NULL ? "task '%.*s' needs '%.*s', which is no task here"
                      : "task '%.*s' needs '%.*s', itself",
        STR_ARG(step->name), STR_ARG(need));
    return NULL;
}

/* Who waits for whom, as indexes: after[start[i]] up to after[start[i + 1]] are
 * the tasks that need task i; waits[i] counts what i itself still needs. */
struct graph {
    size_t count;
    size_t *waits, *start, *after;
};

static int count_needs(struct codec *c, const struct map *names,
    struct step *steps, struct graph *graph)
{
    for (size_t i = 0; i < graph->count; i++) {
        graph->waits[i] = steps[i].needs.count;
        for (size_t n = 0; n < steps[i].needs.count; n++) {
            struct step *needed =
                find_needed(c, names, &steps[i], steps[i].needs.items[n]);
            if (needed == NULL) return NDF_ESCHEMA;
            graph->start[needed - steps + 1]++;
        }
    }
    for (size_t i = 0; i < graph->count; i++)
        graph->start[i + 1] += graph->start[i];
    return NDF_OK;
}

static int build_graph(struct codec *c, const struct map *names,
    struct step *steps, size_t count, struct graph *graph)
{
    size_t edges = 0;
    for (size_t i = 0; i < count; i++)
        edges += steps[i].needs.count;
    graph->count = count;
    graph->waits = arena_calloc(c->arena, count, sizeof *graph->waits);
    graph->start = arena_calloc(c->arena, count + 1, sizeof *graph->start);
    graph->after = arena_calloc(c->arena, edges, sizeof *graph->after);
    size_t *fill = arena_calloc(c->arena, count, sizeof *fill);
    if (graph->waits == NULL || graph->start == NULL || graph->after == NULL ||
        fill == NULL)
        return codec_no_memory(c);
    int err = count_needs(c, names, steps, graph);
    if (err != NDF_OK) return err;
    memcpy(fill, graph->start, count * sizeof *fill);
    for (size_t i = 0; i < count; i++) {
        for (size_t n = 0; n < steps[i].needs.count; n++) {
            struct step *needed = map_get(names, steps[i].needs.items[n]);
            graph->after[fill[needed - steps]++] = i;
        }
    }
    return NDF_OK;
}

/* Takes away what waits for nothing, again and again (Kahn's algorithm): who
 * still waits at the end is in a circle or behind one. */
static int untangle(struct codec *c, struct graph *graph)
{
    size_t *ready = arena_calloc(c->arena, graph->count, sizeof *ready);
    size_t ready_count = 0;
    if (ready == NULL) return codec_no_memory(c);
    for (size_t i = 0; i < graph->count; i++) {
        if (graph->waits[i] == 0) ready[ready_count++] = i;
    }
    for (size_t done = 0; done < ready_count; done++) {
        size_t end = graph->start[ready[done] + 1];
        for (size_t n = graph->start[ready[done]]; n < end; n++) {
            size_t task = graph->after[n];
            if (--graph->waits[task] == 0) ready[ready_count++] = task;
        }
    }
    return NDF_OK;
}

static int check_circles(
    struct codec *c, const struct map *names, struct step *steps, size_t count)
{
    struct graph graph;
    int err = build_graph(c, names, steps, count, &graph);
    if (err == NDF_OK) err = untangle(c, &graph);
    for (size_t i = 0; i < count && err == NDF_OK; i++) {
        if (graph.waits[i] == 0) continue;
        err = err_at(c->error, NDF_ECYCLE, steps[i].line, steps[i].column,
            "the needs of task '%.*s' lead into a circle: it could never start",
            STR_ARG(steps[i].name));
    }
    return err;
}

static int check_names(struct codec *c, struct step *steps, size_t count)
{
    struct map names;
    int err = NDF_OK;
    map_init(&names, c->arena->mem);
    for (size_t i = 0; i < count && err == NDF_OK; i++) {
        err = map_add(&names, steps[i].name, &steps[i]);
        if (err == NDF_EEXISTS)
            err = duplicate(c, &steps[i], map_get(&names, steps[i].name));
        else if (err == NDF_ENOMEM) err = codec_no_memory(c);
    }
    if (err == NDF_OK) err = check_circles(c, &names, steps, count);
    map_deinit(&names);
    return err;
}

static int read_steps(struct codec *c, const struct codec_key *key,
    const struct value *value, struct pattern *pattern)
{
    if (value->kind != VALUE_ARRAY || value->array.count == 0)
        return codec_refuse(c, key, value);
    size_t count = value->array.count;
    if (count > PATTERN_STEPS_MAX)
        return err_at(c->error, NDF_ELIMIT, value->line, value->column,
            "%zu %s are too many, at most %d", count, key->name,
            PATTERN_STEPS_MAX);
    struct step *steps = arena_calloc(c->arena, count, sizeof *steps);
    if (steps == NULL) return codec_no_memory(c);
    for (size_t i = 0; i < count; i++) {
        int err = read_item(c, key->detail, &value->array.items[i], &steps[i]);
        if (err != NDF_OK) return err;
    }
    pattern->steps = steps;
    pattern->step_count = count;
    return check_names(c, steps, count);
}

static int steps_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    struct pattern *pattern = field;
    pattern->kind = PATTERN_SEQUENTIAL;
    return read_steps(c, key, value, pattern);
}

static int tasks_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    struct pattern *pattern = field;
    pattern->kind = PATTERN_PARALLEL;
    return read_steps(c, key, value, pattern);
}

static int write_item(struct arena *arena, const struct codec_map *map,
    const struct step *step, struct value *out)
{
    struct step bare = *step;
    struct value inner = value_null;
    if (str_equal(bare.agent, bare.name)) bare.agent = (struct str){NULL, 0};
    int err = codec_write_map(arena, map, &bare, &step_default, &inner);
    *out = value_of_object();
    if (err == NDF_OK) err = value_set(arena, out, step->name, inner);
    return err;
}

static int write_steps(struct arena *arena, const struct codec_key *key,
    const struct pattern *pattern, struct value *out)
{
    *out = value_of_array();
    for (size_t i = 0; i < pattern->step_count; i++) {
        struct value item = value_null;
        int err = write_item(arena, key->detail, &pattern->steps[i], &item);
        if (err == NDF_OK) err = value_push(arena, out, item);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

static int steps_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    const struct pattern *pattern = field;
    (void)base;
    if (pattern->kind != PATTERN_SEQUENTIAL || pattern->step_count == 0)
        return NDF_OK;
    return write_steps(arena, key, pattern, out);
}

static int tasks_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    const struct pattern *pattern = field;
    (void)base;
    if (pattern->kind != PATTERN_PARALLEL) return NDF_OK;
    return write_steps(arena, key, pattern, out);
}

const struct codec_type steps_type = {
    "a list of at least one step", steps_read, steps_write};
const struct codec_type tasks_type = {
    "a list of at least one task", tasks_read, tasks_write};
