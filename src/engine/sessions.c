/*
 * sessions.c - see sessions.h.
 */
#include "engine/sessions.h"

#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/utf8.h"
#include "engine/object.h"

const int64_t session_age_max_ms = INT64_C(24) * 3600 * 1000;

int session_check(const char *session, ndf_error *error)
{
    if (session == NULL) return NDF_OK;
    struct str id = str_of(session);
    if (id.size > 0 && id.size <= SESSION_ID_MAX && utf8_valid(id))
        return NDF_OK;
    return err_set(error, NDF_EINVAL,
        "the id of a session must be UTF-8 of 1 to %d bytes", SESSION_ID_MAX);
}

/* ---- rows ---------------------------------------------------------------- */

static size_t row_of(struct str session)
{
    return (size_t)(hash64(session) % SESSIONS_ROWS);
}

static struct str row_name(size_t row, struct arena *arena)
{
    return arena_format(arena, "session/%zu", row);
}

/* Unreadable turns are as good as none: only a convenience is lost. */
static struct turn decode_turn(const struct value *value)
{
    return (struct turn){.session = value_get_str(value, STR("session")),
        .pattern = value_get_str(value, STR("pattern")),
        .run = value_get_str(value, STR("run")),
        .at_ms = value_get_int(value, STR("at_ms"), 0)};
}

static int encode_turn(
    struct arena *arena, const struct turn *turn, struct value *out)
{
    struct object object = object_new(arena);
    object_put(&object, "session", value_of_str(turn->session));
    object_put(&object, "pattern", value_of_str(turn->pattern));
    object_put(&object, "run", value_of_str(turn->run));
    object_put(&object, "at_ms", value_of_int(turn->at_ms));
    *out = object.value;
    return object.err;
}

/* The turns of a row, an array; empty when there is no row. */
static int parse_row(struct arena *arena, struct str text, struct value *out)
{
    *out = value_of_array();
    if (text.at == NULL) return NDF_OK;
    struct value value;
    int err = json_parse(arena, text, &value, NULL);
    if (err == NDF_ENOMEM) return err;
    if (err == NDF_OK && value.kind == VALUE_ARRAY) *out = value;
    return NDF_OK;
}

static int read_row(struct store_reader *reader, struct arena *arena,
    size_t row, struct str *text, ndf_error *error)
{
    struct str name = row_name(row, arena);
    *text = (struct str){NULL, 0};
    if (name.at == NULL) return NDF_ENOMEM;
    int err = read_meta(reader, arena, name, text, error);
    if (err != NDF_ENOTFOUND) return err;
    if (error != NULL) error->code = NDF_OK;
    return NDF_OK;
}

static int write_row(struct store_tx *tx, struct arena *arena, size_t row,
    const struct value *turns, ndf_error *error)
{
    struct str name = row_name(row, arena);
    struct buf text;
    if (name.at == NULL) return NDF_ENOMEM;
    if (turns->array.count == 0) return tx_meta_remove(tx, name, error);
    buf_init(&text, arena->mem);
    json_write(&text, turns);
    int err = buf_error(&text);
    if (err == NDF_OK) err = tx_meta_put(tx, name, buf_str(&text), error);
    buf_deinit(&text);
    return err;
}

/* ---- the cache ----------------------------------------------------------- */

static void drop(struct session_row *row, const struct mem *mem)
{
    mem_free(mem, (char *)(uintptr_t)row->text.at, row->text.size);
    *row = (struct session_row){0};
}

void sessions_init(struct sessions *sessions, const struct mem *mem)
{
    memset(sessions, 0, sizeof *sessions);
    sessions->mem = mem;
    pthread_mutex_init(&sessions->lock, NULL);
}

static void drop_all(struct sessions *sessions)
{
    for (size_t i = 0; i < SESSIONS_ROWS; i++)
        drop(&sessions->rows[i], sessions->mem);
}

void sessions_deinit(struct sessions *sessions)
{
    drop_all(sessions);
    pthread_mutex_destroy(&sessions->lock);
}

void sessions_written(struct sessions *sessions, struct str session)
{
    if (session.at == NULL) return;
    pthread_mutex_lock(&sessions->lock);
    sessions->writes++;
    drop(&sessions->rows[row_of(session)], sessions->mem);
    pthread_mutex_unlock(&sessions->lock);
}

/* A row, and when it was looked for. */
struct look {
    size_t row;
    int64_t version;
    uint64_t writes;
};

/* Keeps what was read, unless this engine wrote meanwhile. */
static void remember(
    struct sessions *sessions, const struct look *look, struct str text)
{
    char *copy = NULL;
    if (text.size > 0) {
        copy = mem_alloc(sessions->mem, text.size);
        if (copy == NULL) return; /* it is read again the next time */
        memcpy(copy, text.at, text.size);
    }
    struct session_row row = {{copy, text.size}, look->version, true};
    pthread_mutex_lock(&sessions->lock);
    if (sessions->writes == look->writes) {
        struct session_row old = sessions->rows[look->row];
        sessions->rows[look->row] = row;
        row = old;
    }
    pthread_mutex_unlock(&sessions->lock);
    drop(&row, sessions->mem);
}

/* Whether the row is in memory as it is now; then in *text. */
static int recall(struct sessions *sessions, struct look *look,
    struct arena *arena, struct str *text, bool *known)
{
    int err = NDF_OK;
    pthread_mutex_lock(&sessions->lock);
    const struct session_row *row = &sessions->rows[look->row];
    look->writes = sessions->writes;
    *known = row->known && row->version == look->version;
    if (*known && row->text.at != NULL) {
        *text = arena_str(arena, row->text);
        if (text->at == NULL) err = NDF_ENOMEM;
    }
    pthread_mutex_unlock(&sessions->lock);
    return err;
}

