/* Products as programs of one core, for the tests of what multiplies: text of the bufferized kernel, machine code, memory with canaries behind it. */
#ifndef LOOM_CPU_GRID_TESTING_H
#define LOOM_CPU_GRID_TESTING_H
#include "base/ceil.h"
#include "target/cpu/cpu_testing.h"

enum { CANARY = 64 };
/* Tensors x [m, k] and y [k, n], stored the other way round where they are transposed; the sums go to a tensor of `type` where narrow_out. */
typedef struct product { dtype type; bool x_transposed, transposed, narrow_out; int64_t m, n, k, tile[3]; cpu_dots dots; uint64_t constants; } product;

/* One place of the workspace: a loom.alloc and its slot. */
static inline void add_slot(text *t, const char *name, int64_t offset, int64_t rows, int64_t cols, const char *element) {
  const char *type = arena_printf(&ctx.mem, "memref<%dx%dx%s>", (int)rows, (int)cols, element);
  text_addf(t, "  %%a%s = \"loom.alloc\"() {alignment = 32 : i64, buffer_count = 1 : i64, memory = @L1, offset = %d : i64, static_sizes = array<i64: %d, %d>} : () -> %s\n", name,
            (int)offset, (int)rows, (int)cols, type);
}

static inline void add_take(text *t, const char *name, int64_t rows, int64_t cols, const char *element, const char *m, const char *n) {
  const char *type = arena_printf(&ctx.mem, "memref<%dx%dx%s>", (int)rows, (int)cols, element);
  text_addf(t, "  %%t%s = \"loom.semaphore_take\"(%%a%s) : (%s) -> %s\n", name, name, type, type);
  text_addf(t, "  %%s%s = memref.subview %%t%s[0, 0] [%%%s, %%%s] [1, 1] : %s to memref<?x?x%s, strided<[%d, 1]>>\n", name, name, m, n, type, element, (int)cols);
}

static inline void add_copy(text *t, const char *from, const char *from_type, const char *to, const char *to_type, bool is_load) {
  text_addf(t, "  \"loom.copy\"(%%%s, %%%s, %%c0, %%c0, %%c0, %%c0) {dst_mem_space = @mem_%s, operandSegmentSizes = array<i32: 1, 1, 0, 2, 2>, src_mem_space = @mem_%s, "
               "static_area = array<i64: 1, 1>} : (%s, %s, index, index, index, index) -> ()\n", from, to, is_load ? "L1" : "DRAM", is_load ? "DRAM" : "L1", from_type, to_type);
}

static inline void add_extent(text *t, const char *name, const char *turn, int64_t tile, int64_t whole) {
  text_addf(t, "  %%%sT = arith.constant %d : index\n  %%%sW = arith.constant %d : index\n  %%%s0 = arith.muli %%%s, %%%sT : index\n"
               "  %%%sR = arith.subi %%%sW, %%%s0 : index\n  %%%s = arith.minsi %%%sT, %%%sR : index\n", name, (int)tile, name, (int)whole, name, turn, name, name, name, name, name, name, name);
}

/* The tensor as `rows` x `columns`, whichever way it is stored. */
static inline void add_view(text *t, const char *name, const char *e, bool is_transposed, int64_t rows, int64_t columns) {
  int64_t rs = is_transposed ? 1 : columns, cs = is_transposed ? rows : 1;
  text_addf(t, "  %%w%s = memref.reinterpret_cast %%%s to offset: [0], sizes: [%d, %d], strides: [%d, %d] : memref<%dx%dx%s> to memref<%dx%dx%s, strided<[%d, %d]>>\n", name, name, (int)rows,
            (int)columns, (int)rs, (int)cs, (int)(is_transposed ? columns : rows), (int)(is_transposed ? rows : columns), e, (int)rows, (int)columns, e, (int)rs, (int)cs);
}

static inline dtype sum_type(const product *p) { return p->type == DTYPE_I8 ? DTYPE_I32 : DTYPE_F32; }

