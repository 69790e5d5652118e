/*
 * circles.c - see circles.h: a walk in depth over an explicit stack.
 */
#include "engine/circles.h"

#include <string.h>

#include "base/map.h"
#include "base/vec.h"
#include "model/plan.h"

struct walk {
    const struct circles_source *source;
    struct arena *arena;
    ndf_error *error;
    const struct entry *origin; /* the pattern that is looked at */
};

/* The nearest name is in the sentence already: puts before it who asks. */
static int dangling(struct walk *p, uint32_t line)
{
    if (p->error == NULL) return NDF_EREFERENCE;
    char why[NDF_MESSAGE_SIZE];
    memcpy(why, p->error->message, sizeof why);
    return err_set(p->error, NDF_EREFERENCE,
        "'%.*s' (%.*s:%u) cannot be run: %s", STR_ARG(p->origin->label),
        STR_ARG(p->origin->path.size > 0 ? p->origin->path
                                         : p->origin->source->name),
        (unsigned)(line > 0 ? line : p->origin->line), why);
}

struct visit {
    const struct entry *entry;
    size_t next; /* reference to follow next */
    struct pattern pattern;
};

static size_t reference_count(const struct pattern *pattern)
{
    size_t count = pattern->fallback.at != NULL ? 1 : 0;
    for (size_t i = 0; i < pattern->phase_count; i++)
        count += pattern->phases[i].patterns.count;
    return count;
}

bool circles_possible(const struct pattern *pattern)
{
    return reference_count(pattern) > 0;
}

static struct str reference_at(const struct pattern *pattern, size_t index)
{
    for (size_t i = 0; i < pattern->phase_count; i++) {
        const struct str_list *names = &pattern->phases[i].patterns;
        if (index < names->count) return names->items[index];
        index -= names->count;
    }
    return pattern->fallback;
}

static int push_visit(
    struct walk *p, struct vec *stack, const struct entry *entry)
{
    if (stack->count == PLAN_DEPTH_MAX)
        return err_set(p->error, NDF_ELIMIT,
            "pattern '%.*s' nests patterns more than %d deep",
            STR_ARG(p->origin->name), PLAN_DEPTH_MAX);
    struct visit *visit = vec_push(stack);
    if (visit == NULL) return NDF_ENOMEM;
    visit->entry = entry;
    struct document document;
    int err = registry_document(
        entry, p->source->reader, p->arena, &document, p->error);
    if (err == NDF_OK && document.kind == DOCUMENT_PATTERN)
        visit->pattern = document.pattern;
    return err;
}

static int follow(struct walk *p, struct vec *stack, struct map *done,
    const struct visit *from, struct str name)
{
    const struct entry *to;
    if (p->source->is_function(p->source->ud, name)) return NDF_OK;
    int err = registry_find(
        p->source->registry, name, from->entry->source->name, &to, p->error);
    if (err == NDF_ENOTFOUND) return dangling(p, from->entry->line);
    if (err != NDF_OK) return err;
    const struct visit *visits = stack->at;
    for (size_t i = 0; i < stack->count; i++)
        if (visits[i].entry == to)
            return err_set(p->error, NDF_ECYCLE,
                "pattern '%.*s' refers to '%.*s', which leads back to it: "
                "take one of the two references out",
                STR_ARG(from->entry->name), STR_ARG(to->name));
    return map_has(done, to->qualified) ? NDF_OK : push_visit(p, stack, to);
}

int circles_check(const struct circles_source *source, struct arena *arena,
    const struct entry *origin, ndf_error *error)
{
    struct walk walk = {source, arena, error, origin};
    struct vec stack;
    struct map done;
    vec_init(&stack, arena->mem, sizeof(struct visit));
    map_init(&done, arena->mem);
    int err = push_visit(&walk, &stack, origin);
    while (err == NDF_OK && stack.count > 0) {
        struct visit *visit = vec_get(&stack, stack.count - 1);
        if (visit->next == reference_count(&visit->pattern)) {
            err = map_put(&done, visit->entry->qualified, &walk);
            stack.count--;
            continue;
        }
        struct visit from = *visit;
        visit->next++;
        err = follow(&walk, &stack, &done, &from,
            reference_at(&from.pattern, from.next));
    }
    map_deinit(&done);
    vec_deinit(&stack);
    return err;
}