static int find_row(struct sessions *sessions, struct look *look,
    struct arena *arena, struct str *text, ndf_error *error)
{
    bool known;
    *text = (struct str){NULL, 0};
    look->version = store_data_version(sessions->store);
    int err = recall(sessions, look, arena, text, &known);
    if (err != NDF_OK || known) return err;
    struct store_reader *reader;
    err = store_read_begin(sessions->store, &reader, error);
    if (err != NDF_OK) return err;
    err = read_row(reader, arena, look->row, text, error);
    store_read_end(reader);
    if (err == NDF_OK) remember(sessions, look, *text);
    return err;
}

int sessions_last(struct sessions *sessions, struct str session,
    int64_t since_ms, struct arena *arena, struct turn *out, ndf_error *error)
{
    struct look look = {.row = row_of(session)};
    struct str text;
    struct value turns;
    *out = (struct turn){.at_ms = 0};
    int err = find_row(sessions, &look, arena, &text, error);
    if (err == NDF_OK) err = parse_row(arena, text, &turns);
    if (err != NDF_OK) return err;
    for (size_t i = 0; i < turns.array.count; i++) {
        struct turn turn = decode_turn(&turns.array.items[i]);
        if (str_equal(turn.session, session) && turn.at_ms > since_ms)
            *out = turn;
    }
    return NDF_OK;
}

/* ---- writing ------------------------------------------------------------- */

/* The turn goes to the end; the oldest make room, those of before too. */
static int add_turn(
    struct arena *arena, const struct turn *turn, struct value *turns)
{
    struct value kept = value_of_array(), item;
    size_t count = turns->array.count;
    size_t over = count < SESSIONS_A_ROW ? 0 : count - SESSIONS_A_ROW + 1;
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < count; i++) {
        const struct turn old = decode_turn(&turns->array.items[i]);
        bool same = str_equal(old.session, turn->session);
        if (same || i < over || old.at_ms <= turn->at_ms - session_age_max_ms)
            continue;
        err = value_push(arena, &kept, turns->array.items[i]);
    }
    if (err == NDF_OK) err = encode_turn(arena, turn, &item);
    if (err == NDF_OK) err = value_push(arena, &kept, item);
    *turns = kept;
    return err;
}

/* Changes one turn of a row. */
typedef int (*change_fn)(
    struct arena *arena, const struct turn *turn, struct value *turns);

static int change_row(struct store_tx *tx, const struct mem *mem,
    const struct turn *turn, change_fn change, ndf_error *error)
{
    size_t row = row_of(turn->session);
    struct arena arena;
    struct str text;
    struct value turns;
    arena_init(&arena, mem);
    int err = read_row(tx_reader(tx), &arena, row, &text, error);
    if (err == NDF_OK) err = parse_row(&arena, text, &turns);
    if (err == NDF_OK) err = change(&arena, turn, &turns);
    if (err == NDF_OK && turns.array.count > 0)
        err = write_row(tx, &arena, row, &turns, error);
    arena_deinit(&arena);
    return err;
}

int sessions_put(struct store_tx *tx, const struct mem *mem,
    const struct turn *turn, ndf_error *error)
{
    return change_row(tx, mem, turn, add_turn, error);
}

static int correct_turn(
    struct arena *arena, const struct turn *turn, struct value *turns)
{
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < turns->array.count; i++) {
        struct turn old = decode_turn(&turns->array.items[i]);
        if (!str_equal(old.session, turn->session) ||
            !str_equal(old.run, turn->run))
            continue;
        old.pattern = turn->pattern;
        err = encode_turn(arena, &old, &turns->array.items[i]);
    }
    return err;
}

int sessions_correct(struct store_tx *tx, const struct mem *mem,
    const struct turn *turn, ndf_error *error)
{
    return change_row(tx, mem, turn, correct_turn, error);
}

/* ---- cleaning ------------------------------------------------------------ */

struct cleaning {
    const struct mem *mem;
    int64_t before_ms;
};

static int clean_row(struct store_tx *tx, const struct cleaning *cleaning,
    size_t row, struct arena *arena, ndf_error *error)
{
    struct str text;
    struct value turns, kept = value_of_array();
    int err = read_row(tx_reader(tx), arena, row, &text, error);
    if (err == NDF_OK) err = parse_row(arena, text, &turns);
    for (size_t i = 0; err == NDF_OK && i < turns.array.count; i++)
        if (decode_turn(&turns.array.items[i]).at_ms >= cleaning->before_ms)
            err = value_push(arena, &kept, turns.array.items[i]);
    if (err != NDF_OK || kept.array.count == turns.array.count) return err;
    return write_row(tx, arena, row, &kept, error);
}

static int clean_work(struct store_tx *tx, void *ud, ndf_error *error)
{
    const struct cleaning *cleaning = ud;
    struct arena arena;
    arena_init(&arena, cleaning->mem);
    int err = NDF_OK;
    for (size_t row = 0; err == NDF_OK && row < SESSIONS_ROWS; row++)
        err = clean_row(tx, cleaning, row, &arena, error);
    arena_deinit(&arena);
    return err;
}

int sessions_clean(
    struct sessions *sessions, int64_t before_ms, ndf_error *error)
{
    struct cleaning cleaning = {sessions->mem, before_ms};
    int err = store_write(sessions->store, clean_work, &cleaning, error);
    pthread_mutex_lock(&sessions->lock);
    sessions->writes++;
    drop_all(sessions);
    pthread_mutex_unlock(&sessions->lock);
    return err;
}
