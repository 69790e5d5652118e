/*
 * record.h - what a store keeps: plain rows, one struct each.
 *
 * Text fields are valid UTF-8 without NUL; byte fields hold anything. A text
 * whose .at is NULL counts as "". Records handed out by a read borrow their
 * bytes: they are valid in the callback only, or as long as the arena that the
 * call was given. Records handed in are read before the call returns.
 */
#ifndef NDF_STORE_RECORD_H
#define NDF_STORE_RECORD_H

#include <stdint.h>

#include "base/str.h"

enum {
    STORE_HASH_SIZE = 32,
    STORE_ID_MAX = 1024,                /* bytes of an id or a name */
    STORE_TASK_MAX = 4096,              /* bytes of a task that a run keeps */
    STORE_HEAD_MAX = 1024 * 1024,       /* bytes of head, of features */
    STORE_BODY_MAX = 256 * 1024 * 1024, /* bytes of one content or record */
};

/* What the program notes for itself: a name and bytes. */
struct store_meta {
    struct str name;
    struct str value; /* bytes */
};

/* The note (store_meta) that names the state of all sources and entries: drawn
 * anew, in the same transaction, whenever one of them changes. What an ndf
 * before there was this note changes does not change it. */
#define STORE_REVISION_NOTE "registry.revision"

struct store_revision {
    uint8_t bytes[16];
};

/* Where entries came from. */
struct store_source {
    struct str id;
    struct str name;     /* unique */
    struct str kind;     /* "file", "folder", "host" */
    struct str path;     /* "" for the host's */
    struct str run_argv; /* JSON */
    struct str state;    /* bytes: what a refresh compares with */
    int64_t added_ms;
};

enum store_entry_kind { STORE_AGENT = 0, STORE_PATTERN = 1 };

/* The registry: what is there now. Small rows, since a start reads them all;
 * the whole document is the content of kind STORE_SPEC with that hash. */
struct store_entry {
    struct str id;
    struct str source; /* the id of its source */
    int64_t kind;      /* enum store_entry_kind */
    struct str name;
    struct str path; /* the file it stands in, "" for none */
    int64_t line;
    uint8_t spec[STORE_HASH_SIZE];
    struct str head;     /* bytes: what selecting needs */
    struct str features; /* bytes */
    int64_t updated_ms;
};

/* Bytes that are known by their SHA-256. Kinds are kept apart, so that each
 * can have an age of its own. */
enum store_content { STORE_SPEC, STORE_SNAPSHOT, STORE_BLOB };

struct store_outcome {
    int64_t seq;   /* 1, 2, 3...: the order in which they are learned */
    struct str id; /* unique */
    struct str pattern;
    struct str run; /* "" when it happened outside */
    int64_t at_ms;
    struct str body; /* bytes: canonical JSON */
};

/* Counts that fade: wins and tries are faded to at_ms. */
struct store_tally {
    struct str pattern;
    struct str domain; /* "" counts all domains */
    double wins;       /* finite */
    double tries;      /* finite */
    int64_t at_ms;
    int64_t executions; /* never fades */
};

struct store_run {
    struct str id;
    struct str pattern;
    uint8_t version[STORE_HASH_SIZE]; /* STORE_SPEC; zeros: none */
    struct str domain;                /* "" unknown */
    struct str text;                  /* kept up to STORE_TASK_MAX */
    int64_t state;                    /* the engine's number; 0: running */
    int64_t started_ms;
    int64_t ended_ms; /* 0: not yet */
    struct str cwd;
    struct str owner;              /* a note about who runs it */
    uint8_t plan[STORE_HASH_SIZE]; /* STORE_BLOB; zeros: none */
    /* Kept by the store; what a put says here is not looked at. */
    int64_t records;                /* in the journal */
    uint8_t chain[STORE_HASH_SIZE]; /* of the last one */
};

/* One line of a run's journal. */
struct store_record {
    struct str run;
    int64_t seq; /* from 0, without gaps */
    struct str kind;
    int64_t at_ms;
    struct str body; /* bytes: canonical JSON */
    /* Kept by the store (journal.h); not looked at by an append. */
    int64_t sum;
    uint8_t chain[STORE_HASH_SIZE];
};

/* A word to the owner of a run, who may be another process. */
struct store_command {
    int64_t id; /* given by the store */
    struct str run;
    struct str kind; /* "cancel" */
    int64_t at_ms;
};

#endif
