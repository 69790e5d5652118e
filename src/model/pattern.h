/*
 * pattern.h - how work is delegated: steps, tasks or phases, and when.
 */
#ifndef NDF_MODEL_PATTERN_H
#define NDF_MODEL_PATTERN_H

#include "model/agent.h"

enum {
    PATTERN_NAME_MAX = 256,
    PATTERN_STEPS_MAX = 10000,
    PATTERN_PREDICATES_MAX = 1024,
    PATTERN_REGEX_MAX = 8192, /* bytes of one regular expression */
};

enum pattern_kind { PATTERN_SEQUENTIAL, PATTERN_PARALLEL, PATTERN_META };

/* What of a context a predicate looks at. */
enum field {
    FIELD_DOMAIN,
    FIELD_AGENT_TYPE,
    FIELD_PRIORITY,
    FIELD_TEXT,
    FIELD_ATTRIBUTE,
};

/* X(name in C, name in files) */
#define PREDICATE_OPS(X)                                                       \
    X(OP_EQ, "eq")                                                             \
    X(OP_NE, "ne")                                                             \
    X(OP_IN, "in")                                                             \
    X(OP_NOT_IN, "not_in")                                                     \
    X(OP_LT, "lt")                                                             \
    X(OP_LE, "le")                                                             \
    X(OP_GT, "gt")                                                             \
    X(OP_GE, "ge")                                                             \
    X(OP_BETWEEN, "between")                                                   \
    X(OP_EXISTS, "exists")                                                     \
    X(OP_ABSENT, "absent")                                                     \
    X(OP_CONTAINS, "contains")                                                 \
    X(OP_MATCHES, "matches")

#define PREDICATE_OP_ENUM(name, text) name,
enum predicate_op { PREDICATE_OPS(PREDICATE_OP_ENUM) OP_GLOB };
#undef PREDICATE_OP_ENUM

struct predicate {
    enum field field;
    enum predicate_op op;
    struct str name;      /* of the attribute; dots descend into objects */
    struct value operand; /* IN, NOT_IN, GLOB, and MATCHES: an array (any of
                             it); BETWEEN: [low, high], both ends included */
    uint32_t line, column;
};

/* All must hold (only_if), or each adds evidence (good_for). An attribute
 * with several operators gives several predicates. */
struct condition {
    struct predicate *predicates;
    size_t count;
};

/* How failed calls are repeated. */
struct retry {
    uint32_t attempts;   /* calls in all; 1: no retry */
    uint64_t backoff_ms; /* before the second call */
    double factor;       /* growth of the wait from call to call */
    double jitter;       /* 0..1: share of the wait drawn at random */
    struct str_list on;  /* failure, timeout, expect, start; empty: all */
};

/* What proves that a step did its work. Unset parts ask for nothing. */
struct expect {
    bool set; /* `expect` was given */
    bool exit_set;
    int exit;                 /* status of a process agent; 0 unless given */
    struct str regex;         /* PCRE2 over the output; .at NULL: none */
    struct value json_schema; /* null: none */
    struct str_list files;    /* must exist and be newer than the step */
    bool nonempty; /* empty output is a failure: true unless said otherwise,
                      also when no `expect` was given */
};

/* How a completed step is taken back: an agent, or an argv of its own. */
struct undo {
    bool set;
    struct str agent; /* .at NULL when run is given */
    struct str_list run;
    struct value with;
    uint64_t timeout_ms;
};

enum undo_when { UNDO_COMPLETED, UNDO_ALSO_FAILED };

/* A step of a sequence or a task of a parallel pattern. */
struct step {
    struct str name;   /* unique in its pattern; [A-Za-z0-9_-]+ */
    struct str agent;  /* reference; the step's own name unless given */
    struct value with; /* object; templates in its strings */
    struct str_list writes;
    uint64_t timeout_ms; /* 0: the agent's, else the pattern's */
    bool retry_set;
    struct retry retry;
    struct undo undo;
    enum undo_when undo_when;
    bool idempotent;
    struct expect expect;
    struct str verify;    /* agent that judges the output; .at NULL: none */
    struct str condition; /* `if`; .at NULL: always */
    bool approval;
    uint64_t heartbeat_ms; /* longest silence; 0: any */
    struct str_list needs; /* tasks only */
    double cpu;            /* tasks only: declared cores; 0: not declared */
    uint64_t memory;       /* tasks only: declared bytes */
    uint32_t line, column;
};

