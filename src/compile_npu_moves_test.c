/* Programs in PyTorchSim's contract that no kernel of Loom becomes, drawn: transfers of 1..6 dims in any layout and either operation, waited for or not, tags that several
 * share, slots that change from round to round; tiles combined lane by lane, in their type or a wider one, with the number of the round.  Through the passes to machine
 * code, run with values, and the graph timed by TOGSim's rules too.
 * Oracle: elements by their coordinates, whole numbers, exact in either type; what no transfer names stays as it was.
 * LOOM_NPU_MOVES_SEED draws others, LOOM_NPU_MOVES=N more of them. */
#include "base/vec.h"
#include "compile_npu_testing.h"
#include "sim/npu/npu.h"
#include "target/npu/npt_layout_testing.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PROGRAMS = 120, RANK_MAX = 6, INPUTS_MAX = 3, LOADS_MAX = 4, TILE_MAX = 600, VECTOR_MAX = 8, TEXT_MAX = 64, ALIGN = 64 };
typedef enum wait_kind { NO_WAIT, OWN_TAG, SHARED_TAG, WAITS } wait_kind;      /* SHARED_TAG: nobody waits, and loads of several tensors have one tag */
typedef enum form { PLAIN, PEELED, DECOMPOSED, FORMS } form;

/* A tile is loaded from `tensor`, `ahead` spans behind where the round's stands. */
typedef struct load { int tensor, ahead, slot; } load;
typedef struct layout { int64_t stride[RANK_MAX], span; } layout;      /* of one tile in its tensor; span: elements from its first to behind its last */
typedef struct program {
  const machine *machine;
  form form;
  wait_kind wait;
  dtype type, wide;                     /* of tensors; of sums */
  bool is_started;                      /* memref.dma_start, else togsim.transfer */
  bool turns, is_max, is_apart, counts; /* each round has slots of its own; tiles are combined by max, else by +; each right behind its load; and with the round's number */
  int tag_rank, rank, axis, n_inputs, n_loads;
  int64_t shape[RANK_MAX], spad[RANK_MAX], vs, elems, lane_elems, tiles, parts;
  layout in[INPUTS_MAX], out;
  load loads[LOADS_MAX];
} program;

/* ---- drawing ---- */

static program draw(rng *r, const machine *const *machines, int n_machines) {
  program p = {.elems = 1, .tag_rank = 1};
  p.machine = machines[rng_range(r, 0, n_machines - 1)];
  p.form = (form)rng_range(r, 0, FORMS - 1);
  p.wait = rng_range(r, 0, 1) ? OWN_TAG : (wait_kind)rng_range(r, 0, WAITS - 1);
  p.turns = rng_range(r, 0, 1);
  p.is_max = rng_range(r, 0, 1);
  p.is_apart = rng_range(r, 0, 1);
  p.counts = rng_range(r, 0, 1);
  p.type = rng_range(r, 0, 2) ? DTYPE_F32 : DTYPE_F16;
  p.wide = rng_range(r, 0, 1) ? DTYPE_F32 : p.type;
  p.n_inputs = (int)rng_range(r, 1, INPUTS_MAX);
  p.n_loads = (int)rng_range(r, 1, LOADS_MAX);
  p.vs = rng_range(r, 1, 2);
  p.tiles = rng_range(r, 1, 3);
  p.parts = rng_range(r, 1, 3);
  p.is_started = p.form != DECOMPOSED && rng_range(r, 0, 1);
  if (p.is_started)
    p.tag_rank = (int)rng_range(r, 1, 2);
  p.rank = p.form == PLAIN ? (int)rng_range(r, 1, ISA_DMA_RANK) : (int)rng_range(r, 3, RANK_MAX);
  for (int d = 0; d < p.rank; d++) {
    const int64_t want = p.rank > ISA_DMA_RANK ? 4 : 11, most = TILE_MAX / p.elems < want ? TILE_MAX / p.elems : want;
    p.shape[d] = rng_range(r, 0, p.rank > ISA_DMA_RANK ? 9 : 3) == 0 ? 1 : rng_range(r, 1, most);
    p.elems *= p.shape[d];
  }
  p.axis = (int)rng_range(r, 0, p.rank - 1);
  const int64_t turn = p.vs * p.machine->l1_banks, rounds = (p.shape[p.axis] + turn - 1) / turn;
  p.lane_elems = p.elems / p.shape[p.axis] * rounds * p.vs;
  while (p.n_loads > 1 && (p.n_loads + 1) * (p.lane_elems * 4 + ALIGN) > machine_lane_bytes(p.machine))
    p.n_loads--;
  draw_strides(r, p.rank, p.shape, 0, p.spad);
  for (int i = 0; i < p.n_inputs; i++)
    p.in[i].span = draw_strides(r, p.rank, p.shape, 3, p.in[i].stride);
  p.out.span = draw_strides(r, p.rank, p.shape, 3, p.out.stride);
  for (int i = 0; i < p.n_loads; i++) {
    p.loads[i].tensor = (int)rng_range(r, 0, p.n_inputs - 1);
    p.loads[i].ahead = (int)rng_range(r, 0, 1);
  }
  for (int i = 0; i < p.n_loads; i++)
    for (int k = 0; k < i; k++)
      p.loads[i].slot += p.loads[k].tensor == p.loads[i].tensor;
  return p;
}

