/* Ledger of what random kernels were made of: op x dtype x rank x how tiles fit their range, each cell counted by kernels.
 *
 * A cell is 16 bits: op (7), dtype (4), rank (3), fit (2).  The op is a kind of the kernel graph, or a scalar function of UNARY and BINARY, or of REDUCE. */
#include "soak.h"
#include <stdio.h>
#include <string.h>

enum { OPS = 128, RANKS = 8, FN_BASE = KERNEL_OP_COUNT, REDUCE_BASE = FN_BASE + KERNEL_FN_COUNT };
/* How the tiles of a value's dims fit: all of the range in one tile; a range of several whole tiles; the last tile is smaller; the range is smaller than a tile. */
typedef enum fit { WHOLE, DIVIDING, RAGGED, SHORT, FITS } fit;
static const char *const fit_word[FITS] = {"whole", "dividing", "ragged", "short"};
static const kernel_fn reductions[] = {KERNEL_FN_ADD, KERNEL_FN_MUL, KERNEL_FN_MAX, KERNEL_FN_MIN, KERNEL_FN_ARGMAX, KERNEL_FN_ARGMIN};
enum { REDUCTIONS = sizeof reductions / sizeof *reductions };
_Static_assert(REDUCE_BASE + REDUCTIONS <= OPS, "an op has 7 bits");

static int op_of(const kernel_op *op) {
  if (op->kind == KERNEL_UNARY || op->kind == KERNEL_BINARY)
    return FN_BASE + (int)op->fn;
  for (int i = 0; op->kind == KERNEL_REDUCE && i < REDUCTIONS; i++)
    if (reductions[i] == op->fn)
      return REDUCE_BASE + i;
  return (int)op->kind;
}

static const char *op_word(arena *m, int op) {
  return op >= REDUCE_BASE ? arena_printf(m, "reduce %s", kernel_fn_name(reductions[op - REDUCE_BASE])) : op >= FN_BASE ? kernel_fn_name((kernel_fn)(op - FN_BASE)) : kernel_op_name((kernel_op_kind)op);
}

static int64_t block_of(const sym_binding *blocks, size_t n, const char *name, int64_t otherwise) {
  for (size_t i = 0; i < n; i++)
    if (text_eq(blocks[i].name, name))
      return blocks[i].value;
  return otherwise;
}

/* By block symbol: a value has the most ragged of those that its dims name. */
static fit fit_of(const soak_case *c, const kernel_type *t, const sym_binding *blocks, size_t n) {
  static const int order[FITS] = {[WHOLE] = 0, [DIVIDING] = 1, [SHORT] = 2, [RAGGED] = 3};
  fit most = WHOLE;
  for (int d = 0; d < t->rank; d++)
    for (size_t i = 0; i < c->graph->symbols.n; i++) {
      const kernel_symbol *s = &c->graph->symbols.at[i];
      int64_t extent;
      diag_mark before = diag_save(c->ctx);
      if (s->kind != KERNEL_SYM_BLOCK || !s->extent || !text_eq(sym_str(&c->ctx->mem, t->dim[d]), s->name))
        continue;
      if (kernel_size(c->ctx, c->graph, s->extent, NULL, 0, &extent) != LOOM_OK || extent < 1) {
        diag_drop(c->ctx, before);
        continue;
      }
      int64_t block = block_of(blocks, n, s->name, extent);
      fit f = block > extent ? SHORT : block == extent ? WHOLE : extent % block ? RAGGED : DIVIDING;
      most = order[f] > order[most] ? f : most;
    }
  return most;
}

static void add_cell(soak_result *out, uint16_t cell) {
  for (int i = 0; i < out->n_cells; i++)
    if (out->cell[i] == cell)
      return;
  if (out->n_cells < SOAK_CELLS_MAX)
    out->cell[out->n_cells++] = cell;
}

static void count_region(const soak_case *c, const kernel_region *r, const sym_binding *blocks, size_t n, soak_result *out) {
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    kernel_value v = op->n_results ? op->results[0] : op->kind == KERNEL_STORE || op->kind == KERNEL_ATOMIC ? op->operands[0] : -1;
    if (v >= 0) {
      const kernel_type *t = &c->graph->values.at[v].type;
      add_cell(out, (uint16_t)((op_of(op) << 9) | ((int)t->type << 5) | ((t->rank < RANKS ? t->rank : RANKS - 1) << 2) | (int)fit_of(c, t, blocks, n)));
    }
    for (int k = 0; k < op->n_regions; k++)
      count_region(c, &op->regions[k], blocks, n, out);
  }
}

void soak_count_cells(const soak_case *c, const sym_binding *blocks, size_t n, soak_result *out) { count_region(c, &c->graph->body, blocks, n, out); }

