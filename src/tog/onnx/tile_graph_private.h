/* Shared by the files of this room only. */
#ifndef LOOM_TOG_ONNX_PRIVATE_H
#define LOOM_TOG_ONNX_PRIVATE_H
#include "tog/onnx/tile_graph.h"
#include <onnx_container.pb-c.h>

/* Where reading is: `place` names the node for messages. */
typedef struct tile_reader {
  loom_ctx *ctx;
  tile_graph *g;
  loom_span span;                       /* the file */
  const OnnxContainer__Node *node;
  VEC_OF(int) open;                     /* loops that are open */
} tile_reader;

const char *tile_kind_op(tile_kind k);
const char *tile_loop_name(tile_loop_type t);
const char *tile_unit_name(tile_unit u);
const char *tile_access_name(tile_access a);
/* An error about the node under way. */
loom_status tile_fail(tile_reader *r, loom_status st, const char *fmt, ...) LOOM_PRINTF(3, 4);

/* Attributes by name; missing or of another type: LOOM_EINPUT. */
LOOM_MUST_USE loom_status tile_need_int(tile_reader *r, const char *key, int64_t lo, int64_t hi, int64_t *out);
LOOM_MUST_USE loom_status tile_need_string(tile_reader *r, const char *key, const char **out);
/* At most TILE_GRAPH_LIST_MAX numbers, each at most TILE_GRAPH_VALUE_MAX in size; an absent attribute is an empty list, as ONNX writes none. */
LOOM_MUST_USE loom_status tile_need_ints(tile_reader *r, const char *key, const int64_t **out, size_t *n);
LOOM_MUST_USE loom_status tile_need_strings(tile_reader *r, const char *key, const char *const **out, size_t *n);
bool tile_has(const tile_reader *r, const char *key);

/* Fills what the node's kind has, from its attributes; loops around it are r->open. */
LOOM_MUST_USE loom_status tile_read_node(tile_reader *r, tile_node *n);
#endif
