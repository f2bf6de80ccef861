/* Shared by the files of the nest extraction only. */
#ifndef LOOM_EXTRACT_PRIVATE_H
#define LOOM_EXTRACT_PRIVATE_H
#include "pass/pass_private.h"

/* An index value of the IR and what it is over block symbols and iterators "it_<block>". */
typedef struct extract_index { MlirValue value; const sym_expr *expr; } extract_index;
/* A tensor of the IR and the nest value it lives in. */
typedef struct extract_tile { MlirValue tensor; int value; } extract_tile;

/* What an argument is loaded and stored as; the zero value: not yet. */
enum { EXTRACT_VIEWS_MAX = 16 };
typedef enum extract_use { EXTRACT_UNUSED, EXTRACT_AS_IT_IS, EXTRACT_AS_VIEW } extract_use;

typedef struct extract {
  ir_ctx *ir;
  loom_ctx *ctx;
  arena *mem;
  MlirOperation func;
  nest *nest;
  nest_body *body;                     /* where nodes go now */
  int parent;                          /* enclosing sequential loop, -1 */
  int only_first;                      /* of new nodes: inside scf.if (iterator == 0) that parallel loop, -1 outside */
  extract_use *use; size_t n_uses;     /* by tensor of the nest: the arguments, then further ways to see them */
  VEC_OF(extract_index) indices;
  VEC_OF(extract_tile) tiles;
  VEC_OF(pass_node_op) ops;
} extract;

/* ---- extract_index.c ---- */
void extract_bind_index(extract *x, MlirValue v, const sym_expr *e);
/* Index arithmetic over constants, loom.sym and loop iterators.  Anything else: LOOM_EUNSUP with the op's place. */
LOOM_MUST_USE loom_status extract_expr(extract *x, MlirValue v, const sym_expr **out);
/* Result `r` of an affine map whose operands are `first`.. of `op`. */
LOOM_MUST_USE loom_status extract_map(extract *x, MlirOperation op, MlirAffineMap map, intptr_t first, intptr_t r, const sym_expr **out);
/* Entry i of a mixed list: static_<..> attribute, dynamic entries in operand segment `segment`. */
LOOM_MUST_USE loom_status extract_mixed(extract *x, MlirOperation op, const char *attribute, int segment, intptr_t i, const sym_expr **out);

/* ---- extract_access.c ---- */
/* LOOM_EUNSUP: the store goes through a view in which places overlap. */
LOOM_MUST_USE loom_status extract_check_store(extract *x, MlirOperation at, const nest_node *store);
/* Does the nest's tensor show all elements of its argument? */
bool extract_shows_all(const extract *x, int tensor);
/* Fills tensor, dims and label of a LOAD or STORE node from the memref it goes through: an argument or a subview of one. */
LOOM_MUST_USE loom_status extract_access(extract *x, MlirOperation at, MlirValue memref, nest_node *node);

/* ---- extract_loop.c ---- */
/* A new loop of `trip` iterations (ceildiv of an extent by a block symbol, or a constant); its iterator is bound. */
LOOM_MUST_USE loom_status extract_add_loop(extract *x, MlirOperation at, nest_loop_kind kind, const sym_expr *trip, MlirValue iterator, int *out_loop);
LOOM_MUST_USE loom_status extract_parallel(extract *x, MlirOperation op);
/* Iterations and iterator of an scf.for or affine.for from 0 in steps of 1. */
LOOM_MUST_USE loom_status extract_sequential(extract *x, MlirOperation op, int *out_loop);
LOOM_MUST_USE loom_status extract_symbols(extract *x);

/* Parallel loop whose iterator `v` is; -1: another value. */
int extract_parallel_iterator(extract *x, MlirValue v);

/* ---- extract_compute.c ---- */
int extract_find_tile(const extract *x, MlirValue v);                        /* -1: none */
void extract_bind_tile(extract *x, MlirValue v, int value);
int extract_add_value(extract *x, const nest_value *v);
nest_node *extract_add_node(extract *x, MlirOperation op, nest_node_kind kind, int value);
/* The value an op reads, and the one it updates in place; a filled tensor is filled right before. */
LOOM_MUST_USE loom_status extract_read_tile(extract *x, MlirOperation at, MlirValue v, int *out);
LOOM_MUST_USE loom_status extract_take_tile(extract *x, MlirOperation at, MlirValue v, int *out);
LOOM_MUST_USE loom_status extract_memory(extract *x, MlirOperation at, MlirType type, int *out);
LOOM_MUST_USE loom_status extract_matmul(extract *x, MlirOperation op);
LOOM_MUST_USE loom_status extract_generic(extract *x, MlirOperation op);
/* `word`: "broadcast" or "transpose". */
LOOM_MUST_USE loom_status extract_rearrange(extract *x, MlirOperation op, const char *word);

/* ---- extract_capture.c ---- */
/* Fills the captures of the node made last, which stands for `generic`. */
void extract_captures(extract *x, MlirOperation generic);

/* ---- extract_body.c ---- */
LOOM_MUST_USE loom_status extract_block(extract *x, MlirBlock block);

/* ---- extract_reload.c ---- */
/* LOOM_EUNSUP: a load may find what the kernel has stored. */
LOOM_MUST_USE loom_status extract_check_reloads(extract *x);
LOOM_MUST_USE loom_status extract_refuse_reload(extract *x, MlirOperation at);

/* ---- extract_cut.c ---- */
/* Gives a clamp to loops that may run beyond what they load, where that changes nothing. */
void extract_cut_loops(extract *x);

/* ---- extract_name.c ---- */
/* "x" of argument i: its loom.name, else its spelling in the source, else "arg<i>". */
const char *extract_arg_name(extract *x, intptr_t i);
/* Names of values and labels of nodes, once the nest is complete. */
void extract_name_values(extract *x);

#define EXTRACT_UNSUP(x, op, ...) LOOM_FAIL((x)->ctx, ir_span((x)->ir, op), LOOM_EUNSUP, __VA_ARGS__)
#endif
