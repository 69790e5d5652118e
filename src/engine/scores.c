/*
 * scores.c - counting outcomes.
 *
 * The store's tally is changed in the same transaction as the outcome is
 * added, from the value that the transaction sees; memory follows after the
 * commit. So several processes can count into one store. Threads may hear of
 * their commits in another order than that of these: what the later outcome
 * left stands.
 */
#include "engine/scores.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/map.h"
#include "base/twin.h"

enum { SCORES_KEY_MAX = 2048, TABLE_MIN = 64 };

/* ---- in memory ------------------------------------------------------------
 */

struct counted {
    struct counted *next; /* of all, as they came */
    struct str pattern, domain;
    uint64_t hash;
    int64_t seq;    /* of the outcome counted last; 0: it was read */
    uint64_t stamp; /* of the change that made it what it is */
    _Atomic uint64_t turn;
    _Atomic uint64_t tally[TWIN_WORDS(sizeof(struct tally))];
};

/* At most half full, so that every search ends at a free slot. */
struct scores_table {
    size_t mask;
    struct counted *_Atomic slots[];
};

void scores_init(struct scores *scores, const struct mem *mem)
{
    *scores = (struct scores){.count = 0};
    arena_init(&scores->arena, mem);
    atomic_init(&scores->table, NULL);
    atomic_init(&scores->changes, 1);
}

void scores_deinit(struct scores *scores)
{
    arena_deinit(&scores->arena);
    atomic_store(&scores->table, NULL);
}

static uint64_t hash_of(struct str pattern, struct str domain)
{
    const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
    return hash64(pattern) ^ (hash64(domain) * odd);
}

static struct counted *find(const struct scores *scores, uint64_t hash,
    struct str pattern, struct str domain)
{
    const struct scores_table *table =
        atomic_load_explicit(&scores->table, memory_order_acquire);
    if (table == NULL) return NULL;
    for (size_t at = (size_t)hash & table->mask;; at = (at + 1) & table->mask) {
        struct counted *counted =
            atomic_load_explicit(&table->slots[at], memory_order_acquire);
        if (counted == NULL) return NULL;
        if (counted->hash == hash && str_equal(counted->pattern, pattern) &&
            str_equal(counted->domain, domain))
            return counted;
    }
}

static void put_slot(struct scores_table *table, struct counted *counted)
{
    size_t at = (size_t)counted->hash & table->mask;
    while (
        atomic_load_explicit(&table->slots[at], memory_order_relaxed) != NULL)
        at = (at + 1) & table->mask;
    atomic_store_explicit(&table->slots[at], counted, memory_order_release);
}

/* The table before stays in the arena, as some may be looking there still; all
 * of them together are no larger than the last. */
static struct scores_table *roomy_table(struct scores *scores)
{
    struct scores_table *table =
        atomic_load_explicit(&scores->table, memory_order_relaxed);
    if (table != NULL && scores->count < (table->mask + 1) / 2) return table;
    size_t size = table != NULL ? (table->mask + 1) * 2 : TABLE_MIN;
    if (size > SIZE_MAX / 2 / sizeof table->slots[0]) return NULL;
    table = arena_alloc(
        &scores->arena, sizeof *table + size * sizeof table->slots[0]);
    if (table == NULL) return NULL;
    table->mask = size - 1;
    for (struct counted *old = scores->first; old != NULL; old = old->next)
        put_slot(table, old);
    atomic_store_explicit(&scores->table, table, memory_order_release);
    return table;
}

static struct tally tally_now(const struct counted *counted)
{
    struct tally tally;
    twin_read(&counted->turn, counted->tally, &tally, sizeof tally);
    return tally;
}

static void set_tally(
    struct scores *scores, struct counted *counted, const struct tally *tally)
{
    twin_write(&counted->turn, counted->tally, tally, sizeof *tally);
    counted->stamp =
        atomic_fetch_add_explicit(&scores->changes, 1, memory_order_release);
}

struct tally scores_get(
    const struct scores *scores, struct str pattern, struct str domain)
{
    const struct counted *known =
        find(scores, hash_of(pattern, domain), pattern, domain);
    return known != NULL ? tally_now(known) : (struct tally){0};
}

