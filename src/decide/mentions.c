/*
 * mentions.c - see mentions.h.
 *
 * Everything is a node with a list of candidates. Globs are a trie: from a
 * node an edge leads on by a segment, by `*`, or, ending there, by `**`. Whole
 * domains and the names of attributes hang off two roots of their own by one
 * edge each. All edges lie in one hash table; all lists in one array, node by
 * node; all texts one behind another. So all of it is arrays without addresses,
 * which may as well lie in a block. Invariant: in a list, numbers rise
 * strictly; an edge leads to a node of a higher number, and only one edge does,
 * so that every walk along edges ends.
 */
#include "decide/mentions.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "decide/mentions_state.h"
#include "model/glob.h"

enum { SORT_SMALL = 32 };

/* Candidate `number` belongs to the list of `node`. */
struct note {
    uint32_t node, number;
};

void mentions_free(struct mentions *m)
{
    if (m == NULL) return;
    vec_deinit(&m->long_globs);
    buf_deinit(&m->own_texts);
    if (!m->lent) {
        size_t starts = m->starts != NULL ? m->node_count + (size_t)1 : 0;
        mem_free(m->mem, m->edges, m->edge_room * sizeof *m->edges);
        mem_free(m->mem, m->starts, starts * sizeof *m->starts);
        mem_free(m->mem, m->lists, m->list_count * sizeof *m->lists);
    }
    mem_free(m->mem, m, sizeof *m);
}

/* ---- edges --------------------------------------------------------------- */

/* The slot of an edge, or the free one where it would be. */
static struct edge *slot_of(const struct mentions *m, uint32_t from,
    enum edge_kind kind, struct str text)
{
    uint64_t seed = ((uint64_t)from << 2 | (uint64_t)kind) ^ m->numbers.seed;
    size_t mask = m->edge_room - 1;
    size_t at = (size_t)hash64_seed(text, seed) & mask;
    for (;; at = (at + 1) & mask) {
        struct edge *edge = &m->edges[at];
        if (edge->to == NODE_NONE) return edge;
        if (edge->from == from && edge->kind == (uint32_t)kind &&
            str_equal(mentions_text(m, edge->text), text))
            return edge;
    }
}

static uint32_t follow(const struct mentions *m, uint32_t from,
    enum edge_kind kind, struct str text)
{
    if (m->edge_count == 0) return NODE_NONE;
    return slot_of(m, from, kind, text)->to;
}

static int keep_text(struct mentions *m, struct str text, struct text_part *out)
{
    struct buf *texts = &m->own_texts;
    if (text.size > UINT32_MAX - texts->size) return NDF_ELIMIT;
    *out = (struct text_part){(uint32_t)texts->size, (uint32_t)text.size};
    buf_add_str(texts, text);
    m->texts = texts->at;
    m->text_size = texts->size;
    return buf_error(texts);
}

static int grow(struct mentions *m)
{
    enum { ROOM_MIN = 16 };
    struct mentions old = *m;
    size_t room = m->edge_room > 0 ? m->edge_room * 2 : ROOM_MIN;
    struct edge *edges = mem_calloc(m->mem, room, sizeof *edges);
    if (edges == NULL) return NDF_ENOMEM;
    m->edges = edges;
    m->edge_room = room;
    for (size_t i = 0; i < old.edge_room; i++) {
        const struct edge *edge = &old.edges[i];
        if (edge->to == NODE_NONE) continue;
        *slot_of(m, edge->from, (enum edge_kind)edge->kind,
            mentions_text(m, edge->text)) = *edge;
    }
    mem_free(m->mem, old.edges, old.edge_room * sizeof *edges);
    return NDF_OK;
}

/* Where an edge leads; makes it with a node if there is none. */
static int lead(struct mentions *m, uint32_t from, enum edge_kind kind,
    struct str text, uint32_t *to)
{
    if (m->edge_room < (m->edge_count + 1) * 2 + 1) {
        int err = grow(m);
        if (err != NDF_OK) return err;
    }
    struct edge *edge = slot_of(m, from, kind, text);
    if (edge->to == NODE_NONE) {
        struct text_part part;
        if (m->node_count == UINT32_MAX) return NDF_ELIMIT;
        int err = keep_text(m, text, &part);
        if (err != NDF_OK) return err;
        *edge = (struct edge){part, from, m->node_count++, (uint32_t)kind};
        m->edge_count++;
    }
    *to = edge->to;
    return NDF_OK;
}

/* ---- building ------------------------------------------------------------ */

/* Rules being read. */
struct reading {
    struct mentions *mentions;
    struct vec notes; /* struct note, by rising number */
    uint32_t number;
};

static int add_note(struct reading *reading, uint32_t node)
{
    struct note *note = vec_push(&reading->notes);
    if (note == NULL) return NDF_ENOMEM;
    *note = (struct note){node, reading->number};
    return NDF_OK;
}

static int add_name(struct reading *reading, uint32_t root, struct str name)
{
    uint32_t node;
    int err = lead(reading->mentions, root, EDGE_TEXT, name, &node);
    return err == NDF_OK ? add_note(reading, node) : err;
}

