/* Test support: a parametric matmul graph C[M,N] = A[M,K] * B[K,N], f16 in and out, f32 accumulator, with plain C tile functions.
 * Built by hand, so that the checks of tog and sim stand on nothing that the compiler computes. */
#ifndef LOOM_TOG_SAMPLES_H
#define LOOM_TOG_SAMPLES_H
#include "tog/tog.h"

typedef struct tog_matmul_spec {
  int64_t m, n, k, tile_m, tile_n, tile_k;   /* elements; edge tiles are clamped */
  int64_t mesh_x, mesh_y;                    /* cores; x walks tile rows, y tile columns, then waves over both */
  bool multicast;                            /* A along the mesh row from (x, 0), B along the mesh column from (0, y) */
  int depth;                                 /* slots of A and B */
  int64_t k_cycles;                          /* of one k tile's matmul on one core; fills and casts take tile_m cycles */
} tog_matmul_spec;

enum { TOG_SAMPLE_A, TOG_SAMPLE_B, TOG_SAMPLE_C };                              /* tensors */
enum { TOG_SAMPLE_BUF_A, TOG_SAMPLE_BUF_B, TOG_SAMPLE_ACC, TOG_SAMPLE_OUT };    /* buffers */

/* Loops mi, ni (waves), ki.  The tile functions are TOG_SAMPLE_FUNCTIONS in this order. */
tog *tog_sample_matmul(arena *m, const tog_matmul_spec *s);

typedef void (*tog_sample_fn)(void *const *buf, const int64_t *arg);
enum { TOG_SAMPLE_FUNCTIONS = 3 };
extern const tog_sample_fn tog_sample_functions[TOG_SAMPLE_FUNCTIONS];         /* fill, matmul, cast */

/* The first node in program order with this label; NULL when there is none. */
tog_node *tog_sample_find(const tog *t, const char *label);
/* Takes the node out of the tree, or puts `extra` in front of it; numbers the tree again. */
void tog_sample_remove(tog *t, const tog_node *n);
void tog_sample_insert(arena *m, tog *t, const tog_node *before, tog_node *extra);
#endif