int scores_put(struct scores *scores, struct str pattern, struct str domain,
    struct tally tally, int64_t seq)
{
    uint64_t hash = hash_of(pattern, domain);
    struct counted *known = find(scores, hash, pattern, domain);
    if (known != NULL) {
        if (seq < known->seq) return NDF_OK;
        known->seq = seq;
        set_tally(scores, known, &tally);
        return NDF_OK;
    }
    struct scores_table *table = roomy_table(scores);
    known = arena_alloc(&scores->arena, sizeof *known);
    if (table == NULL || known == NULL) return NDF_ENOMEM;
    known->pattern = arena_str(&scores->arena, pattern);
    known->domain = arena_str(&scores->arena, domain);
    if (known->pattern.at == NULL || known->domain.at == NULL)
        return NDF_ENOMEM;
    known->hash = hash;
    known->seq = seq;
    twin_write(&known->turn, known->tally, &tally, sizeof tally);
    put_slot(table, known);
    known->stamp =
        atomic_fetch_add_explicit(&scores->changes, 1, memory_order_release);
    if (scores->last != NULL) scores->last->next = known;
    else scores->first = known;
    scores->last = known;
    scores->count++;
    return NDF_OK;
}

void scores_forget(struct scores *scores, struct str pattern)
{
    const struct tally none = {0};
    for (struct counted *counted = scores->first; counted != NULL;
         counted = counted->next)
        if (str_equal(counted->pattern, pattern))
            set_tally(scores, counted, &none);
}

int scores_carry(
    struct scores *scores, const struct scores *from, uint64_t since)
{
    int err = NDF_OK;
    if (scores_changes(from) == since) return err;
    for (const struct counted *counted = from->first;
         err == NDF_OK && counted != NULL; counted = counted->next)
        if (counted->stamp >= since && counted->seq > scores->seq)
            err = scores_put(scores, counted->pattern, counted->domain,
                tally_now(counted), counted->seq);
    return err;
}

bool scores_empty(const struct scores *scores)
{
    return atomic_load_explicit(&scores->table, memory_order_acquire) == NULL;
}

uint64_t scores_changes(const struct scores *scores)
{
    return atomic_load_explicit(&scores->changes, memory_order_acquire);
}

/* ---- and in the store ------------------------------------------------------
 */

static struct tally tally_of(const struct store_tally *row)
{
    return (struct tally){.wins = row->wins,
        .tries = row->tries,
        .at_ms = row->at_ms,
        .count = row->executions};
}

struct load {
    struct scores *scores;
    ndf_error *error;
};

static int load_one(void *ud, const struct store_tally *row)
{
    struct load *load = ud;
    struct tally tally = tally_of(row);
    if (!tally_valid(&tally))
        return err_set(load->error, NDF_ECORRUPT,
            "the counts of '%.*s' in the store make no sense: run "
            "ndf dev check",
            STR_ARG(row->pattern));
    return scores_put(
        load->scores, row->pattern, row->domain, tally, load->scores->seq);
}

static int take_seq(void *ud, const struct store_outcome *row)
{
    *(int64_t *)ud = row->seq;
    return NDF_OK;
}

int scores_load(
    struct scores *scores, struct store_reader *reader, ndf_error *error)
{
    struct load load = {scores, error};
    int err = read_outcomes_last(reader, 1, take_seq, &scores->seq, error);
    if (err != NDF_OK) return err;
    return read_tallies(reader, load_one, &load, error);
}

/* ---- one outcome ------------------------------------------------------------
 */

/* What earlier outcomes of a run count together: the last word stands. */
struct earlier {
    bool any;   /* the run is among the executions already */
    bool known; /* it counts as a success or a failure */
    bool success;
    double weight;
    int64_t at_ms;
};

/* What of a failure is the pattern's own. */
static double weight_of(const struct outcome *outcome)
{
    return outcome->result == OUTCOME_FAILURE ? 1 - outcome->excuse : 1;
}

/* One more outcome of the run, of the same pattern. */
static void add_earlier(struct earlier *earlier, const struct outcome *outcome)
{
    if (!outcome_counts(outcome)) return;
    earlier->any = true;
    /* `should` says that another pattern was right: it counts nothing. */
    if (outcome->result == OUTCOME_UNKNOWN && outcome->should.at == NULL)
        return;
    earlier->known = outcome->should.at == NULL;
    earlier->success = outcome->result == OUTCOME_SUCCESS;
    earlier->weight = weight_of(outcome);
    earlier->at_ms = outcome->at_ms;
}

