/*
 * select.c - contexts and selections of the public API: a thin shell around
 * the selector. Reads no clock but for now and the histogram, and no disk once
 * the picture is there.
 */
#include <string.h>

#include "base/json.h"
#include "engine/follow_up.h"
#include "engine/lessons.h"
#include "engine/recall.h"

/* ---- contexts ----------------------------------------------------------- */

int ndf_context_new(ndf_engine *engine, const char *json, size_t size,
    ndf_context **out, ndf_error *error)
{
    *out = NULL;
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (json == NULL) return err_set(error, NDF_EINVAL, "the context is NULL");
    ndf_context *context = mem_calloc(&engine->mem, 1, sizeof *context);
    if (context == NULL) return err_set(error, NDF_ENOMEM, "out of memory");
    context->mem = engine->mem;
    arena_init(&context->arena, &context->mem);
    struct value value;
    if (error != NULL) error->code = NDF_OK;
    err = json_parse(&context->arena, (struct str){json, size}, &value, error);
    if (err == NDF_OK)
        err = context_decode(&context->arena, &value, &context->context, error);
    if (err != NDF_OK) {
        ndf_context_free(context);
        return engine_explain(err, "the context", error);
    }
    *out = context;
    return NDF_OK;
}

void ndf_context_free(ndf_context *context)
{
    if (context == NULL) return;
    arena_deinit(&context->arena);
    struct mem mem = context->mem;
    mem_free(&mem, context, sizeof *context);
}

/* ---- selecting ------------------------------------------------------------
 */

/* It looks at the picture until it is freed: its names are of that. */
struct ndf_selection {
    struct mem mem;
    struct arena arena;
    ndf_engine *engine;
    struct look look;
    struct selection selection;
    char *session;  /* NULL: none */
    bool follow_up; /* it is one, of that session */
};

struct tally_source {
    ndf_engine *engine;
    struct picture *picture;
    unsigned cell; /* while what was learned is read */
};

static void give_tallies(void *ud, size_t candidate, struct str domain,
    struct tally *domain_tally, struct tally *pattern_tally)
{
    const struct tally_source *source = ud;
    const struct picture *picture = source->picture;
    struct str name = picture->registry->candidates[candidate]->qualified;
    *pattern_tally = scores_get(&picture->scores, name, STR(""));
    if (domain.at != NULL)
        *domain_tally = scores_get(&picture->scores, name, domain);
}

static struct selector_query make_query(
    struct tally_source *source, const struct context *context, size_t limit)
{
    struct selector_query query = {.context = context,
        .now_ms = clock_wall_ms(&source->engine->clock),
        .limit = limit,
        .config = engine_config(source->engine),
        .tallies = give_tallies,
        .ud = source};
    struct picture *picture = source->picture;
    picture_kinds(
        picture, query.now_ms, query.config.half_life_ms, query.kinds);
    /* Before the first outcome nobody need be asked for counts. */
    if (scores_empty(&picture->scores)) query.tallies = NULL;
    return query;
}

/* What was learned speaks by a task's words only. */
static const struct learner *begin_learned(
    struct tally_source *source, const struct context *context)
{
    if (context->text.size == 0) return NULL;
    return learned_read_begin(&source->engine->learned, &source->cell);
}

static void end_learned(
    const struct tally_source *source, const struct context *context)
{
    if (context->text.size > 0)
        learned_read_end(&source->engine->learned, source->cell);
}

/* By what is kept of the context, and by what was learned. */
static int choose(struct tally_source *source, struct selector_query *query,
    struct arena *arena, struct selection *out)
{
    struct recall recall;
    const struct registry *registry = source->picture->registry;
    int err =
        recall_begin(source->engine, registry, query->context, arena, &recall);
    query->prior = recall.prior;
    query->learner = begin_learned(source, query->context);
    if (err == NDF_OK)
        err = selector_select(registry->selector, query, arena, out);
    end_learned(source, query->context);
    query->learner = NULL;
    query->prior = NULL;
    recall_end(&recall);
    return err;
}

/* Fills what an older host's shorter struct lacks. */
static int read_select_options(
    const ndf_select_options *given, ndf_select_options *out, ndf_error *error)
{
    *out = (ndf_select_options)NDF_SELECT_OPTIONS_INIT;
    if (given == NULL) return NDF_OK;
    if (given->size < sizeof given->size || given->size > sizeof *out)
        return err_set(error, NDF_EINVAL,
            "ndf_select_options.size is %zu: use NDF_SELECT_OPTIONS_INIT, and "
            "the library that the program was built for",
            given->size);
    memcpy(out, given, given->size);
    return session_check(out->session, error);
}