/* ---- the program's text ---- */

static void add_list(text *out, const char *name, const program *p, const int64_t *v) {
  text_addf(out, "%s = [", name);
  for (int d = 0; d < p->rank; d++)
    text_addf(out, "%s%" PRId64, d ? ", " : "", v[d]);
  text_add(out, "]");
}

static const char *tile_type(arena *mem, const program *p) {
  text out = text_new(mem);
  text_add(&out, "memref<");
  for (int d = 0; d < p->rank; d++)
    text_addf(&out, "%" PRId64 "x", p->shape[d]);
  text_addf(&out, "%s, 1>", dtype_mlir(p->type));
  return text_str(&out);
}

static int64_t tensor_elems(const program *p, int input) { return (input < 0 ? p->tiles : p->tiles * p->parts + 1) * (input < 0 ? p->out : p->in[input]).span; }

static const char *tag_type(const program *p) { return p->tag_rank == 1 ? "memref<1xi32>" : "memref<1x1xi32>"; }
static const char *tag_types(const program *p) { return p->tag_rank == 1 ? "memref<1xi32>, index" : "memref<1x1xi32>, index, index"; }
/* %tag and its slot. */
static const char *tag_at(arena *mem, const program *p, const char *tag, const char *slot) { return arena_printf(mem, "%%%s, %s%%%s", tag, p->tag_rank == 1 ? "" : "%c0, ", slot); }

/* A transfer between tile @`tile` and argument `argument` (input or, behind them, the output). */
static void add_transfer(text *out, const program *p, const char *tile, int argument, const char *at, const char *tag, const char *slot, bool is_async) {
  arena *mem = out->mem;
  const bool is_store = argument == p->n_inputs;
  text in_tile = text_new(mem), tile_types = text_new(mem);
  text_addf(&in_tile, "%%%s", tile);
  text_add(&tile_types, tile_type(mem, p));
  for (int d = 0; d < (p->is_started ? p->rank : 1); d++) {
    text_add(&in_tile, ", %c0");
    text_add(&tile_types, ", index");
  }
  const char *in_dram = arena_printf(mem, "%%a%d, %%%s", argument, at);
  const char *dram_types = arena_printf(mem, "memref<%" PRId64 "x%s>, index", tensor_elems(p, is_store ? -1 : argument), dtype_mlir(p->type));
  const char *where = tag_at(mem, p, tag, slot);
  const bool tile_first = p->is_started && is_store;
  const char *first = tile_first ? text_str(&in_tile) : in_dram, *second = tile_first ? in_dram : text_str(&in_tile);
  const char *first_types = tile_first ? text_str(&tile_types) : dram_types, *second_types = tile_first ? dram_types : text_str(&tile_types);
  const int kind = is_store ? ISA_MVOUT : ISA_MVIN;
  if (p->is_started)
    text_addf(out, "  \"memref.dma_start\"(%s, %s, %%c%d, %s, %%c%d, %%vs) {", first, second, kind, where, p->axis);
  else
    text_addf(out, "  \"togsim.transfer\"(%s, %s, %s, %%c%d, %%vs) {dma_kind = \"%s\", vlane_split_axis = %d : i64, ", first, second, where, kind, is_store ? "MVOUT" : "MVIN", p->axis);
  add_list(out, "dram_stride", p, is_store ? p->out.stride : p->in[argument].stride);
  text_add(out, ", ");
  add_list(out, p->is_started ? "sram_stride" : "tile_stride", p, p->spad);
  text_addf(out, "%s} : (%s, %s, ", is_async ? ", async = true" : "", first_types, second_types);
  if (p->is_started)
    text_addf(out, "index, %s, index, index) -> ()\n", tag_types(p));
  else
    text_addf(out, "%s, index, index) -> ()\n", tag_types(p));
}