static inline const char *bufferized(const product *p) {
  text t = text_new(&ctx.mem);
  const char *e = dtype_mlir(p->type), *sum = dtype_mlir(sum_type(p)), *o = p->narrow_out ? e : sum;
  int64_t ks = p->transposed ? 1 : p->n, ns = p->transposed ? p->k : 1, ms = p->x_transposed ? 1 : p->k, xs = p->x_transposed ? p->m : 1, bytes = (int64_t)dtype_bytes(p->type);
  int64_t a_bytes = ceil_div(p->tile[0] * p->tile[2] * bytes, 64) * 64, b_bytes = ceil_div(p->tile[2] * p->tile[1] * bytes, 64) * 64;
  text_addf(&t, "module {\nfunc.func @product(%%x: memref<%dx%dx%s>, %%y: memref<%dx%dx%s>, %%o: memref<%dx%dx%s>) {\n", (int)(p->x_transposed ? p->k : p->m),
            (int)(p->x_transposed ? p->m : p->k), e, (int)(p->transposed ? p->n : p->k), (int)(p->transposed ? p->k : p->n), e, (int)p->m, (int)p->n, o);
  text_addf(&t, "  %%c0 = arith.constant 0 : index\n  %%c1 = arith.constant 1 : index\n  %%mt = arith.constant %d : index\n  %%nt = arith.constant %d : index\n  %%kt = arith.constant %d : index\n"
                "  scf.parallel (%%core) = (%%c0) to (%%c1) step (%%c1) {\n", (int)ceil_div(p->m, p->tile[0]), (int)ceil_div(p->n, p->tile[1]), (int)ceil_div(p->k, p->tile[2]));
  add_slot(&t, "x", 0, p->tile[0], p->tile[2], e);
  add_slot(&t, "y", a_bytes, p->tile[2], p->tile[1], e);
  add_slot(&t, "acc", a_bytes + b_bytes, p->tile[0], p->tile[1], sum);
  if (p->narrow_out)
    add_slot(&t, "out", a_bytes + b_bytes + p->tile[0] * p->tile[1] * 4, p->tile[0], p->tile[1], o);
  text_add(&t, "  scf.for %i = %c0 to %mt step %c1 {\n  scf.for %j = %c0 to %nt step %c1 {\n");
  add_extent(&t, "m", "i", p->tile[0], p->m);
  add_extent(&t, "n", "j", p->tile[1], p->n);
  add_take(&t, "acc", p->tile[0], p->tile[1], sum, "m", "n");
  const char *acc = arena_printf(&ctx.mem, "memref<?x?x%s, strided<[%d, 1]>>", sum, (int)p->tile[1]);
  text_addf(&t, "  %%zero = arith.constant %s : %s\n  linalg.fill ins(%%zero : %s) outs(%%sacc : %s)\n  scf.for %%l = %%c0 to %%kt step %%c1 {\n", p->type == DTYPE_I8 ? "0" : "0.0", sum, sum, acc);
  add_extent(&t, "k", "l", p->tile[2], p->k);
  add_take(&t, "x", p->tile[0], p->tile[2], e, "m", "k");
  add_take(&t, "y", p->tile[2], p->tile[1], e, "k", "n");
  const char *x = arena_printf(&ctx.mem, "memref<?x?x%s, strided<[%d, %d], offset: ?>>", e, (int)ms, (int)xs), *sx = arena_printf(&ctx.mem, "memref<?x?x%s, strided<[%d, 1]>>", e, (int)p->tile[2]);
  const char *y = arena_printf(&ctx.mem, "memref<?x?x%s, strided<[%d, %d], offset: ?>>", e, (int)ks, (int)ns), *sy = arena_printf(&ctx.mem, "memref<?x?x%s, strided<[%d, 1]>>", e, (int)p->tile[1]);
  add_view(&t, "x", e, p->x_transposed, p->m, p->k);
  text_addf(&t, "  %%vx = memref.subview %%wx[%%m0, %%k0] [%%m, %%k] [1, 1] : memref<%dx%dx%s, strided<[%d, %d]>> to %s\n", (int)p->m, (int)p->k, e, (int)ms, (int)xs, x);
  add_view(&t, "y", e, p->transposed, p->k, p->n);
  text_addf(&t, "  %%vy = memref.subview %%wy[%%k0, %%n0] [%%k, %%n] [1, 1] : memref<%dx%dx%s, strided<[%d, %d]>> to %s\n", (int)p->k, (int)p->n, e, (int)ks, (int)ns, y);
  add_copy(&t, "vx", x, "sx", sx, true);
  add_copy(&t, "vy", y, "sy", sy, true);
  text_addf(&t, "  linalg.matmul ins(%%sx, %%sy : %s, %s) outs(%%sacc : %s)\n  }\n", sx, sy, acc);
  const char *from = "sacc", *from_type = acc;
  if (p->narrow_out) {
    add_take(&t, "out", p->tile[0], p->tile[1], o, "m", "n");
    from_type = arena_printf(&ctx.mem, "memref<?x?x%s, strided<[%d, 1]>>", o, (int)p->tile[1]);
    text_addf(&t, "  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = [\"parallel\", \"parallel\"]} ins(%%sacc : %s) outs(%%sout : %s) {\n"
                  "  ^bb0(%%in: f32, %%old: %s):\n    %%r = arith.truncf %%in : f32 to %s\n    linalg.yield %%r : %s\n  }\n", acc, from_type, o, o, o);
    from = "sout";
  }
  const char *out = arena_printf(&ctx.mem, "memref<?x?x%s, strided<[%d, 1], offset: ?>>", o, (int)p->n);
  text_addf(&t, "  %%vo = memref.subview %%o[%%m0, %%n0] [%%m, %%n] [1, 1] : memref<%dx%dx%s> to %s\n", (int)p->m, (int)p->n, o, out);
  add_copy(&t, from, from_type, "vo", out, false);
  text_add(&t, "  }\n  }\n  scf.reduce\n  } {loom.block_syms = [@m], loom.logical_levels = [0], loom.physical_dims = [@dim_x]}\n  return\n}\n}\n");
  return text_str(&t);
}

