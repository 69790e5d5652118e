/*
 * agent_env.c - see agent_env.h.
 *
 * Ours is read by name: walking `environ` would read freed memory when another
 * thread of the host calls setenv. Names for a star are those the process was
 * started with, which the kernel keeps.
 */
#include "run/agent_env.h"

#include <stdlib.h>
#include <string.h>

#include "base/os.h"

enum { ENV_OURS_MAX = 8 * 1024 * 1024, ENV_ROOM = 64 };

static const char *const inherited[] = {"PATH", "HOME", "USER", "LOGNAME",
    "SHELL", "TZ", "TMPDIR", "TERM", "COLORTERM", "LANG", "LANGUAGE", "LC_ALL",
    "LC_ADDRESS", "LC_COLLATE", "LC_CTYPE", "LC_IDENTIFICATION",
    "LC_MEASUREMENT", "LC_MESSAGES", "LC_MONETARY", "LC_NAME", "LC_NUMERIC",
    "LC_PAPER", "LC_TELEPHONE", "LC_TIME", "XDG_CONFIG_HOME", "XDG_DATA_HOME",
    "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_DIRS",
    "XDG_DATA_DIRS", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
    "http_proxy", "https_proxy", "all_proxy", "no_proxy", "SSL_CERT_FILE",
    "SSL_CERT_DIR"};

enum { INHERITED = sizeof inherited / sizeof *inherited };

/* Strings for exec, a NULL behind them; an error sticks. */
struct env {
    struct arena *arena;
    char **at;
    size_t count, capacity;
    int err;
    struct buf ours; /* what this process was started with; read once */
    bool read;
};

static void env_grow(struct env *env)
{
    size_t capacity = env->capacity * 2 + ENV_ROOM;
    char **at = arena_calloc(env->arena, capacity + 1, sizeof *at);
    if (at == NULL) {
        env->err = NDF_ENOMEM;
        return;
    }
    if (env->count > 0) memcpy(at, env->at, env->count * sizeof *at);
    env->at = at;
    env->capacity = capacity;
}

/* Adds NAME=VALUE, in place of an earlier one of that name. */
static void env_add(struct env *env, struct str name, struct str value)
{
    if (env->err == NDF_OK && env->count == env->capacity) env_grow(env);
    if (env->err != NDF_OK) return;
    struct str text =
        arena_format(env->arena, "%.*s=%.*s", STR_ARG(name), STR_ARG(value));
    size_t i = 0;
    char *copy =
        text.at == NULL ? NULL : arena_dup(env->arena, text.at, text.size + 1);
    if (copy == NULL) {
        env->err = NDF_ENOMEM;
        return;
    }
    while (i < env->count && strncmp(env->at[i], copy, name.size + 1) != 0) {
        i++;
    }
    env->at[i] = copy;
    if (i == env->count) env->count++;
}

static void pass_named(struct env *env, struct str name)
{
    /* getenv wants a NUL. */
    struct str key = arena_str(env->arena, name);
    const char *value = key.at == NULL ? NULL : getenv(key.at);
    if (key.at == NULL) env->err = NDF_ENOMEM;
    if (value != NULL) env_add(env, name, str_of(value));
}

static void pass_starting(struct env *env, struct str start)
{
    if (!env->read) {
        env->read = true;
        /* Where it cannot be read, nothing has this start. */
        int err =
            os_read_file("/proc/self/environ", ENV_OURS_MAX, &env->ours, NULL);
        if (err == NDF_ENOMEM) env->err = err;
        if (err != NDF_OK) buf_reset(&env->ours);
    }
    struct str rest = buf_str(&env->ours), piece;
    while (env->err == NDF_OK && str_split(&rest, '\0', &piece)) {
        size_t end = str_find_char(piece, '=');
        if (end == 0 || end == piece.size || !str_starts(piece, start))
            continue;
        pass_named(env, (struct str){piece.at, end});
    }
}

static void pass(struct env *env, struct str name)
{
    if (name.size == 0 || env->err != NDF_OK) return;
    if (name.at[name.size - 1] != '*') {
        pass_named(env, name);
    } else {
        pass_starting(env, (struct str){name.at, name.size - 1});
    }
}

/* NDF_PASS_ENV: the user's own list for all agents. */
static void pass_listed(struct env *env)
{
    const char *list = getenv("NDF_PASS_ENV");
    struct str rest = str_of(list != NULL ? list : ""), piece;
    while (str_split(&rest, ',', &piece))
        pass(env, str_trim(piece));
}

static void add_own(struct env *env, const struct value *own)
{
    size_t count = own->kind == VALUE_OBJECT ? own->object.count : 0;
    for (size_t i = 0; i < count; i++) {
        const struct member *member = &own->object.members[i];
        if (member->value.kind != VALUE_STRING) continue;
        if (str_find_char(member->key, '=') < member->key.size) continue;
        env_add(env, member->key, member->value.string);
    }
}

int agent_env_make(
    struct arena *arena, const struct agent_call *call, char *const **out)
{
    struct env env = {.arena = arena};
    buf_init(&env.ours, arena->mem);
    env_grow(&env);
    for (size_t i = 0; i < INHERITED; i++)
        pass(&env, str_of(inherited[i]));
    for (size_t i = 0; i < call->pass_env.count; i++) {
        pass(&env, call->pass_env.items[i]);
    }
    pass_listed(&env);
    add_own(&env, &call->env);
    struct str attempt = arena_format(arena, "%u", call->attempt);
    if (attempt.at == NULL) env.err = NDF_ENOMEM;
    if (env.err == NDF_OK) {
        env_add(&env, STR("NDF_RUN"), call->run);
        env_add(&env, STR("NDF_STEP"), call->step);
        env_add(&env, STR("NDF_STEP_KEY"), call->key);
        env_add(&env, STR("NDF_ATTEMPT"), attempt);
    }
    buf_deinit(&env.ours);
    *out = env.at;
    return env.err;
}