/* The slot's value, `%s<i>`: its number, or one of its own in each round. */
static void add_slot(text *out, const program *p, int i) {
  if (p->turns)
    text_addf(out, "  %%s%d = affine.apply affine_map<(k) -> (k * %d + %d)>(%%k)\n", i, LOADS_MAX, p->loads[i].slot);
  else
    text_addf(out, "  %%s%d = arith.constant %d : index\n", i, p->loads[i].slot);
}

/* Loads of a tensor share one, a slot each; not those of more than four dims, which become several. */
static const char *tag_of(arena *mem, const program *p, int i) {
  return p->wait == SHARED_TAG ? "tag0" : arena_printf(mem, "tag%d", p->wait == OWN_TAG && p->rank <= ISA_DMA_RANK ? p->loads[i].tensor : i);
}

static void add_load(text *out, const program *p, int i) {
  const load *l = &p->loads[i];
  const bool is_async = p->wait == OWN_TAG;
  text_addf(out, "  %%d%d = affine.apply affine_map<(t, k) -> (t * %" PRId64 " + k * %" PRId64 " + %" PRId64 ")>(%%t, %%k)\n", i, p->parts * p->in[l->tensor].span, p->in[l->tensor].span,
            l->ahead * p->in[l->tensor].span);
  add_slot(out, p, i);
  add_transfer(out, p, arena_printf(out->mem, "T%d", i), l->tensor, arena_printf(out->mem, "d%d", i), tag_of(out->mem, p, i), is_async ? arena_printf(out->mem, "s%d", i) : "c0", is_async);
}

static void add_wait(text *out, const program *p, int i) {
  const char *tag = tag_at(out->mem, p, tag_of(out->mem, p, i), arena_printf(out->mem, "s%d", i));
  if (p->wait == OWN_TAG)
    text_addf(out, "  \"%s\"(%s, %%c1) : (%s, index) -> ()\n", p->is_started ? "memref.dma_wait" : "togsim.wait", tag, tag_types(p));
}

static int vector_of(const program *p) {
  int vector = VECTOR_MAX;
  while (p->lane_elems % vector)
    vector /= 2;
  return vector;
}

static const char *bank_type(arena *mem, const program *p) { return arena_printf(mem, "memref<%" PRId64 "x%s, strided<[1]>, 1>", p->lane_elems, dtype_mlir(p->type)); }

static const char *vector_type(arena *mem, const program *p, dtype t) { return arena_printf(mem, "vector<%dx%s>", vector_of(p), dtype_mlir(t)); }

/* %name<i> = what is in tile @tile at %i. */
static void add_read(text *out, const program *p, const char *name, int i, const char *tile) {
  const bool is_wide = p->wide != p->type;
  const char *narrow = vector_type(out->mem, p, p->type);
  text_addf(out, "  %%%s%s%d = affine.vector_load %%f%s[%%i] : %s, %s\n", is_wide ? "n" : "", name, i, tile, bank_type(out->mem, p), narrow);
  if (is_wide)
    text_addf(out, "  %%%s%d = arith.extf %%n%s%d : %s to %s\n", name, i, name, i, narrow, vector_type(out->mem, p, p->wide));
}

/* %v<to> = %v<from> and what is behind it. */
static void add_combined(text *out, const program *p, int to, int from, const char *what) {
  text_addf(out, "  %%v%d = %s %%v%d, %%%s : %s\n", to, p->is_max ? "arith.maximumf" : "arith.addf", from, what, vector_type(out->mem, p, p->wide));
}