struct asking {
    const ndf_select_options *options;
    const ndf_context *context;
    const struct registry *registry;
    char *answers; /* by candidate: 0 unknown, 'n' or 'y'; NULL: not kept */
};

static int ask_host(void *ud, size_t candidate)
{
    const struct asking *asking = ud;
    char *kept = asking->answers != NULL ? &asking->answers[candidate] : NULL;
    if (kept != NULL && *kept != 0) return *kept == 'y';
    int answer = asking->options->ask(asking->options->ask_ud,
        asking->registry->candidates[candidate]->label.at, asking->context);
    if (kept != NULL && answer >= 0) *kept = answer > 0 ? 'y' : 'n';
    return answer;
}

/* No lock is held, so the host may call the engine when it is asked. */
static int select_into(ndf_engine *engine, const ndf_context *context,
    const ndf_select_options *options, ndf_selection *selection,
    ndf_error *error)
{
    int err = engine_look(engine, &selection->look, error);
    if (err != NDF_OK) return err;
    int64_t start = clock_mono_ns(&engine->clock);
    const struct registry *registry = selection->look.picture->registry;
    struct tally_source source = {engine, selection->look.picture, 0};
    struct selector_query query =
        make_query(&source, &context->context, options->limit);
    struct asking asking = {options, context, registry, NULL};
    if (options->ask != NULL) query.ask = ask_host;
    query.ask_ud = &asking;
    err = choose(&source, &query, &selection->arena, &selection->selection);
    const struct follow_up_query turn = {selection->session, registry, &query};
    if (err == NDF_OK && turn.session != NULL)
        err = follow_up_apply(engine, &turn, &selection->arena,
            &selection->selection, &selection->follow_up, error);
    wide_histogram_add(&engine->metrics.select_us,
        (uint64_t)(clock_mono_ns(&engine->clock) - start) / 1000);
    wide_counter_add(&engine->metrics.selections, 1);
    return err;
}

static int find_without(const struct registry *registry,
    const struct str_list *names, struct arena *arena,
    struct selector_query *query)
{
    size_t *found = arena_calloc(arena, names->count, sizeof *found);
    if (found == NULL) return NDF_ENOMEM;
    query->without = found;
    for (size_t i = 0; i < registry->candidate_count; i++)
        for (size_t n = 0; n < names->count; n++)
            if (str_equal(
                    registry->candidates[i]->qualified, names->items[n]) &&
                query->without_count < names->count)
                found[query->without_count++] = i;
    return NDF_OK;
}

int engine_choose(ndf_engine *engine, const struct context *context,
    const struct str_list *without, struct arena *arena, struct str *name,
    ndf_error *error)
{
    struct look look;
    int err = engine_look(engine, &look, error);
    if (err != NDF_OK) return err;
    const struct registry *registry = look.picture->registry;
    struct tally_source source = {engine, look.picture, 0};
    struct selector_query query = make_query(&source, context, 0);
    struct selection selection;
    *name = (struct str){NULL, 0};
    err = find_without(registry, without, arena, &query);
    if (err == NDF_OK) err = choose(&source, &query, arena, &selection);
    wide_counter_add(&engine->metrics.selections, 1);
    if (err == NDF_OK && selection.chosen == SELECTOR_NONE) {
        err_set(error, NDF_OK, "%.*s", STR_ARG(selection.reason));
    } else if (err == NDF_OK) {
        *name =
            arena_str(arena, registry->candidates[selection.chosen]->qualified);
        if (name->at == NULL) err = NDF_ENOMEM;
    }
    engine_look_end(engine, &look);
    return err;
}

/* On the loop it is read only when nothing was read before: of a run that was
 * taken up again. */
static int lesson_look(
    ndf_engine *engine, enum engine_lesson_from from, struct look *look)
{
    if (from == LESSON_FROM_MEMORY && engine_look_last(engine, look))
        return NDF_OK;
    return engine_look(engine, look, NULL);
}

