/* Test support: a matmul whose nodes have machine code, written as assembly; included by *_test.c only. */
#ifndef LOOM_SIM_NPU_VALUE_TESTING_H
#define LOOM_SIM_NPU_VALUE_TESTING_H
#include "sim/npu/npu.h"
#include "sim/npu/npu_kernels.h"
#include "sim/npu/npu_testing.h"
#include "sim/rvv/rvv_testing.h"

static inline machine *chip(loom_ctx *ctx, const char *lines) { return npu_test_machine(ctx, "tpuv3", lines); }

/* ---- code ---- */

/* Which argument the value of `loop` is. */
static inline int argument_of(const tile_graph *g, int node, int loop) {
  int depth = 0, at = -1;
  for (int p = g->nodes.at[node].parent; p >= 0; p = g->nodes.at[p].parent)
    depth++;
  for (int p = g->nodes.at[node].parent, i = depth - 1; p >= 0; p = g->nodes.at[p].parent, i--)
    at = p == loop ? i : at;
  assert_true(at >= 0);
  return at;
}

static inline void add_scaled(text *t, const tile_graph *g, int node, const char *to, int loop, int64_t factor) {
  text_addf(t, " li t3, %lld\n mul t3, a%d, t3\n add %s, %s, t3\n", (long long)factor, argument_of(g, node, loop), to, to);
}

/* One bit of the words of a transfer is another one; word: the how-manieth, the last is the move with the addresses. */
typedef struct code_flip { int node, word, bit; bool is_second; } code_flip;
static code_flip flip = {.node = -1};

/* The words of a transfer; its addresses: of a tensor and of a buffer, each with what loops add. */
static inline void write_transfer(text *t, const tile_graph *g, int node, isa_dma d, const char *buffer, int loop, int64_t factor) {
  const tile_node *n = &g->nodes.at[node];
  isa_word words[ISA_DMA_WORDS_MAX];
  int count;
  assert_null(isa_dma_encode(&d, words, &count));
  if (flip.node == node && flip.word + 1 < count)
    *(flip.is_second ? &words[flip.word].rs2 : &words[flip.word].rs1) ^= UINT64_C(1) << flip.bit;
  for (int i = 0; i + 1 < count; i++)
    text_addf(t, " li t0, %lld\n li t1, %lld\n .insn r 0x2b, 3, %d, x0, t0, t1\n", (long long)words[i].rs1, (long long)words[i].rs2, words[i].op);
  text_addf(t, " la t0, dram_%d\n la t1, %s\n", n->tensor, buffer);
  if (flip.node == node && flip.word + 1 == count)   /* of the address: what loops add comes on top */
    text_addf(t, " li t3, %lld\n add t%d, t%d, t3\n", (long long)1 << flip.bit, flip.is_second, flip.is_second);
  for (size_t i = 0; i < n->offset.n; i++)
    add_scaled(t, g, node, "t0", n->offset.at[i].loop, n->offset.at[i].stride);
  if (loop >= 0)
    add_scaled(t, g, node, "t1", loop, factor);
  text_addf(t, " .insn r 0x2b, 3, %d, x0, t0, t1\n", words[count - 1].op);
}

static inline isa_dma transfer_of(const tile_node *n, isa_dma_op move, int64_t row_stride, int64_t column_stride) {
  isa_dma d = {.move = move, .dims = {1, 1, (uint16_t)n->extent[0], (uint16_t)n->extent[1]}, .dram_stride = {0, 0, n->step[0], n->step[1]}, .spad_stride = {0, 0, row_stride, column_stride},
               .lane_axis = 3, .lane_stride = 1, .elem_bytes = 4};
  memcpy(d.high, d.dims, sizeof d.high);
  return d;
}