/* For each vector of a lane's bank: what is in ACC, and tiles from..to - 1. */
static void add_sum(text *out, const program *p, int from, int to) {
  const bool is_wide = p->wide != p->type;
  const char *wide = vector_type(out->mem, p, p->wide), *narrow = vector_type(out->mem, p, p->type);
  int last = to;
  text_addf(out, "  affine.for %%i = 0 to %" PRId64 " step %d {\n", p->lane_elems, vector_of(p));
  add_read(out, p, "v", from, "ACC");
  if (p->counts)
    text_addf(out, "  %%word = arith.index_cast %%k : index to i32\n  %%number = arith.sitofp %%word : i32 to %s\n", dtype_mlir(p->type));
  if (p->counts && is_wide)
    text_addf(out, "  %%wide_number = arith.extf %%number : %s to %s\n", dtype_mlir(p->type), dtype_mlir(p->wide));
  for (int i = from; i < to; i++) {
    add_read(out, p, "x", i, arena_printf(out->mem, "T%d", i));
    add_combined(out, p, i + 1, i, arena_printf(out->mem, "x%d", i));
  }
  if (p->counts) {
    text_addf(out, "  %%numbers = vector.broadcast %%%snumber : %s to %s\n", is_wide ? "wide_" : "", dtype_mlir(p->wide), wide);
    add_combined(out, p, ++last, to, "numbers");
  }
  if (is_wide)
    text_addf(out, "  %%sum = arith.truncf %%v%d : %s to %s\n", last, wide, narrow);
  text_addf(out, "  affine.vector_store %%%s, %%fACC[%%i] : %s, %s\n  }\n", is_wide ? "sum" : arena_printf(out->mem, "v%d", last), bank_type(out->mem, p), narrow);
}

static void add_round(text *out, const program *p) {
  for (int i = 0; i < p->n_loads; i++) {
    add_load(out, p, i);
    if (p->is_apart) {
      add_wait(out, p, i);
      add_sum(out, p, i, i + 1);
    }
  }
  if (p->is_apart)
    return;
  for (int i = 0; i < p->n_loads; i++)
    add_wait(out, p, i);
  add_sum(out, p, 0, p->n_loads);
}

static void add_fill(text *out, const program *p) {
  const char *type = vector_type(out->mem, p, p->type);
  text_addf(out, "  %%zero = arith.constant dense<0.0> : %s\n  affine.for %%i = 0 to %" PRId64 " step %d {\n", type, p->lane_elems, vector_of(p));
  text_addf(out, "  affine.vector_store %%zero, %%fACC[%%i] : %s, %s\n  }\n", bank_type(out->mem, p), type);
}

static void add_tile(text *out, const program *p, const char *name) {
  const char *type = tile_type(out->mem, p);
  text_addf(out, "  %%%s = memref.get_global @%s : %s\n  %%f%s = memref.reinterpret_cast %%%s to offset: [0], sizes: [%" PRId64 "], strides: [1] : %s to %s\n", name, name, type, name, name,
            p->lane_elems, type, bank_type(out->mem, p));
}

static const char *text_of(arena *mem, const program *p) {
  text out = text_new(mem);
  text_addf(&out, "memref.global \"private\" @ACC : %s\n", tile_type(mem, p));
  for (int i = 0; i < p->n_loads; i++)
    text_addf(&out, "memref.global \"private\" @T%d : %s\n", i, tile_type(mem, p));
  text_add(&out, "func.func @kernel(");
  for (int i = 0; i <= p->n_inputs; i++)
    text_addf(&out, "%s%%a%d: memref<%" PRId64 "x%s>", i ? ", " : "", i, tensor_elems(p, i < p->n_inputs ? i : -1), dtype_mlir(p->type));
  text_addf(&out, ") {\n  %%vs = arith.constant %" PRId64 " : index\n  %%tag_out = memref.alloc() : %s\n", p->vs, tag_type(p));
  for (int i = 0; i < RANK_MAX; i++)      /* kinds of moves and axes */
    text_addf(&out, "  %%c%d = arith.constant %d : index\n", i, i);
  for (int i = 0; i < LOADS_MAX; i++)
    text_addf(&out, "  %%tag%d = memref.alloc() : %s\n", i, tag_type(p));
  add_tile(&out, p, "ACC");
  for (int i = 0; i < p->n_loads; i++)
    add_tile(&out, p, arena_printf(mem, "T%d", i));
  text_addf(&out, "  affine.for %%t = 0 to %" PRId64 " {\n", p->tiles);
  add_fill(&out, p);
  text_addf(&out, "  affine.for %%k = 0 to %" PRId64 " {\n", p->parts);
  add_round(&out, p);
  text_addf(&out, "  } {accumulation_loop = true}\n  %%d_out = affine.apply affine_map<(t) -> (t * %" PRId64 ")>(%%t)\n", p->out.span);
  add_transfer(&out, p, "ACC", p->n_inputs, "d_out", "tag_out", "c0", false);
  text_add(&out, "  } {outer_loop = true}\n  return\n}\n");
  return text_str(&out);
}

