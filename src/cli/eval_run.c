/*
 * eval_run.c - asks an engine of its own, and teaches it.
 *
 * Only the library's calls are timed, and only the public ones are used, so
 * what is measured is what a host gets. The engine's clock is ours: a second
 * passes with each query, whatever the machine has to do, so that the same seed
 * gives the same figures.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/eval.h"

#define CLOCK_START_MS INT64_C(1577836800000) /* 2020-01-01 */

enum { STEP_MS = 1000, SHOWN_EVERY_MS = 100 };

struct asking {
    struct eval *eval;
    ndf_engine *engine;
    _Atomic int64_t now_ms;
    uint64_t shown_ns; /* when progress was shown last; 0: never */
};

static uint64_t mono_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static int64_t clock_wall(void *ud)
{
    struct asking *asking = ud;
    return asking->now_ms;
}

static int64_t clock_mono(void *ud)
{
    (void)ud;
    return (int64_t)mono_ns();
}

/* ---- progress, on a terminal --------------------------------------------- */

static void show(
    struct asking *asking, const char *what, size_t done, size_t total)
{
    const struct term *err = &asking->eval->cli->err;
    uint64_t now = mono_ns();
    if (!err->tty ||
        now - asking->shown_ns < SHOWN_EVERY_MS * UINT64_C(1000000))
        return;
    asking->shown_ns = now;
    (void)fprintf(err->file, "\r%s: %zu of %zu\033[K", what, done, total);
    (void)fflush(err->file);
}

static void show_nothing(const struct asking *asking)
{
    if (asking->shown_ns > 0)
        (void)fputs("\r\033[K", asking->eval->cli->err.file);
}

/* ---- the engine ---------------------------------------------------------- */

/* What the library says of a line of a file. */
static int line_error(
    const struct eval *eval, const char *path, size_t number, int err)
{
    const ndf_error *error = &eval->cli->error;
    return cli_fail(eval->cli, cli_status(err), "%s:%zu: %s", path, number,
        error->code == err ? error->message : ndf_strerror(err));
}

static int register_labels(struct asking *asking)
{
    const struct eval *eval = asking->eval;
    const struct eval_data *data = &eval->data;
    for (size_t i = 0; i < data->label_count; i++) {
        char *document = eval_data_document(data, i);
        int err = ndf_register(
            asking->engine, document, strlen(document), 0, &eval->cli->error);
        free(document);
        if (err != NDF_OK)
            return line_error(
                eval, data->labels_path, data->labels[i].number, err);
        show(asking, "labels", i, data->label_count);
    }
    return STATUS_DONE;
}

static struct eval_answer read_answer(const struct eval_data *data,
    const struct eval_query *query, const ndf_selection *selection, size_t *top)
{
    struct eval_answer answer = {.in_scope = query->label_count > 0,
        .acted = ndf_selection_chosen(selection) != NULL};
    bool hits[EVAL_TOP] = {false};
    ndf_choice choice;
    *top = EVAL_NONE;
    for (size_t i = 0; i < EVAL_TOP; i++) {
        if (ndf_selection_at(selection, i, &choice) != NDF_OK) break;
        size_t label = eval_data_find(data, choice.name);
        if (i == 0) {
            *top = label;
            answer.fit = choice.fit;
            answer.evidence = choice.evidence;
        }
        hits[i] = eval_data_is_label(query, label);
        if (hits[i] && answer.rank == 0) answer.rank = (unsigned)i + 1;
    }
    answer.ndcg = eval_ndcg(hits, query->label_count);
    return answer;
}

/* Asks for one query; *top is the label that was ranked first, or EVAL_NONE.
 * times may be NULL. */
static int ask(struct asking *asking, const struct eval_query *query,
    struct eval_times *times, struct eval_answers *answers, size_t *top)
{
    struct eval *eval = asking->eval;
    ndf_error *error = &eval->cli->error;
    ndf_context *context = NULL;
    ndf_selection *selection = NULL;
    json_t *json = json_pack("{s:s}", "text", query->text);
    char *text = json_dumps(json, JSON_COMPACT);
    int err =
        ndf_context_new(asking->engine, text, strlen(text), &context, error);
    free(text);
    json_decref(json);
    uint64_t start = mono_ns();
    if (err == NDF_OK)
        err = ndf_select(asking->engine, context, EVAL_TOP, &selection, error);
    if (times != NULL) times->ns[times->count++] = mono_ns() - start;
    if (err == NDF_OK)
        answers->items[answers->count++] =
            read_answer(&eval->data, query, selection, top);
    ndf_selection_free(selection);
    ndf_context_free(context);
    asking->now_ms += STEP_MS;
    if (err == NDF_OK) return STATUS_DONE;
    return line_error(eval, eval->data.queries_path, query->number, err);
}

/* ---- feedback ------------------------------------------------------------ */

/* What a person would say who knows the right ones (full), or only sees whether
 * the one that was taken did it (bandit). NULL: there is nothing to say. */
