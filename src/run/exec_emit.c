/*
 * exec_emit.c - actions of an executor, and words that wait for their record.
 *
 * Invariant: no word of progress leaves before every record that was appended
 * before it is on disk.
 */
#include "base/utf8.h"
#include "run/exec.h"

enum {
    EMIT_DETAIL_MAX = 512,
    /* Numbers carry the slot they belong to: counter << 32 | slot + 1. */
    EMIT_SLOT_BITS = 32,
    EMIT_NODE_SLOTS = 3, /* of a node: work, undo, its verifier's */
};

struct exec_action *exec_emit(struct executor *x, enum exec_action_kind kind)
{
    struct exec_actions *out = x->shared->out;
    if (out->count == out->capacity) {
        size_t capacity = out->capacity == 0 ? 8 : 2 * out->capacity;
        struct exec_action *items =
            arena_calloc(out->arena, capacity, sizeof *items);
        if (items == NULL) return NULL;
        for (size_t i = 0; i < out->count; i++) {
            items[i] = out->items[i];
        }
        out->items = items;
        out->capacity = capacity;
    }
    struct exec_action *action = &out->items[out->count++];
    action->kind = kind;
    return action;
}

bool exec_durable(const struct executor *x, uint64_t token)
{
    return token <= x->shared->recorded;
}

uint64_t exec_batch(struct executor *x)
{
    if (x->shared->out->token == 0) x->shared->out->token = ++x->shared->issued;
    return x->shared->out->token;
}

uint64_t exec_number(struct executor *x, const struct exec_slot *slot)
{
    uint64_t which = 0;
    if (slot != NULL) {
        uint64_t node = (uint64_t)x->first_node + slot->node->index;
        which = 1 + node * EMIT_NODE_SLOTS;
        if (slot->undo) which += 1;
        if (slot->verify) which += 2;
    }
    x->shared->counter++;
    return x->shared->counter << EMIT_SLOT_BITS | which;
}

struct exec_slot *exec_slot_of(struct executor *x, uint64_t number)
{
    uint64_t which = number & 0xffffffffu;
    if (which == 0) return NULL;
    uint64_t index = (which - 1) / EMIT_NODE_SLOTS;
    for (size_t i = x->shared->members.count; i > 0; i--) {
        const struct executor *member = exec_member_at(x->shared, i - 1);
        if (index < member->first_node) continue;
        index -= member->first_node;
        if (index >= member->node_count) return NULL;
        struct exec_node *node = &member->nodes[index];
        switch ((which - 1) % EMIT_NODE_SLOTS) {
        case 0: return &node->work;
        case 1: return &node->undo;
        default: return node->proof != NULL ? &node->proof->slot : NULL;
        }
    }
    return NULL;
}

/* detail made safe to print and short enough. */
static struct str printable(struct arena *arena, const char *detail)
{
    struct buf buf;
    buf_init(&buf, arena->mem);
    utf8_add_printable(&buf, str_of(detail));
    struct str text = buf_str(&buf);
    if (text.size > EMIT_DETAIL_MAX) {
        text.size = EMIT_DETAIL_MAX;
        text.size = utf8_invalid_at(text);
    }
    struct str copy = {NULL, 0};
    if (buf_error(&buf) == NDF_OK) copy = arena_str(arena, text);
    buf_deinit(&buf);
    return copy;
}

int exec_progress(struct executor *x, enum ndf_event_kind event,
    const struct exec_slot *slot, const char *detail)
{
    struct exec_held *held = vec_push(&x->shared->held);
    if (held == NULL) return NDF_ENOMEM;
    const struct executor *whole = x;
    while (whole->parent != NULL)
        whole = whole->parent;
    held->token = x->shared->issued;
    held->progress = (struct exec_progress){
        .event = (int)event,
        .step = slot != NULL       ? slot->node->plan->id
                : x->phase != NULL ? x->plan->id
                                   : STR(""),
        .detail = printable(&x->shared->held_arena, detail),
        .attempt = slot != NULL ? slot->attempt : 0,
        .steps_done = x->shared->done_count,
        .steps_total = x->shared->leaf_count,
        .tokens = whole->tokens,
        .cost = whole->cost,
    };
    return held->progress.detail.at != NULL ? NDF_OK : NDF_ENOMEM;
}

int exec_release(struct executor *x)
{
    struct exec_held *held = x->shared->held.at;
    size_t count = 0;
    while (
        count < x->shared->held.count && exec_durable(x, held[count].token)) {
        struct exec_action *action = exec_emit(x, EXEC_PROGRESS);
        if (action == NULL) return NDF_ENOMEM;
        action->progress = held[count].progress;
        action->progress.step =
            arena_str(x->shared->out->arena, held[count].progress.step);
        action->progress.detail =
            arena_str(x->shared->out->arena, held[count].progress.detail);
        if (action->progress.step.at == NULL ||
            action->progress.detail.at == NULL) {
            return NDF_ENOMEM;
        }
        count++;
    }
    for (; count > 0; count--) {
        vec_remove(&x->shared->held, 0);
    }
    if (x->shared->held.count == 0) arena_deinit(&x->shared->held_arena);
    return NDF_OK;
}
