/* Shared by the files of the samples only: a nest is written node by node, in program order. */
#ifndef LOOM_NEST_SAMPLES_PRIVATE_H
#define LOOM_NEST_SAMPLES_PRIVATE_H
#include "nest/nest_samples.h"

typedef struct sample {
  arena *mem;
  nest *nest;
  dtype type;               /* of new values and tensors */
  nest_body *body;          /* where nodes go */
  int parent;               /* enclosing sequential loop, -1 */
  int only_first;           /* of new nodes */
} sample;

sample sample_open(arena *m, const char *kernel, dtype type);
/* Sizes of tiles and parts of tensors: one number or block symbol a dim, up to 0. */
#define SAMPLE_DIMS(...) ((const sym_expr *const[]){__VA_ARGS__, NULL})
#define SAMPLE_PART(...) ((const nest_access_dim[]){__VA_ARGS__, {.loop = -2}})

/* A new loop over `extent`; `bound` is the symbol's upper bound. */
int sample_loop(sample *s, const char *block, nest_loop_kind kind, const sym_expr *extent, int64_t bound);
/* The loop's node; nodes go into it until sample_leave. */
nest_node *sample_enter(sample *s, int loop);
void sample_leave(sample *s, const nest_body *outer_body);

int sample_tensor(sample *s, const char *name, int rank, const int64_t *shape);
int sample_value(sample *s, const char *name, const sym_expr *const *dims);
int sample_load(sample *s, int tensor, const char *value, const nest_access_dim *part);
void sample_store(sample *s, int tensor, int value, const nest_access_dim *part);
void sample_fill(sample *s, int value);
/* An element-wise op or a reduction: `m` results, each of `k` elements. */
void sample_generic(sample *s, const char *body_ops, int value, const int *inputs, size_t n, const sym_expr *m, const sym_expr *k);
/* value += left * right; sizes are taken from the operands. */
void sample_product(sample *s, int value, int left, int right);
/* broadcast, transpose or move. */
void sample_unary(sample *s, const char *op, int value, int input);
void sample_gather(sample *s, int across, int value, int input);

/* Dim of an access: steps with a loop by its block; starts at an offset; is one element of a loop's block. */
nest_access_dim sample_step(const sample *s, int loop);
nest_access_dim sample_part(const sample *s, int loop, const sym_expr *offset, const sym_expr *size);
nest_access_dim sample_one(const sample *s, int loop);
const sym_expr *sample_block(const sample *s, int loop);
/* it_<block> * <block>: where the loop's block starts. */
const sym_expr *sample_start(const sample *s, int loop);
const sym_expr *sample_int(const sample *s, int64_t v);
#endif