/* Tiles of x, y (rows by tm: an element's row, then its column / 128), w (by tk), as the graph of npu_kernel_gemm moves them. */
typedef struct gemm_code { int64_t tm, tn, tk; } gemm_code;
static inline const char *write_gemm(arena *mem, tile_graph *g, gemm_code s, const char *change) {
  text t = text_new(mem);
  text_add(&t, ".option pic\n.text\n");
  for (int i = 0; i < (int)g->nodes.n; i++) {
    tile_node *n = &g->nodes.at[i];
    if (n->kind == TILE_LOOP || n->kind == TILE_WAIT)
      continue;
    n->function = arena_printf(mem, "gemm_node_%d", i);
    text_addf(&t, ".globl %s\n.type %s, @function\n%s:\n", n->function, n->function, n->function);
    int64_t rows = s.tm < 128 ? s.tm : 128;
    if (n->kind == TILE_LOAD && n->tensor == 1)
      write_transfer(&t, g, i, transfer_of(n, ISA_MVIN2, 1, strcmp(change, "spad stride") ? s.tk : s.tk / 2), "w", n->parent, 128 * 4);
    else if (n->kind == TILE_LOAD)
      write_transfer(&t, g, i, transfer_of(n, strcmp(change, "direction") && strcmp(change, "move") ? ISA_MVIN : ISA_MVOUT, 1, s.tm), "x", n->parent, rows * 4);
    else if (n->kind == TILE_STORE) {
      isa_dma d = transfer_of(n, ISA_MVOUT, 1, s.tm);
      d.dram_stride[2] -= strcmp(change, "dram stride") == 0;
      d.dims[2] = (uint16_t)(d.dims[2] - (strcmp(change, "dims") == 0));
      memcpy(d.high, d.dims, sizeof d.high);
      d.is_indirect = strcmp(change, "indirection") == 0;      /* of no element: there are no indices */
      d.index_bytes = 4;
      d.index_spad = (uint64_t)g->buffers.at[2].address;
      d.is_masked = strncmp(change, "mask", 4) == 0 || d.is_indirect;
      d.low[2] = strcmp(change, "mask low") == 0;
      d.high[2] = (uint16_t)(d.high[2] - (strcmp(change, "mask high") == 0));
      d.high[2] = strcmp(change, "mask nothing") == 0 || d.is_indirect ? 0 : d.high[2];
      write_transfer(&t, g, i, d, "y", -1, 0);
    } else if (n->unit == TILE_VECTOR)
      text_addf(&t, " la t0, y\n li t1, %lld\n vsetivli zero, 8, e32, m1, ta, ma\n vmv.v.i v8, 0\n1: vse32.v v8, (t0)\n addi t0, t0, 32\n addi t1, t1, -8\n bnez t1, 1b\n",
                (long long)(s.tm * (s.tn / 128)));
    else if (n->unit == TILE_PRELOAD) {
      text_add(&t, " la t0, w\n");
      add_scaled(&t, g, i, "t0", n->parent, s.tk * 4);
      text_addf(&t, " vsetivli zero, 8, e32, m1, ta, ma\n li t1, %d\n1: vle32.v v8, (t0)\n sf.vc.iv %d, 0, v8, 0\n addi t0, t0, 32\n addi t1, t1, -1\n bnez t1, 1b\n",
                strcmp(change, "weights") ? 16 : 15, strcmp(change, "push") ? 1 : 0);
    } else {
      text_add(&t, " la t0, x\n la t2, y\n");
      add_scaled(&t, g, i, "t0", n->parent, rows * 4);
      add_scaled(&t, g, i, "t2", n->parent, rows * 4);
      add_scaled(&t, g, i, "t2", g->nodes.at[n->parent].parent, s.tm * 4);
      text_addf(&t, " vsetivli zero, 8, e32, m1, ta, ma\n li t1, %lld\n1: vle32.v v8, (t0)\n sf.vc.iv 0, 0, v8, 0\n addi t0, t0, 32\n addi t1, t1, -1\n bnez t1, 1b\n sf.vc.i 1, 0, 0, %d\n",
                (long long)rows / 8, strcmp(change, "immediate") ? 4 : 5);
      text_addf(&t, " li t1, %lld\n2: sf.vc.v.i 2, 0, v9, 0\n vle32.v v8, (t2)\n vfadd.vv v8, v8, v9\n vse32.v v8, (t2)\n addi t2, t2, 32\n addi t1, t1, -1\n bnez t1, 2b\n%s",
                (long long)rows / 8 - (strcmp(change, "outputs") == 0), strcmp(change, "inputs") ? "" : " sf.vc.iv 0, 0, v8, 0\n");
    }
    text_add(&t, strcmp(change, "call") == 0 && n->kind == TILE_STORE ? " j .\n" : " ret\n");
  }
  return text_str(&t);
}

/* ---- runs ---- */

typedef struct rig { tile_graph *g; npu_values values; npu_data data[3]; float *a, *b, *c; npu_gemm s; } rig;

static inline rig open_rig(loom_ctx *ctx, const machine *m, npu_gemm s, gemm_code code, const char *change) {
  rig r = {.g = npu_kernel_gemm(&ctx->mem, m, s), .s = s};
  size_t size;
  r.values.object = testing_assemble(ctx, write_gemm(&ctx->mem, r.g, code, change), &size);
  r.values.object_bytes = size;
  r.values.path = "gemm.o";
  r.a = ARENA_NEW_N(&ctx->mem, float, s.m * s.k);
  r.b = ARENA_NEW_N(&ctx->mem, float, s.k * s.n);
  r.c = ARENA_NEW_N(&ctx->mem, float, s.m * s.n);
  rng random = rng_new(3);
  for (int64_t i = 0; i < s.m * s.k; i++)
    r.a[i] = (float)rng_range(&random, -8, 8);
  for (int64_t i = 0; i < s.k * s.n; i++)
    r.b[i] = (float)rng_range(&random, -8, 8);
  for (int64_t i = 0; i < s.m * s.n; i++)
    r.c[i] = -1;
  r.data[0] = (npu_data){r.a, s.m * s.k * 4, false, NULL};
  r.data[1] = (npu_data){r.b, s.k * s.n * 4, false, NULL};
  r.data[2] = (npu_data){r.c, s.m * s.n * 4, true, NULL};
  return r;
}

static inline npu_report run(loom_ctx *ctx, rig *r, const machine *m, dram_model dram, bool has_values) {
  npu_report report;
  r->values.tensors = r->data;
  r->values.n_tensors = 3;
  if (npu_run(ctx, r->g, m, &(npu_options){.dram = dram, .values = has_values ? &r->values : NULL}, &report) != LOOM_OK)
    fail_msg("%s", ctx->diag.first->text);
  return report;
}

static inline int64_t wrong_elements(const rig *r) {
  int64_t wrong = 0;
  for (int64_t i = 0; i < r->s.m; i++)
    for (int64_t j = 0; j < r->s.n; j++) {
      float sum = 0;
      for (int64_t k = 0; k < r->s.k; k++)
        sum += r->a[i * r->s.k + k] * r->b[k * r->s.n + j];
      wrong += r->c[i * r->s.n + j] != sum;
    }
  return wrong;
}
#endif