void soak_ledger_add(soak_ledger *l, const soak_result *r) {
  for (int i = 0; i < r->n_cells; i++)
    l->hits[r->cell[i]]++;
}

/* ---- what it says ---- */
typedef struct line { int64_t kernels, cells, often; uint32_t types, ranks, fits; } line;
enum { OFTEN = 100 };

static line line_of(const soak_ledger *l, int op) {
  line r = {0};
  for (int i = 0; i < 512; i++) {
    int64_t hits = l->hits[op << 9 | i];
    if (!hits)
      continue;
    r.kernels = hits > r.kernels ? hits : r.kernels;
    r.cells++;
    r.often += hits >= OFTEN;
    r.types |= 1u << (i >> 5);
    r.ranks |= 1u << (i >> 2 & 7);
    r.fits |= 1u << (i & 3);
  }
  return r;
}

/* Cells of the types, ranks and fits that the op was seen with, each alone. */
static int64_t possible(const line *r) { return (int64_t)__builtin_popcount(r->types) * __builtin_popcount(r->ranks) * __builtin_popcount(r->fits); }

static bool is_made(int op) {      /* structure, and what the front end makes no op of */
  static const int none[] = {KERNEL_PARALLEL, KERNEL_YIELD, KERNEL_BARRIER, KERNEL_UNARY, KERNEL_BINARY, KERNEL_REDUCE, FN_BASE + KERNEL_FN_NONE, FN_BASE + KERNEL_FN_ARGMAX,
                             FN_BASE + KERNEL_FN_ARGMIN, FN_BASE + KERNEL_FN_XCHG, FN_BASE + KERNEL_FN_CAS};
  for (size_t i = 0; i < sizeof none / sizeof *none; i++)
    if (op == none[i])
      return false;
  return op < REDUCE_BASE + REDUCTIONS;
}

void soak_ledger_print(const soak_ledger *l, arena *m) {
  text missing = text_new(m);
  int64_t cells = 0, often = 0, empty = 0;
  printf("%-16s %8s %6s %6s %6s  %s\n", "op", "most", "cells", ">=100", "empty", "never with");
  for (int op = 0; op < OPS; op++) {
    line r = line_of(l, op);
    text never = text_new(m);
    if (!is_made(op))
      continue;
    if (!r.cells) {
      text_addf(&missing, "%s%s", missing.size ? ", " : "", op_word(m, op));
      continue;
    }
    cells += r.cells;
    often += r.often;
    empty += possible(&r) - r.cells;
    for (int t = 0; t < DTYPE_COUNT; t++)
      if (!(r.types >> t & 1))
        text_addf(&never, "%s ", dtype_mlir((dtype)t));
    for (int k = 0; k <= GEN_RANK; k++)
      if (!(r.ranks >> k & 1))
        text_addf(&never, "rank-%d ", k);
    for (int f = 0; f < FITS; f++)
      if (!(r.fits >> f & 1))
        text_addf(&never, "%s ", fit_word[f]);
    printf("%-16s %8" PRId64 " %6" PRId64 " %6" PRId64 " %6" PRId64 "  %s\n", op_word(m, op), r.kernels, r.cells, r.often, possible(&r) - r.cells, text_str(&never));
  }
  printf("%" PRId64 " cells of op x dtype x rank x fit, %" PRId64 " of them in %d kernels or more; %" PRId64 " others of what an op was seen with; ops never: %s\n", cells, often, OFTEN,
         empty, missing.size ? text_str(&missing) : "none");
}

void soak_ledger_sum(const soak_ledger *l, int64_t *out_cells, int64_t *out_often, int64_t *out_empty) {
  *out_cells = *out_often = *out_empty = 0;
  for (int op = 0; op < OPS; op++) {
    line r = line_of(l, op);
    *out_cells += r.cells;
    *out_often += r.often;
    *out_empty += possible(&r) - r.cells;
  }
}

data_value *soak_ledger_data(const soak_ledger *l, arena *m) {
  data_value *all = data_array(m);
  for (int i = 0; i < SOAK_LEDGER_CELLS; i++) {
    if (!l->hits[i])
      continue;
    data_value *cell = data_object(m);
    data_set_string(m, cell, "op", op_word(m, i >> 9));
    data_set_string(m, cell, "dtype", dtype_mlir((dtype)(i >> 5 & 15)));
    data_set_int(m, cell, "rank", i >> 2 & 7);
    data_set_string(m, cell, "fit", fit_word[i & 3]);
    data_set_int(m, cell, "kernels", l->hits[i]);
    data_push(m, all, cell);
  }
  return all;
}