/* ---- running ---- */

static loom_status build(ir_ctx *ir, const program *p, const char *source, tile_graph **graph, npt_riscv_code *code) {
  static const char *const forms[FORMS] = {"", "loom-peel-transfer{vectorlane=%d},", "loom-decompose-transfer{vectorlane=%d},"};
  char before[TEXT_MAX];
  snprintf(before, sizeof before, forms[p->form], (int)p->machine->l1_banks);
  return build_program(ir, p->machine, source, before, graph, code);
}

static double combined(const program *p, double a, double b) { return !p->is_max ? a + b : a < b ? b : a; }

/* What the output is to be; what no store names is NaN. */
static const double *wanted(arena *mem, const program *p, char *const *in) {
  const int64_t n = tensor_elems(p, -1), bytes = (int64_t)dtype_bytes(p->type);
  double *out = ARENA_NEW_N(mem, double, n);
  for (int64_t i = 0; i < n; i++)
    out[i] = NAN;
  for (int64_t t = 0; t < p->tiles; t++)
    for (int64_t e = 0; e < p->elems; e++) {
      int64_t at_out = t * p->out.span, rest = e, index[RANK_MAX];
      for (int d = p->rank - 1; d >= 0; rest /= p->shape[d--])
        index[d] = rest % p->shape[d];
      for (int d = 0; d < p->rank; d++)
        at_out += index[d] * p->out.stride[d];
      double sum = 0;
      for (int64_t k = 0; k < p->parts; k++) {
        for (int i = 0; i < p->n_loads; i++) {
          const layout *l = &p->in[p->loads[i].tensor];
          int64_t at = (t * p->parts + k + p->loads[i].ahead) * l->span;
          for (int d = 0; d < p->rank; d++)
            at += index[d] * l->stride[d];
          const double x = dtype_load(p->type, in[p->loads[i].tensor] + at * bytes);
          sum = combined(p, sum, x);
        }
        for (int i = 0; p->counts && i < (p->is_apart ? p->n_loads : 1); i++)
          sum = combined(p, sum, (double)k);
      }
      out[at_out] = sum;
    }
  return out;
}

static void compare(const program *p, const char *bytes, const double *want, const char *source) {
  for (int64_t i = 0; i < tensor_elems(p, -1); i++) {
    const double got = dtype_load(p->type, bytes + i * (int64_t)dtype_bytes(p->type));
    if (!(got == want[i] || (isnan(got) && isnan(want[i]))))
      fail_msg("element %" PRId64 " is %g, must be %g on %s\n%s", i, got, want[i], p->machine->name, source);
  }
}

static void need_no_faults(loom_ctx *ctx, loom_status st, const npu_report *report, const char *source) {
  if (st != LOOM_OK || report->n_faults)
    fail_msg("%s\n%s", st != LOOM_OK ? ctx->diag.first->text : report->faults.at[0].text, source);
}

static int64_t read_bytes(const npu_report *report) {
  int64_t bytes = 0;
  for (int i = 0; i < report->n_cores; i++)
    bytes += report->cores[i].read_bytes;
  return bytes;
}

/* Memory that ends where a page does that cannot be read. */
typedef struct guarded { char *all; size_t bytes; const char *at; } guarded;

static guarded guard(const void *from, size_t bytes) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE), inside = (bytes + page - 1) / page * page;
  guarded g = {.bytes = inside + page};
  g.all = mmap(NULL, g.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_true(g.all != MAP_FAILED && mprotect(g.all + inside, page, PROT_NONE) == 0);
  g.at = memcpy(g.all + inside - bytes, from, bytes);
  return g;
}