/* A tally after the outcome, the earlier ones' part taken back. */
static struct tally count(struct tally tally, const struct outcome *outcome,
    const struct earlier *earlier, uint64_t half_life)
{
    if (earlier->known) {
        struct tally one = tally_add((struct tally){.at_ms = earlier->at_ms},
            OUTCOME_SUCCESS, earlier->weight, earlier->at_ms, half_life);
        one = tally_fade(one, outcome->at_ms, half_life);
        tally = tally_fade(tally, outcome->at_ms, half_life);
        tally.tries = fmax(0, tally.tries - one.tries);
        if (earlier->success) tally.wins -= one.wins;
        tally.wins = fmin(fmax(0, tally.wins), tally.tries);
    }
    if (earlier->any && tally.count > 0) tally.count--;
    return tally_add(tally,
        outcome->should.at == NULL ? outcome->result : OUTCOME_UNKNOWN,
        weight_of(outcome), outcome->at_ms, half_life);
}

struct finding {
    struct arena *arena;
    struct str pattern;
    struct earlier earlier;
};

static int find_earlier(void *ud, const struct store_outcome *row)
{
    struct finding *finding = ud;
    struct value body;
    struct outcome outcome;
    int err = json_parse(finding->arena, row->body, &body, NULL);
    if (err == NDF_OK)
        err = outcome_decode(finding->arena, &body, &outcome, NULL);
    if (err == NDF_ENOMEM) return err;
    if (err != NDF_OK) return NDF_ECORRUPT;
    if (str_equal(outcome.pattern, finding->pattern))
        add_earlier(&finding->earlier, &outcome);
    return NDF_OK;
}

static int put_tally(struct store_tx *tx, struct str pattern, struct str domain,
    const struct tally *tally, ndf_error *error)
{
    const struct store_tally row = {.pattern = pattern,
        .domain = domain,
        .wins = tally->wins,
        .tries = tally->tries,
        .at_ms = tally->at_ms,
        .executions = tally->count};
    return tx_tally_put(tx, &row, error);
}

static int count_into(struct store_tx *tx, const struct learning *learning,
    const struct earlier *earlier, struct str domain, struct tally *out,
    ndf_error *error)
{
    const struct outcome *outcome = &learning->outcome;
    struct store_tally row = {.pattern = outcome->pattern, .domain = domain};
    int err = read_tally(tx_reader(tx), outcome->pattern, domain, &row, NULL);
    if (err != NDF_OK && err != NDF_ENOTFOUND)
        return err_set(error, err, "the counts of '%.*s' cannot be read",
            STR_ARG(outcome->pattern));
    struct tally tally = tally_of(&row);
    if (!tally_valid(&tally)) return NDF_ECORRUPT;
    *out = count(tally, outcome, earlier, learning->half_life_ms);
    return put_tally(tx, outcome->pattern, domain, out, error);
}

static int add_row(struct store_tx *tx, struct arena *arena,
    struct learning *learning, ndf_error *error)
{
    const struct outcome *outcome = &learning->outcome;
    struct value value;
    struct buf body;
    buf_init(&body, arena->mem);
    int err = outcome_encode(arena, outcome, &value);
    if (err == NDF_OK) {
        json_write(&body, &value);
        err = buf_error(&body);
    }
    if (err == NDF_OK) {
        struct store_outcome row = {.id = learning->id,
            .pattern = outcome->pattern,
            .run = outcome->run,
            .at_ms = outcome->at_ms,
            .body = buf_str(&body)};
        err = tx_outcome_add(tx, &row, &learning->seq, error);
    }
    buf_deinit(&body);
    return err;
}

int learning_write(
    struct store_tx *tx, struct learning *learning, ndf_error *error)
{
    const struct outcome *outcome = &learning->outcome;
    struct arena arena;
    arena_init(&arena, learning->mem);
    struct finding finding = {.arena = &arena, .pattern = outcome->pattern};
    const struct earlier *earlier = &finding.earlier;
    bool counts = outcome_counts(outcome);
    int err = NDF_OK;
    if (counts && outcome->run.at != NULL)
        err = read_outcomes_of_run(
            tx_reader(tx), outcome->run, find_earlier, &finding, error);
    if (err == NDF_OK) err = add_row(tx, &arena, learning, error);
    if (err == NDF_OK && counts)
        err =
            count_into(tx, learning, earlier, STR(""), &learning->total, error);
    if (err == NDF_OK && counts && outcome->domain.at != NULL)
        err = count_into(
            tx, learning, earlier, outcome->domain, &learning->domain, error);
    arena_deinit(&arena);
    return err;
}

int learning_apply(struct scores *scores, const struct learning *learning)
{
    const struct outcome *outcome = &learning->outcome;
    if (!outcome_counts(outcome)) return NDF_OK;
    int64_t seq = learning->seq;
    int err =
        scores_put(scores, outcome->pattern, STR(""), learning->total, seq);
    if (err == NDF_OK && outcome->domain.at != NULL)
        err = scores_put(
            scores, outcome->pattern, outcome->domain, learning->domain, seq);
    return err;
}