/* What competed is found anew, as the choice may be long ago or another's. */
int engine_lesson(ndf_engine *engine, struct arena *arena,
    enum engine_lesson_from from, struct outcome *outcome)
{
    outcome->lesson = (struct str){NULL, 0};
    struct teaching teaching = teaching_of(outcome);
    if (teaching.kind == 0) return NDF_OK;
    struct look look;
    int err = lesson_look(engine, from, &look);
    if (err != NDF_OK) return err;
    struct tally_source source = {engine, look.picture, 0};
    struct context context = {.domain = outcome->domain,
        .attributes = value_of_object(),
        .text = outcome->text};
    struct selector_query query = make_query(&source, &context, 0);
    const struct selector_word word = {teaching.kind,
        teaching.about.at != NULL ? candidate_key(teaching.about) : 0,
        outcome->pattern.at != NULL ? candidate_key(outcome->pattern) : 0};
    double excuse;
    struct buf buf;
    buf_init(&buf, arena->mem);
    bool reads = true;
    if (from == LESSON_FROM_STORE)
        query.learner = learned_read_begin(&engine->learned, &source.cell);
    else
        reads =
            learned_try_read(&engine->learned, &query.learner, &source.cell);
    err = selector_lesson(
        look.picture->registry->selector, &query, &word, &buf, &excuse);
    if (reads) learned_read_end(&engine->learned, source.cell);
    if (err == NDF_OK) outcome->lesson = arena_str(arena, buf_str(&buf));
    if (err == NDF_OK && outcome->lesson.at == NULL) err = NDF_ENOMEM;
    if (err == NDF_OK) outcome->excuse = excuse;
    buf_deinit(&buf);
    engine_look_end(engine, &look);
    return err;
}

int engine_follows(ndf_engine *engine, const struct context *context,
    const char *session, struct arena *arena, bool *follows, ndf_error *error)
{
    struct look look;
    int err = engine_look(engine, &look, error);
    if (err != NDF_OK) return err;
    const struct registry *registry = look.picture->registry;
    struct tally_source source = {engine, look.picture, 0};
    struct selector_query query = make_query(&source, context, 1);
    const struct follow_up_query turn = {session, registry, &query};
    struct selection selection;
    err = choose(&source, &query, arena, &selection);
    if (err == NDF_OK)
        err = follow_up_apply(engine, &turn, arena, &selection, follows, error);
    engine_look_end(engine, &look);
    return err;
}

int ndf_select(ndf_engine *engine, const ndf_context *context, size_t limit,
    ndf_selection **out, ndf_error *error)
{
    ndf_select_options options = NDF_SELECT_OPTIONS_INIT;
    options.limit = limit;
    return ndf_select_with(engine, context, &options, out, error);
}

int ndf_select_with(ndf_engine *engine, const ndf_context *context,
    const ndf_select_options *options, ndf_selection **out, ndf_error *error)
{
    *out = NULL;
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (context == NULL)
        return err_set(error, NDF_EINVAL, "the context is NULL");
    if (error != NULL) error->code = NDF_OK;
    ndf_select_options all;
    err = read_select_options(options, &all, error);
    if (err != NDF_OK) return err;
    ndf_selection *selection = mem_calloc(&engine->mem, 1, sizeof *selection);
    if (selection == NULL) return err_set(error, NDF_ENOMEM, "out of memory");
    selection->mem = engine->mem;
    selection->engine = engine;
    arena_init(&selection->arena, &selection->mem);
    if (all.session != NULL) {
        selection->session =
            arena_dup(&selection->arena, all.session, strlen(all.session) + 1);
        if (selection->session == NULL) err = NDF_ENOMEM;
    }
    if (err == NDF_OK)
        err = select_into(engine, context, &all, selection, error);
    if (err != NDF_OK) {
        ndf_selection_free(selection);
        return engine_explain(err, "nothing can be selected", error);
    }
    *out = selection;
    return NDF_OK;
}

void ndf_selection_free(ndf_selection *selection)
{
    if (selection == NULL) return;
    engine_look_end(selection->engine, &selection->look);
    arena_deinit(&selection->arena);
    struct mem mem = selection->mem;
    mem_free(&mem, selection, sizeof *selection);
}

size_t ndf_selection_count(const ndf_selection *selection)
{
    return selection->selection.count;
}

static const char *label_of(const ndf_selection *selection, size_t candidate)
{
    return selection->look.picture->registry->candidates[candidate]->label.at;
}

