/*
 * stage.h - documents read and made ready, waiting to be written to the store
 * together.
 */
#ifndef NDF_ENGINE_STAGE_H
#define NDF_ENGINE_STAGE_H

#include "base/map.h"
#include "base/vec.h"
#include "engine/registry.h"
#include "store/tx.h"

struct staged {
    struct str id; /* qualified */
    struct str name;
    enum document_kind kind;
    struct str path; /* "" from the host */
    uint32_t line;
    struct str spec, head, features;
};

struct stage {
    const struct mem *mem;
    struct arena arena;
    struct vec items; /* struct staged */
    struct map ids;   /* id -> anything: taken in this source */
};

void stage_init(struct stage *stage, const struct mem *mem);
void stage_deinit(struct stage *stage);

/* All documents of a YAML or JSON text (JSON: one, or an array of them) into
 * values of stage->arena. */
int stage_parse(struct stage *stage, struct str text, struct value **values,
    size_t *count, ndf_error *error);
/* Whether a value looks like one of ours: a map with `agent` or `pattern`. */
bool stage_ours(const struct value *value);

/* Where a document comes from; borrowed. */
struct stage_place {
    struct str source;
    struct str path;
    struct str folder; /* below the source's root; "" at its top */
    bool by_folder; /* a taken name is qualified by the folder; else an error */
    uint32_t line;
};

/* Encodes the document and gives it an id. NDF_EEXISTS names the clash. */
int stage_add(struct stage *stage, const struct document *document,
    const struct stage_place *place, ndf_error *error);

/* The same for a document that is still a value. Also NDF_ESCHEMA, NDF_ECYCLE,
 * NDF_ELIMIT. */
int stage_add_value(struct stage *stage, const struct value *value,
    const struct stage_place *place, ndf_error *error);

/* Writes the staged documents as entries of the source, inside work. */
int stage_write(const struct stage *stage, struct store_tx *tx,
    struct str source_id, int64_t now_ms, ndf_error *error);

#endif