/* ---- running it ---- */
static inline codegen_image *compile_product(const product *p, const char *cpu, cpu_grid *grid) {
  MlirModule m, cores = {NULL};
  const char *src = bufferized(p);
  assert_int_equal(ir_parse(&ir, "bufferized.mlir", src, strlen(src), &m), LOOM_OK);
  loom_status st = cpu_grid_from_bufferized(&ir, m, codegen_vector_bytes(cpu), p->dots, p->constants, grid, &cores);
  ir_close_module(m);
  bool is_few = p->tile[0] <= 8 && p->type != DTYPE_I8 && !p->transposed, is_dot = (p->type == DTYPE_I8 ? p->dots.i8 : p->dots.bf16) != CPU_DOT_NONE;
  if (st == LOOM_OK && (is_few || is_dot)) {
    const char *element = dtype_mlir(p->type), *name = is_few ? arena_printf(&ctx.mem, "loom_rows_%s_%s", element, element) : arena_printf(&ctx.mem, "loom_dot_%s", element);
    if (mlirOperationIsNull(ir_find_func(cores, name)))
      fail_msg("%dx%dx%d in tiles of %dx%dx%d: no %s", (int)p->m, (int)p->n, (int)p->k, (int)p->tile[0], (int)p->tile[1], (int)p->tile[2], name);
  }
  return link_for(st, cores, cpu);
}

static inline unsigned char *memory(size_t bytes) {
  unsigned char *p = arena_alloc(&ctx.mem, bytes + 2 * CANARY + 64);
  p += 64 - (uintptr_t)p % 64;
  memset(p, 0xA5, bytes + CANARY);
  return p;
}

static inline void assert_canary(const unsigned char *p, size_t bytes) {
  for (int i = 0; i < CANARY; i++)
    assert_int_equal(p[bytes + (size_t)i], 0xA5);
}

#endif