static void run(loom_ctx *ctx, const program *p, const machine *togsim, tile_graph *graph, const npt_riscv_code *code, const char *source) {
  char *tensors[INPUTS_MAX + 1];
  const int64_t elem_bytes = (int64_t)dtype_bytes(p->type);
  npu_data data[INPUTS_MAX + 1];
  npu_report report, alone, by_tags;
  rng r = rng_new(1);
  int64_t base = 0;
  for (int i = 0; i <= p->n_inputs; i++) {
    const int64_t n = tensor_elems(p, i < p->n_inputs ? i : -1);
    tensors[i] = arena_alloc(&ctx->mem, (size_t)(n * elem_bytes));
    for (int64_t e = 0; e < n; e++)
      dtype_store(p->type, tensors[i] + e * elem_bytes, i < p->n_inputs ? (double)rng_range(&r, -9, 9) : NAN);
  }
  for (size_t i = 0; i < graph->tensors.n; i++) {      /* those that something is moved of */
    const int argument = atoi(graph->tensors.at[i].name + strlen("arg"));
    const int64_t bytes = tensor_elems(p, argument < p->n_inputs ? argument : -1) * elem_bytes;
    graph->tensors.at[i].is_placed = true;
    graph->tensors.at[i].base = base;
    base += (bytes + 4095) / 4096 * 4096;
    data[i] = (npu_data){tensors[argument], bytes, argument == p->n_inputs, NULL};
  }
  const guarded object = guard(code->object, code->size);
  const npu_values values = {.path = "kernel.o", .object = object.at, .object_bytes = code->size, .tensors = data, .n_tensors = graph->tensors.n};
  need_no_faults(ctx, npu_run(ctx, graph, p->machine, &(npu_options){.values = &values}, &report), &report, source);
  munmap(object.all, object.bytes);
  compare(p, tensors[p->n_inputs], wanted(&ctx->mem, p, tensors), source);
  need_no_faults(ctx, npu_run(ctx, graph, p->machine, &(npu_options){0}, &alone), &alone, source);
  assert_int_equal(alone.cycles, report.cycles);
  need_no_faults(ctx, npu_run(ctx, graph, togsim, &(npu_options){0}, &by_tags), &by_tags, source);
  if (by_tags.request_bytes == report.request_bytes && read_bytes(&by_tags) != read_bytes(&report))
    fail_msg("by TOGSim's rules %" PRId64 " bytes are loaded, on %s %" PRId64 "\n%s", read_bytes(&by_tags), p->machine->name, read_bytes(&report), source);
}

static bool may_refuse(const loom_ctx *ctx) { return ctx->diag.first && strstr(ctx->diag.first->text, "cannot place the lane dim"); }

/* False: refused. */
static bool check_one(const program *p, const machine *togsim) {
  loom_ctx ctx;
  ir_ctx ir;
  tile_graph *graph;
  npt_riscv_code code;
  loom_ctx_init(&ctx);
  assert_int_equal(ir_open(&ctx, &ir), LOOM_OK);
  const char *source = text_of(&ctx.mem, p);
  const bool is_built = build(&ir, p, source, &graph, &code) == LOOM_OK;
  if (is_built)
    run(&ctx, p, togsim, graph, &code, source);
  else if (!may_refuse(&ctx))
    fail_msg("%s\n%s", ctx.diag.first ? ctx.diag.first->text : "no reason", source);
  ir_close(&ir);
  loom_ctx_done(&ctx);
  return is_built;
}

static void test_programs_drawn(void **state) {
  (void)state;
  static const char *const names[] = {"tpuv3", "gemmini32", "gemmini8", "tpuv3-togsim"};
  enum { MACHINES = 3 };
  machine *machines[MACHINES + 1];
  loom_ctx ctx;
  int right = 0, refused = 0;
  loom_ctx_init(&ctx);
  for (int i = 0; i <= MACHINES; i++)
    assert_int_equal(machine_load(&ctx, arena_printf(&ctx.mem, LOOM_SOURCE_DIR "/machines/%s.yaml", names[i]), NULL, &machines[i]), LOOM_OK);
  rng r = rng_new((uint64_t)testing_number("LOOM_NPU_MOVES_SEED", 1));
  for (int64_t n = testing_number("LOOM_NPU_MOVES", PROGRAMS); n > 0; n--) {
    const program p = draw(&r, (const machine *const *)machines, MACHINES);
    *(check_one(&p, machines[MACHINES]) ? &right : &refused) += 1;
  }
  print_message("%d right, %d refused: where the lane dim cannot be placed\n", right, refused);
  assert_true(right > refused * 3);
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_programs_drawn)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
