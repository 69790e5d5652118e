/*
 * choose.c - see choose.h.
 *
 * Choosing reads the registry and the store, so it is no work for the loop: it
 * is a call of a function, like those of agents, on a thread of their pool. All
 * it needs goes with the request; the engine outlives the pool.
 */
#include "engine/choose.h"

#include <string.h>

#include "base/json.h"
#include "engine/start.h"

/* What is asked of the other thread, read back. */
struct request {
    struct str phase, cwd, run;
    struct str_list without;
    struct context context;
};

/* ---- asking ------------------------------------------------------------- */

static int encode_request(const struct ndf_run *run,
    const struct exec_select *select, struct arena *arena, struct str *out)
{
    struct value without = value_of_array(), value = value_of_object();
    int err = NDF_OK;
    /* A pattern that chose itself, or what holds it, would never end. */
    for (size_t i = 0; err == NDF_OK && i < select->around_count; i++)
        err = value_push(arena, &without, value_of_str(select->around[i]));
    const struct {
        struct str key;
        struct value value;
    } members[] = {
        {STR("phase"), value_of_str(select->phase)},
        {STR("run"), value_of_str(str_of(run->id))},
        {STR("cwd"), value_of_str(run->plan.cwd)},
        {STR("without"), without},
        {STR("context"), select->context},
    };
    for (size_t i = 0; err == NDF_OK && i < sizeof members / sizeof members[0];
         i++)
        err = value_set(arena, &value, members[i].key, members[i].value);
    struct buf buf;
    buf_init(&buf, arena->mem);
    json_write(&buf, &value);
    if (err == NDF_OK) err = buf_error(&buf);
    if (err == NDF_OK) {
        *out = arena_str(arena, buf_str(&buf));
        if (out->at == NULL) err = NDF_ENOMEM;
    }
    buf_deinit(&buf);
    return err;
}

/* ---- on the other thread ------------------------------------------------ */

static struct str last_part(struct str id)
{
    for (size_t i = id.size; i > 0; i--)
        if (id.at[i - 1] == '/') return str_from(id, i);
    return id;
}

static int decode_request(
    struct arena *arena, const ndf_call *call, struct request *out)
{
    struct value value;
    struct str text = {call->request, call->request_size};
    int err = json_parse(arena, text, &value, NULL);
    if (err != NDF_OK) return err;
    const struct value *names = value_get(&value, STR("without"));
    out->phase = value_get_str(&value, STR("phase"));
    out->run = value_get_str(&value, STR("run"));
    out->cwd = value_get_str(&value, STR("cwd"));
    out->without.items =
        arena_calloc(arena, names->array.count, sizeof *out->without.items);
    if (out->without.items == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < names->array.count; i++)
        out->without.items[out->without.count++] = names->array.items[i].string;
    err = context_decode(
        arena, value_get(&value, STR("context")), &out->context, NULL);
    if (err != NDF_OK) return err;
    /* What the phase is called says what is wanted of the task. */
    out->context.text = arena_format(arena, "%.*s: %.*s",
        STR_ARG(last_part(out->phase)), STR_ARG(out->context.text));
    return out->context.text.at != NULL ? NDF_OK : NDF_ENOMEM;
}

/* What the executor would refuse is refused here, with a sentence. */
static int check_plan(ndf_engine *engine, const struct request *request,
    const struct plan *plan, ndf_error *error)
{
    struct executor *x;
    const struct exec_options options = {.mem = &engine->mem,
        .plan = plan,
        .initial = &request->context,
        .run = request->run,
        .boot = STR("")};
    int err = executor_new(&x, &options, error);
    if (err == NDF_OK) executor_free(x);
    return err;
}

static int choose_plan(ndf_engine *engine, struct arena *arena,
    const ndf_call *call, struct buf *out, ndf_error *error)
{
    struct request request = {.phase = STR("")};
    struct plan_request wanted = {.phase = STR("")};
    struct plan plan;
    struct value encoded;
    int err = decode_request(arena, call, &request);
    if (err != NDF_OK) return err;
    err = engine_choose(engine, &request.context, &request.without, arena,
        &wanted.pattern, error);
    if (err != NDF_OK) return err;
    if (wanted.pattern.at == NULL) return NDF_ENOTFOUND;
    wanted.phase = request.phase;
    wanted.cwd = request.cwd;
    err = start_plan(engine, arena, &wanted, &plan, error);
    if (err == NDF_OK) err = check_plan(engine, &request, &plan, error);
    if (err == NDF_OK) err = plan_encode(arena, &plan, &encoded);
    if (err != NDF_OK) return err;
    json_write(out, &encoded);
    return buf_error(out);
}

static int choose(void *ud, const ndf_call *call, ndf_reply *reply)
{
    ndf_engine *engine = ud;
    struct arena arena;
    struct buf plan;
    ndf_error error = {0};
    arena_init(&arena, &engine->mem);
    buf_init(&plan, &engine->mem);
    int err = choose_plan(engine, &arena, call, &plan, &error);
    if (err == NDF_OK) err = ndf_reply_value(reply, plan.at, plan.size);
    if (err != NDF_OK) {
        const char *why =
            error.message[0] != '\0' ? error.message : ndf_strerror(err);
        (void)ndf_reply_error(reply, why, strlen(why));
    }
    buf_deinit(&plan);
    arena_deinit(&arena);
    return err == NDF_OK ? 0 : 1;
}

/* ---- the call ----------------------------------------------------------- */

int choice_start(struct ndf_run *run, const struct exec_select *select,
    agent_done_fn done, void *ud, struct agent_task **out, ndf_error *error)
{
    struct arena arena;
    struct agent_call call = {.run = str_of(run->id),
        .step = select->phase,
        .key = select->phase,
        .agent = STR("select"),
        .env = value_of_object(),
        .fn = choose,
        .fn_ud = run->engine};
    arena_init(&arena, &run->engine->mem);
    int err = encode_request(run, select, &arena, &call.request);
    if (err == NDF_OK)
        err = agent_callback.start(
            out, &run->engine->runner->host, &call, done, ud, error);
    arena_deinit(&arena);
    return err;
}