static json_t *feedback_on(
    const struct eval *eval, const struct eval_query *query, size_t top)
{
    bool full = eval->options.feedback == EVAL_FULL;
    bool right = top != EVAL_NONE && eval_data_is_label(query, top);
    const char *result = right ? "success" : "failure";
    const char *should = NULL;
    if (full && query->label_count == 0)
        return json_pack("{s:s, s:b, s:s}", "text", query->text, "none", 1,
            "evidence", "person");
    if (full && !right) {
        /* Where nothing was ranked, the person picks. */
        bool picked = top == EVAL_NONE;
        if (picked) top = query->labels[0];
        else should = eval->data.labels[query->labels[0]].name;
        result = picked ? "success" : "unknown";
    }
    if (top == EVAL_NONE) return NULL;
    return json_pack("{s:s, s:s, s:s, s:s, s:s*}", "pattern",
        eval->data.labels[top].name, "text", query->text, "result", result,
        "evidence", "person", "should", should);
}

static int teach(
    struct asking *asking, const struct eval_query *query, size_t top)
{
    struct eval *eval = asking->eval;
    if (eval->options.feedback == EVAL_NO_FEEDBACK) return STATUS_DONE;
    json_t *feedback = feedback_on(eval, query, top);
    if (feedback == NULL) return STATUS_DONE;
    char *text = json_dumps(feedback, JSON_COMPACT);
    json_decref(feedback);
    uint64_t start = mono_ns();
    int err = ndf_record(asking->engine, text, strlen(text), &eval->cli->error);
    eval->updates.ns[eval->updates.count++] = mono_ns() - start;
    free(text);
    if (err == NDF_OK) return STATUS_DONE;
    return line_error(eval, eval->data.queries_path, query->number, err);
}

/* ---- the three parts ----------------------------------------------------- */

static int ask_untaught(struct asking *asking)
{
    struct eval *eval = asking->eval;
    int status = STATUS_DONE;
    size_t top;
    for (size_t i = 0; status == STATUS_DONE && i < eval->stream_count; i++) {
        const struct eval_query *query = &eval->data.queries[eval->stream[i]];
        if (query->label_count == 0) continue;
        status = ask(asking, query, NULL, &eval->untaught, &top);
        show(asking, "zero-shot", i, eval->stream_count);
    }
    return status;
}

/* Whether the query is among the first --shots of one of its labels. */
static bool is_shot(const struct eval_query *query, size_t shots, size_t *given)
{
    bool wanted = false;
    for (size_t i = 0; i < query->label_count; i++)
        wanted |= given[query->labels[i]] < shots;
    for (size_t i = 0; wanted && i < query->label_count; i++)
        given[query->labels[i]]++;
    return wanted;
}

static int ask_stream(struct asking *asking)
{
    struct eval *eval = asking->eval;
    size_t shots = eval->options.shots;
    size_t *given = cli_alloc(eval->data.label_count * sizeof *given);
    int status = STATUS_DONE;
    for (size_t i = 0; status == STATUS_DONE && i < eval->stream_count; i++) {
        const struct eval_query *query = &eval->data.queries[eval->stream[i]];
        if (shots > 0 && !is_shot(query, shots, given)) continue;
        size_t top = EVAL_NONE;
        status = ask(asking, query, &eval->selects, &eval->streamed, &top);
        if (status == STATUS_DONE) status = teach(asking, query, top);
        show(asking, "stream", i, eval->stream_count);
    }
    cli_free(given);
    return status;
}

static int ask_test(struct asking *asking)
{
    struct eval *eval = asking->eval;
    int status = STATUS_DONE;
    size_t top;
    for (size_t i = 0; status == STATUS_DONE && i < eval->test_count; i++) {
        status = ask(asking, &eval->data.queries[eval->test[i]], &eval->selects,
            &eval->tested, &top);
        show(asking, "test", i, eval->test_count);
    }
    return status;
}

static void make_room(struct eval *eval)
{
    size_t stream = eval->stream_count, test = eval->test_count;
    size_t one = sizeof(struct eval_answer);
    eval->untaught.items = cli_alloc(stream * one);
    eval->streamed.items = cli_alloc(stream * one);
    eval->tested.items = cli_alloc(test * one);
    eval->selects.ns = cli_alloc((stream + test) * sizeof(uint64_t));
    eval->updates.ns = cli_alloc(stream * sizeof(uint64_t));
}

/* What was learned, as the library tells it. */
static int read_learned(struct asking *asking)
{
    struct eval *eval = asking->eval;
    ndf_text *text = NULL;
    int err = ndf_learned(asking->engine, &text, &eval->cli->error);
    if (err != NDF_OK) return cli_error(eval->cli, err);
    eval->learned = cli_document(text);
    return STATUS_DONE;
}

int eval_run(struct eval *eval)
{
    struct asking asking = {.eval = eval, .now_ms = CLOCK_START_MS};
    const ndf_clock clock = {clock_wall, clock_mono, &asking};
    ndf_options how = NDF_OPTIONS_INIT;
    how.clock = &clock;
    how.seed = eval->options.seed;
    make_room(eval);
    int err = ndf_open(&asking.engine, &how, &eval->cli->error);
    if (err != NDF_OK) return cli_error(eval->cli, err);
    int status = cli_vectors(eval->cli, asking.engine);
    if (status == STATUS_DONE) status = register_labels(&asking);
    if (status == STATUS_DONE) status = ask_untaught(&asking);
    if (status == STATUS_DONE) status = ask_stream(&asking);
    if (status == STATUS_DONE) status = ask_test(&asking);
    if (status == STATUS_DONE) status = read_learned(&asking);
    ndf_close(asking.engine);
    show_nothing(&asking);
    return status;
}