/* ---- all outcomes -----------------------------------------------------------
 */

struct recount {
    struct scores scores; /* its arena keeps `runs`, too */
    struct map runs;      /* "run\0pattern" -> struct earlier */
    scores_half_life_fn half_life;
    void *ud;
};

/* "pattern\0domain" in key; empty when it is too long to exist. */
static struct str make_key(
    char key[SCORES_KEY_MAX], struct str pattern, struct str domain)
{
    if (pattern.size + domain.size + 1 > SCORES_KEY_MAX) return STR("");
    if (pattern.size > 0) memcpy(key, pattern.at, pattern.size);
    key[pattern.size] = '\0';
    if (domain.size > 0) memcpy(key + pattern.size + 1, domain.at, domain.size);
    return (struct str){key, pattern.size + 1 + domain.size};
}

static int earlier_of(struct recount *recount, const struct outcome *outcome,
    struct earlier **out)
{
    char bytes[SCORES_KEY_MAX];
    struct str key = make_key(bytes, outcome->run, outcome->pattern);
    *out = map_get(&recount->runs, key);
    if (*out != NULL) return NDF_OK;
    struct arena *arena = &recount->scores.arena;
    key.at = arena_dup(arena, key.at, key.size);
    *out = arena_alloc(arena, sizeof **out);
    if (key.at == NULL || *out == NULL) return NDF_ENOMEM;
    return map_put(&recount->runs, key, *out);
}

static int recount_into(struct recount *recount, const struct outcome *outcome,
    const struct earlier *earlier, struct str domain)
{
    struct scores *scores = &recount->scores;
    struct tally tally = count(scores_get(scores, outcome->pattern, domain),
        outcome, earlier, recount->half_life(recount->ud, outcome->pattern));
    return scores_put(scores, outcome->pattern, domain, tally, 0);
}

static int recount_one(struct recount *recount, const struct outcome *outcome)
{
    struct earlier none = {0}, *earlier = &none;
    int err = NDF_OK;
    if (str_equal(outcome->evidence, STR(OUTCOME_RESET)))
        scores_forget(&recount->scores, outcome->pattern);
    if (!outcome_counts(outcome)) return NDF_OK;
    if (outcome->run.at != NULL) err = earlier_of(recount, outcome, &earlier);
    if (err == NDF_OK) err = recount_into(recount, outcome, earlier, STR(""));
    if (err == NDF_OK && outcome->domain.at != NULL)
        err = recount_into(recount, outcome, earlier, outcome->domain);
    if (err == NDF_OK) add_earlier(earlier, outcome);
    return err;
}

static int recount_row(void *ud, const struct store_outcome *row)
{
    struct recount *recount = ud;
    struct arena arena;
    struct value body;
    struct outcome outcome;
    arena_init(&arena, recount->scores.arena.mem);
    int err = json_parse(&arena, row->body, &body, NULL);
    if (err == NDF_OK) err = outcome_decode(&arena, &body, &outcome, NULL);
    if (err != NDF_OK && err != NDF_ENOMEM) err = NDF_ECORRUPT;
    if (err == NDF_OK) err = recount_one(recount, &outcome);
    arena_deinit(&arena);
    return err;
}

static int put_all(
    struct store_tx *tx, const struct scores *scores, ndf_error *error)
{
    int err = NDF_OK;
    /* The row of all domains is the first of each pattern. */
    for (const struct counted *counted = scores->first;
         err == NDF_OK && counted != NULL; counted = counted->next) {
        struct tally tally = tally_now(counted);
        if (counted->domain.size == 0)
            err = tx_tallies_remove(tx, counted->pattern, error);
        if (err == NDF_ENOTFOUND) err = NDF_OK;
        if (err == NDF_OK && tally.count > 0)
            err =
                put_tally(tx, counted->pattern, counted->domain, &tally, error);
    }
    return err;
}

int scores_recount(struct store_tx *tx, const struct mem *mem,
    scores_half_life_fn half_life, void *ud, ndf_error *error)
{
    struct recount recount = {.half_life = half_life, .ud = ud};
    scores_init(&recount.scores, mem);
    map_init(&recount.runs, mem);
    int err = read_outcomes(tx_reader(tx), 0, recount_row, &recount, error);
    if (err == NDF_OK) err = put_all(tx, &recount.scores, error);
    map_deinit(&recount.runs);
    scores_deinit(&recount.scores);
    return err;
}