int ndf_selection_at(
    const ndf_selection *selection, size_t index, ndf_choice *out)
{
    *out = (ndf_choice){0};
    if (index >= selection->selection.count) return NDF_ENOTFOUND;
    const struct ranked *ranked = &selection->selection.ranked[index];
    *out = (ndf_choice){.name = label_of(selection, ranked->candidate),
        .fit = ranked->fit,
        .success = ranked->success,
        .confidence = ranked->confidence,
        .level = (int)ranked->level,
        .executions = ranked->executions,
        .evidence = ranked->evidence};
    return NDF_OK;
}

const char *ndf_selection_chosen(const ndf_selection *selection)
{
    size_t chosen = selection->selection.chosen;
    return chosen == SELECTOR_NONE ? NULL : label_of(selection, chosen);
}

const char *ndf_selection_reason(const ndf_selection *selection)
{
    return selection->selection.reason.at;
}

int ndf_selection_follow_up(const ndf_selection *selection)
{
    return selection->follow_up ? 1 : 0;
}

int ndf_selection_json(const ndf_selection *selection, ndf_text **out)
{
    *out = NULL;
    struct arena scratch;
    arena_init(&scratch, &selection->mem);
    struct value value;
    int err = selection_encode(&scratch, &selection->selection,
        selection->look.picture->registry->selector, &value);
    if (err == NDF_OK && selection->follow_up)
        err = value_set(&scratch, &value, STR("follow_up"),
            value_of_str(str_of(selection->session)));
    if (err == NDF_OK) err = text_of_value(out, &selection->mem, &value);
    arena_deinit(&scratch);
    return err;
}

/* What is to be explained. */
struct explaining {
    const ndf_context *context;
    const char *pattern;
    const ndf_select_options *options;
};

/* Explaining looks several times, but the host is asked once about each. */
static int explain_entry(const struct explaining *what,
    struct tally_source *source, const struct entry *entry, struct arena *arena,
    struct value *out)
{
    const struct registry *registry = source->picture->registry;
    struct selector_query query =
        make_query(source, &what->context->context, 0);
    struct asking asking = {what->options, what->context, registry, NULL};
    asking.answers = arena_calloc(arena, registry->candidate_count, 1);
    if (asking.answers == NULL) return NDF_ENOMEM;
    if (what->options->ask != NULL) query.ask = ask_host;
    query.ask_ud = &asking;
    struct value explained;
    const struct context *context = &what->context->context;
    query.learner = begin_learned(source, context);
    int err = selector_explain(
        registry->selector, &query, entry->candidate, arena, &explained);
    end_learned(source, context);
    /* Names in it belong to the picture. */
    return err == NDF_OK ? value_copy(arena, &explained, out) : err;
}

static int explain_into(ndf_engine *engine, const struct explaining *what,
    struct arena *arena, struct value *out, ndf_error *error)
{
    struct look look;
    int err = engine_look(engine, &look, error);
    if (err != NDF_OK) return err;
    const struct entry *entry;
    err = registry_find(look.picture->registry, str_of(what->pattern),
        (struct str){NULL, 0}, &entry, error);
    if (err == NDF_OK && entry->folded_into != NULL) entry = entry->folded_into;
    if (err == NDF_OK) {
        struct tally_source source = {engine, look.picture, 0};
        err = explain_entry(what, &source, entry, arena, out);
    }
    engine_look_end(engine, &look);
    return err;
}

int ndf_explain(ndf_engine *engine, const ndf_context *context,
    const char *pattern, ndf_text **out, ndf_error *error)
{
    return ndf_explain_with(engine, context, pattern, NULL, out, error);
}

int ndf_explain_with(ndf_engine *engine, const ndf_context *context,
    const char *pattern, const ndf_select_options *options, ndf_text **out,
    ndf_error *error)
{
    *out = NULL;
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (context == NULL || pattern == NULL)
        return err_set(error, NDF_EINVAL, "context or pattern is NULL");
    if (error != NULL) error->code = NDF_OK;
    ndf_select_options all;
    err = read_select_options(options, &all, error);
    if (err != NDF_OK) return err;
    const struct explaining what = {context, pattern, &all};
    struct arena arena;
    arena_init(&arena, &engine->mem);
    struct value value;
    err = explain_into(engine, &what, &arena, &value, error);
    if (err == NDF_OK) err = text_of_value(out, &engine->mem, &value);
    arena_deinit(&arena);
    return engine_explain(err, "the pattern cannot be explained", error);
}
