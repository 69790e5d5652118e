/*
 * registry.h - the agents and patterns that there are, as one immutable
 * picture.
 *
 * A picture is read from the store as a whole, or from the image of it beside
 * the store, and shared by counting: who selects holds one and is not disturbed
 * by later changes.
 */
#ifndef NDF_ENGINE_REGISTRY_H
#define NDF_ENGINE_REGISTRY_H

#include <stdatomic.h>

#include "base/hash.h"
#include "base/vec.h"
#include "decide/meaning.h"
#include "decide/selector.h"
#include "engine/image.h"
#include "engine/roster.h"
#include "model/document.h"
#include "store/read.h"

/* Sources in the order in which a name is taken from them. */
enum source_rank { RANK_HOST, RANK_PROJECT, RANK_USER };

#define REGISTRY_HOST_SOURCE "host"
#define REGISTRY_USER_SOURCE "user"

struct source {
    struct str name;
    struct str kind; /* "host", "file", "folder" */
    struct str path; /* "" for the host's */
    struct str state;
    struct str_list run; /* for its agents that say none; count 0: none */
    enum source_rank rank;
    int64_t added_ms;
};

struct entry {
    const struct source *source;
    struct str qualified; /* "source/name": its id, never changes */
    struct str name;      /* as its file says */
    struct str label;     /* what people see: name, or qualified on a clash */
    enum document_kind kind;
    uint8_t hash[HASH_SHA256_SIZE]; /* of its canonical document */
    struct str path;                /* the file, absolute; "" from the host */
    uint32_t line;
    struct str description;    /* cut to HEAD_DESCRIPTION_MAX */
    bool runs;                 /* an agent with a program of its own */
    const struct law *law;     /* NULL for an agent */
    struct entry *same_name;   /* the next of that name */
    struct entry *folded_into; /* an exact copy of that one; NULL: none */
    size_t copies;             /* exact copies folded into this */
    size_t candidate;          /* in the selector; SELECTOR_NONE if folded */
};

struct registry {
    const struct mem *mem;
    _Atomic size_t references;
    uint64_t picture; /* its number, of all that an engine shared; 0: of none */
    struct arena arena;
    struct source *sources;
    size_t source_count;
    struct entry *entries; /* in the order in which they came */
    size_t count;
    struct entry **candidates; /* by the selector's index */
    size_t candidate_count;
    struct roster *roster; /* what entries and candidates borrow from */
    struct image image;    /* what the roster and the selector may lie in */
    struct store_revision revision; /* of the store's registry */
    bool has_revision;
    bool from_image;
    ndf_error image_problem; /* code NDF_OK: none */
    struct meaning *meaning; /* of the candidates; NULL: no word vectors */
    struct selector *selector;
};

/* What a picture is made with: domains as for selector_new, and word vectors,
 * NULL: none. It takes references of its own. */
struct registry_tools {
    struct domains *domains;
    struct vectors *vectors;
    const char *image; /* the file that may have it; NULL: none. Of one that
                          cannot be used the picture says why */
};

/* Reads all; one reference is the caller's. NDF_ECORRUPT when a row cannot be
 * understood; NDF_ENOMEM; store errors. */
int registry_load(struct registry **out, const struct mem *mem,
    const struct registry_tools *tools, struct store_reader *reader,
    ndf_error *error);
/* Keeps it as an image at path: whole, or not at all; 0600. *size: of the file.
 * NDF_ENOTFOUND: its store has no revision to know it by; NDF_EFULL,
 * NDF_EREADONLY, NDF_EIO, NDF_ENOMEM. */
int registry_save(const struct registry *registry, const char *path,
    uint64_t *size, ndf_error *error);
void registry_ref(struct registry *registry);
/* Frees with the last reference. Accepts NULL. */
void registry_unref(struct registry *registry);

/* By qualified or plain name; a plain one that several sources have is taken
 * from `near` (a source's name, or .at NULL), else from the first rank that
 * has one. NDF_ENOTFOUND names the nearest known name, NDF_EREFERENCE the
 * candidates of an ambiguous one. */
int registry_find(const struct registry *registry, struct str name,
    struct str near, const struct entry **out, ndf_error *error);
/* Whether registry_find would know the name, if only as an ambiguous one; costs
 * no search for the nearest. */
bool registry_has(const struct registry *registry, struct str name);
/* NULL when there is none. */
const struct entry *registry_entry(
    const struct registry *registry, struct str qualified);
const struct source *registry_source(
    const struct registry *registry, struct str name);

/* The whole document of an entry, from the store. Lives in arena. NDF_EBUSY:
 * the store has it no more, so the picture is older than what reader sees. */
int registry_spec(const struct entry *entry, struct store_reader *reader,
    struct arena *arena, struct str *out, ndf_error *error);
int registry_document(const struct entry *entry, struct store_reader *reader,
    struct arena *arena, struct document *out, ndf_error *error);

#endif
