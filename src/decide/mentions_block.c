/*
 * mentions_block.c - mentions as a block, and from one (mentions.h).
 */
#include <string.h>

#include "base/block.h"
#include "decide/mentions.h"
#include "decide/mentions_state.h"

static const struct block_kind kind = {
    UINT64_C(0x0a4e544d46444e89) /* "\x89NDFMTN\n" */, 1};

enum array { NUMBERS, EDGES, STARTS, LISTS, GLOBS, TEXTS, ARRAYS };

void mentions_write(const struct mentions *m, struct buf *out)
{
    struct numbers numbers = m->numbers;
    /* Lists that were drawn together end before their room does. */
    size_t lists = m->starts[m->node_count];
    const struct block_array arrays[ARRAYS] = {
        [NUMBERS] = {&numbers, 1, sizeof numbers},
        [EDGES] = {m->edges, m->edge_room, sizeof *m->edges},
        [STARTS] = {m->starts, m->node_count + (size_t)1, sizeof *m->starts},
        [LISTS] = {m->lists, lists, sizeof *m->lists},
        [GLOBS] = {m->globs, m->glob_count, sizeof *m->globs},
        [TEXTS] = {m->texts, m->text_size, 1},
    };
    block_write(out, &kind, arrays, ARRAYS, NULL);
}

static bool is_within(const struct mentions *m, struct text_part part)
{
    return part.at <= m->text_size && part.size <= m->text_size - part.at;
}

/* Each edge goes down to a node that no other edge leads to, and slots are
 * free, so that both walks and probes end. reached: zero, for each node. */
static bool edges_are_right(struct mentions *m, bool *reached)
{
    for (size_t i = 0; i < m->edge_room; i++) {
        const struct edge *edge = &m->edges[i];
        if (edge->to == NODE_NONE) continue;
        if (edge->to >= m->node_count || edge->to < ROOTS ||
            edge->from >= edge->to || edge->kind > EDGE_BELOW ||
            reached[edge->to] || !is_within(m, edge->text))
            return false;
        reached[edge->to] = true;
        m->edge_count++;
    }
    return m->edge_room == 0 || ((m->edge_room & (m->edge_room - 1)) == 0 &&
                                    m->edge_count < m->edge_room / 2);
}

static bool lists_are_right(const struct mentions *m)
{
    if (m->starts[0] != 0 || m->starts[m->node_count] != m->list_count)
        return false;
    for (uint32_t node = 0; node < m->node_count; node++) {
        uint32_t end = m->starts[node + 1];
        if (end < m->starts[node] || end > m->list_count) return false;
        for (uint32_t i = m->starts[node]; i < end; i++) {
            if (m->lists[i] >= m->numbers.candidates) return false;
            if (i > m->starts[node] && m->lists[i] <= m->lists[i - 1])
                return false;
        }
    }
    for (size_t i = 0; i < m->glob_count; i++) {
        if (m->globs[i].candidate >= m->numbers.candidates ||
            !is_within(m, m->globs[i].glob))
            return false;
    }
    return true;
}

static int lend(struct mentions *m, struct block_array arrays[ARRAYS])
{
    if (arrays[NUMBERS].count != 1 || arrays[STARTS].count < ROOTS + 1 ||
        arrays[STARTS].count > UINT32_MAX)
        return NDF_ECORRUPT;
    memcpy(&m->numbers, arrays[NUMBERS].at, sizeof m->numbers);
    m->edges = arrays[EDGES].at;
    m->edge_room = arrays[EDGES].count;
    m->starts = arrays[STARTS].at;
    m->node_count = (uint32_t)(arrays[STARTS].count - 1);
    m->lists = arrays[LISTS].at;
    m->list_count = arrays[LISTS].count;
    m->globs = arrays[GLOBS].at;
    m->glob_count = arrays[GLOBS].count;
    m->texts = arrays[TEXTS].at;
    m->text_size = arrays[TEXTS].count;
    bool *reached = mem_calloc(m->mem, m->node_count, sizeof *reached);
    if (reached == NULL) return NDF_ENOMEM;
    bool right = edges_are_right(m, reached) && lists_are_right(m);
    mem_free(m->mem, reached, m->node_count * sizeof *reached);
    return right ? NDF_OK : NDF_ECORRUPT;
}

int mentions_open(
    struct mentions **out, const struct mem *mem, struct str block)
{
    struct block_array arrays[ARRAYS] = {
        [NUMBERS] = {.item_size = sizeof(struct numbers)},
        [EDGES] = {.item_size = sizeof(struct edge)},
        [STARTS] = {.item_size = sizeof(uint32_t)},
        [LISTS] = {.item_size = sizeof(uint32_t)},
        [GLOBS] = {.item_size = sizeof(struct long_glob)},
        [TEXTS] = {.item_size = 1},
    };
    *out = NULL;
    int err = block_open(block, &kind, arrays, ARRAYS);
    if (err != NDF_OK) return err;
    struct mentions *m = mem_calloc(mem, 1, sizeof *m);
    if (m == NULL) return NDF_ENOMEM;
    m->mem = mem;
    m->lent = true;
    buf_init(&m->own_texts, mem);
    vec_init(&m->long_globs, mem, sizeof(struct long_glob));
    err = lend(m, arrays);
    if (err == NDF_OK) *out = m;
    else mentions_free(m);
    return err;
}

size_t mentions_count(const struct mentions *m)
{
    return (size_t)m->numbers.candidates;
}