struct success_criteria {
    double min_success_rate; /* NAN: none */
    int64_t max_error_count; /* -1: none */
    uint64_t max_latency_ms; /* 0: none */
};

/* What a phase may take of the machine; 0: not bounded. */
struct allocation {
    uint32_t max_concurrent; /* patterns at once */
    double cpu;              /* declared cores of its tasks at work */
    uint64_t memory;         /* declared bytes of these */
};

/* A phase of a meta pattern: patterns by name, or chosen when it is reached. */
struct phase {
    struct str name;
    struct str_list patterns;
    bool select;
    struct str coordination; /* sequential or parallel */
    struct success_criteria success;
    struct str_list triggers; /* words of phase_triggers: end it at once */
    struct allocation allocation;
    uint32_t line, column;
};

enum context_policy { POLICY_RESTORE, POLICY_ENFORCE, POLICY_RECORD };
enum rollback_strategy { ROLLBACK_PATTERN, ROLLBACK_PHASE, ROLLBACK_COMPLETE };

/* When it may be taken without a person; NAN and 0 mean the default. */
struct confidence_rules {
    double threshold;      /* of confidence; unset: NAN */
    double cold_threshold; /* of fit, below min_executions; unset: NAN */
    uint32_t min_executions;
    bool min_executions_set;
    uint64_t half_life_ms; /* 0: default */
    bool learning;         /* default true */
};

/* What a run may spend. NAN and 0: no bound. */
struct budget {
    double cost;
    uint64_t tokens;
    uint64_t steps;
    uint64_t time_ms; /* `minutes` in files */
};

struct pattern {
    struct str name; /* dotted */
    struct str description;
    struct str version; /* as given; empty when not */
    enum pattern_kind kind;
    struct condition *only_if; /* any of them; count 0: no law */
    size_t only_if_count;
    struct condition good_for;
    bool ask_host; /* law, too: the host says whether it may be taken */
    struct str_list examples;
    struct str_list not_for;
    struct step *steps; /* steps of a sequence or tasks of a parallel */
    size_t step_count;
    struct phase *phases;
    size_t phase_count;
    uint64_t timeout_ms; /* of the whole run; 0: none */
    struct retry retry;  /* for steps without their own; attempts 1 */
    struct budget budget;
    bool rollback; /* undo completed steps when the run fails: default true */
    struct confidence_rules confidence;
    struct str fallback; /* a pattern's name; .at NULL: none */
    bool approval;
    enum context_policy policy;
    uint32_t max_concurrent;   /* parallel; 0: as many as admitted */
    double resource_threshold; /* parallel; 0.8 */
    double failure_tolerance;  /* parallel; 0 */
    enum rollback_strategy rollback_strategy; /* meta */
    double complexity_threshold;              /* meta; NAN: none */
    struct str strategy;                      /* meta; free text */
    struct value host; /* what the host keeps with it; null: nothing */
};

/* Everything is checked: types, ranges, names, globs, regular expressions,
 * duplicate steps, circles of `needs`. References to agents and other patterns
 * resolve when a run is planned. NDF_ESCHEMA with position and the nearest
 * known key; NDF_ECYCLE; NDF_ELIMIT; NDF_ENOMEM. */
int pattern_decode(struct arena *arena, const struct value *value,
    struct pattern *out, ndf_error *error);
/* Only what differs from the default. Borrows. */
int pattern_encode(
    struct arena *arena, const struct pattern *pattern, struct value *out);

/* Of a phase, also in plans. */
bool phase_trigger_valid(struct str word);

const char *pattern_kind_name(enum pattern_kind kind);
const char *predicate_op_name(enum predicate_op op);
const char *field_name(enum field field);

/* One step in the shape of files, for plans: {name: {agent: ...}}'s inner map
 * with `name` added. The reverse reads the same shape. */
int step_encode(
    struct arena *arena, const struct step *step, struct value *out);
int step_decode(struct arena *arena, const struct value *value,
    struct step *out, ndf_error *error);

/* People's words for scales: low medium high of `complexity` = 2 5 8; highest
 * high medium low lowest of `priority` = 1..5. Operands are mapped when a
 * pattern is decoded; map the words of contexts when they meet numbers. */
bool scale_number(struct str attribute, struct str word, int64_t *number);

/* "120s", "5m", "2h", "500ms", "1d" or a number of seconds. */
bool duration_parse(const struct value *value, uint64_t *ms);

#endif