static int add_long(struct reading *reading, struct str glob)
{
    struct long_glob *item = vec_push(&reading->mentions->long_globs);
    if (item == NULL) return NDF_ENOMEM;
    item->candidate = reading->number;
    return keep_text(reading->mentions, glob, &item->glob);
}

static size_t count_segments(struct str dotted)
{
    size_t count = 0;
    struct str segment;
    while (str_split(&dotted, '.', &segment))
        count++;
    return count;
}

static int add_glob(struct reading *reading, struct str glob)
{
    if (str_find_char(glob, '*') == glob.size)
        return add_name(reading, ROOT_DOMAIN, glob);
    if (count_segments(glob) > MENTIONS_DEPTH_MAX)
        return add_long(reading, glob);
    uint32_t node = ROOT_GLOB;
    struct str segment;
    while (str_split(&glob, '.', &segment)) {
        enum edge_kind kind = str_equal(segment, STR("**"))  ? EDGE_BELOW
                              : str_equal(segment, STR("*")) ? EDGE_ANY
                                                             : EDGE_TEXT;
        int err = lead(reading->mentions, node, kind,
            kind == EDGE_TEXT ? segment : STR(""), &node);
        if (err != NDF_OK) return err;
    }
    return add_note(reading, node);
}

static int add_domain(struct reading *reading, const struct predicate *p)
{
    const struct value *items = &p->operand;
    size_t count = 1;
    if (p->op != OP_EQ && p->op != OP_IN && p->op != OP_GLOB) return NDF_OK;
    if (p->operand.kind == VALUE_ARRAY) {
        items = p->operand.array.items;
        count = p->operand.array.count;
    }
    for (size_t i = 0; i < count; i++) {
        if (items[i].kind != VALUE_STRING) continue;
        int err = p->op == OP_GLOB
                      ? add_glob(reading, items[i].string)
                      : add_name(reading, ROOT_DOMAIN, items[i].string);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

static int add_condition(
    struct reading *reading, const struct condition *condition)
{
    for (size_t i = 0; i < condition->count; i++) {
        const struct predicate *p = &condition->predicates[i];
        int err = NDF_OK;
        if (p->field == FIELD_DOMAIN) err = add_domain(reading, p);
        else if (p->field == FIELD_ATTRIBUTE)
            err = add_name(reading, ROOT_ATTRIBUTE, p->name);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

static int read_rules(
    struct reading *reading, const struct index_rule *rules, size_t count)
{
    int err = NDF_OK;
    for (size_t i = 0; i < count; i++) {
        reading->number = (uint32_t)i;
        for (size_t a = 0; err == NDF_OK && a < rules[i].only_if_count; a++)
            err = add_condition(reading, &rules[i].only_if[a]);
        if (err == NDF_OK && rules[i].good_for != NULL)
            err = add_condition(reading, rules[i].good_for);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

/* Puts the notes into the lists of their nodes, in their order; a candidate
 * that mentions a thing twice is there once, so lists may end early: they are
 * drawn together afterwards. */
static int make_lists(struct mentions *m, const struct vec *vec)
{
    const struct note *notes = vec->at;
    if (vec->count > UINT32_MAX) return NDF_ELIMIT;
    m->starts = mem_calloc(m->mem, m->node_count + 1, sizeof *m->starts);
    if (m->starts == NULL) return NDF_ENOMEM;
    if (vec->count == 0) return NDF_OK;
    m->lists = mem_alloc(m->mem, vec->count * sizeof *m->lists);
    if (m->lists == NULL) return NDF_ENOMEM;
    m->list_count = vec->count;
    for (size_t i = 0; i < vec->count; i++)
        m->starts[notes[i].node + 1]++;
    for (uint32_t node = 0; node < m->node_count; node++)
        m->starts[node + 1] += m->starts[node];
    /* starts[node] runs to the list's end, which is where the next began. */
    for (size_t i = 0; i < vec->count; i++)
        m->lists[m->starts[notes[i].node]++] = notes[i].number;
    uint32_t kept = 0;
    uint32_t first = 0;
    for (uint32_t node = 0; node < m->node_count; node++) {
        uint32_t end = m->starts[node];
        m->starts[node] = kept;
        for (uint32_t i = first; i < end; i++) {
            if (i > first && m->lists[i] == m->lists[i - 1]) continue;
            m->lists[kept++] = m->lists[i];
        }
        first = end;
    }
    m->starts[m->node_count] = kept;
    return NDF_OK;
}

int mentions_new(struct mentions **out, const struct mem *mem,
    const struct index_rule *rules, size_t count)
{
    *out = NULL;
    if (count > UINT32_MAX) return NDF_ELIMIT;
    struct mentions *m = mem_calloc(mem, 1, sizeof *m);
    if (m == NULL) return NDF_ENOMEM;
    m->mem = mem;
    m->node_count = ROOTS;
    /* The address is there so that nobody can choose texts that collide. */
    m->numbers = (struct numbers){(uint64_t)(uintptr_t)mem, count};
    buf_init(&m->own_texts, mem);
    vec_init(&m->long_globs, mem, sizeof(struct long_glob));
    struct reading reading = {.mentions = m};
    vec_init(&reading.notes, mem, sizeof(struct note));
    int err = read_rules(&reading, rules, count);
    if (err == NDF_OK) err = make_lists(m, &reading.notes);
    vec_deinit(&reading.notes);
    m->globs = m->long_globs.at;
    m->glob_count = m->long_globs.count;
    if (err != NDF_OK) {
        mentions_free(m);
        return err;
    }
    *out = m;
    return NDF_OK;
}

/* ---- looking ------------------------------------------------------------- */

static struct mentioned list_of(const struct mentions *m, uint32_t node)
{
    if (node == NODE_NONE) return (struct mentioned){NULL, 0};
    return (struct mentioned){
        m->lists + m->starts[node], m->starts[node + 1] - m->starts[node]};
}

/* Lists that were found, put together when there are several. */
struct finding {
    const struct mentions *mentions;
    struct arena *arena;
    struct mentioned first; /* the only one, as long as numbers is NULL */
    uint32_t *numbers;
    size_t count, room;
};

static int append(struct finding *f, struct mentioned list)
{
    if (f->count + list.count > f->room || f->numbers == NULL) {
        size_t room = (f->count + list.count) * 2;
        uint32_t *numbers = arena_calloc(f->arena, room, sizeof *numbers);
        if (numbers == NULL) return NDF_ENOMEM;
        if (f->count > 0)
            memcpy(numbers, f->numbers, f->count * sizeof *numbers);
        f->numbers = numbers;
        f->room = room;
    }
    memcpy(f->numbers + f->count, list.items, list.count * sizeof *list.items);
    f->count += list.count;
    return NDF_OK;
}

static int find(struct finding *f, struct mentioned list)
{
    if (list.count == 0) return NDF_OK;
    if (f->first.count == 0) {
        f->first = list;
        return NDF_OK;
    }
    int err = f->numbers == NULL ? append(f, f->first) : NDF_OK;
    return err == NDF_OK ? append(f, list) : err;
}

/* A node that the walk has still to visit, and what is left of the domain. */
struct place {
    uint32_t node;
    struct str rest;
};

/* Walks all ways through the trie. Each visit takes a place off and adds at
 * most two deeper ones, so there are never more than the depth and one. */
static int find_globs(struct finding *f, struct str domain)
{
    const struct mentions *m = f->mentions;
    struct place places[MENTIONS_DEPTH_MAX + 2];
    size_t count = 0;
    int err = NDF_OK;
    places[count++] = (struct place){ROOT_GLOB, domain};
    while (err == NDF_OK && count > 0) {
        struct place place = places[--count];
        struct str segment;
        err = find(f, list_of(m, follow(m, place.node, EDGE_BELOW, STR(""))));
        if (!str_split(&place.rest, '.', &segment)) {
            if (err == NDF_OK) err = find(f, list_of(m, place.node));
            continue;
        }
        /* The trie of a damaged block may be deeper. */
        if (count + 2 > sizeof places / sizeof places[0]) return NDF_ECORRUPT;
        uint32_t next = follow(m, place.node, EDGE_ANY, STR(""));
        if (next != NODE_NONE)
            places[count++] = (struct place){next, place.rest};
        next = follow(m, place.node, EDGE_TEXT, segment);
        if (next != NODE_NONE)
            places[count++] = (struct place){next, place.rest};
    }
    return err;
}

static int find_long(struct finding *f, struct str domain)
{
    const struct mentions *m = f->mentions;
    const struct long_glob *globs = m->globs;
    for (size_t i = 0; i < m->glob_count; i++) {
        if (!glob_match(mentions_text(m, globs[i].glob), domain)) continue;
        int err = find(f, (struct mentioned){&globs[i].candidate, 1});
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void sort(uint32_t *numbers, size_t count)
{
    if (count > SORT_SMALL) {
        qsort(numbers, count, sizeof *numbers, by_number);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        uint32_t number = numbers[i];
        size_t at = i;
        for (; at > 0 && numbers[at - 1] > number; at--)
            numbers[at] = numbers[at - 1];
        numbers[at] = number;
    }
}

int mentions_domain(const struct mentions *mentions, struct str domain,
    struct arena *arena, struct mentioned *out)
{
    struct finding f = {.mentions = mentions, .arena = arena};
    int err = find(&f,
        list_of(mentions, follow(mentions, ROOT_DOMAIN, EDGE_TEXT, domain)));
    if (err == NDF_OK) err = find_globs(&f, domain);
    if (err == NDF_OK) err = find_long(&f, domain);
    *out = f.first;
    if (err != NDF_OK || f.numbers == NULL) return err;
    sort(f.numbers, f.count);
    size_t kept = 1;
    for (size_t i = 1; i < f.count; i++) {
        if (f.numbers[i] != f.numbers[kept - 1])
            f.numbers[kept++] = f.numbers[i];
    }
    *out = (struct mentioned){f.numbers, kept};
    return NDF_OK;
}

void mentions_attribute(
    const struct mentions *mentions, struct str name, struct mentioned *out)
{
    *out = list_of(mentions, follow(mentions, ROOT_ATTRIBUTE, EDGE_TEXT, name));
}
