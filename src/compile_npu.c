#include "compile_npu.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/number.h"
#include "compile_cache.h"
#include "compile_tuning.h"
#include "pass/pass.h"
#include <stdio.h>
#include <string.h>

loom_status compile_npu_check_machine(compile_state *s) {
  if (s->machine->npu)
    return LOOM_OK;
  diag_error(s->ctx, LOOM_NOSPAN, LOOM_EUSAGE, "machine '%s' is no NPU: there is no program for its cores", s->machine->name);
  diag_help(s->ctx, "say --machine tpuv3, tpuv4, gemmini8 or gemmini32, or give the machine's file a section npu");
  return LOOM_EUSAGE;
}

/* ---- lowering ---- */

static void add(compile_state *s, compile_npu *n, const char *name, const char *bytes, size_t size) { vec_push(&s->ctx->mem, &n->files, ((compile_npu_file){name, bytes, size})); }
static void add_text(compile_state *s, compile_npu *n, const char *name, const char *bytes) { add(s, n, name, bytes, strlen(bytes)); }

/* What the program's arguments are. */
static data_value *describe(compile_state *s, const npt_program *p) {
  arena *m = &s->ctx->mem;
  data_value *v = data_object(m), *arguments = data_array(m);
  data_set_string(m, v, "schema", "loom.npu_program.v1");
  data_set_string(m, v, "kernel", s->tog->kernel);
  data_set_string(m, v, "machine", s->machine->name);
  for (size_t i = 0; i < p->arguments.n; i++) {
    const npt_tensor *a = &p->arguments.at[i];
    data_value *one = data_object(m);
    data_set_string(m, one, "name", a->name);
    data_set_string(m, one, "dtype", dtype_mlir(a->type));
    data_set_int(m, one, "elems", a->elems);
    if (a->tensor >= 0)
      data_set_int(m, one, "tensor", a->tensor);
    data_push(m, arguments, one);
  }
  data_set(m, v, "arguments", arguments);
  data_set_int(m, v, "lanes", s->machine->l1_banks);
  data_set_int(m, v, "vlen_bits", s->machine->npu->vlen_bits);
  data_set_int(m, v, "lane_bytes", p->lane_bytes);
  if (p->rows)
    data_set_int(m, v, "rows", p->rows);
  return v;
}

/* The argument that tensor "arg2" of a graph is. */
static loom_status argument_of(compile_state *s, const tile_graph *g, size_t tensor, const npt_program *p, size_t *out) {
  const char *name = g->tensors.at[tensor].name;
  const int number = number_after(name, "arg");
  if (number < 0 || (size_t)number >= p->arguments.n)
    LOOM_FAIL(s->ctx, diag_file_span(s->ctx, g->path), LOOM_EINPUT, "tensor '%s' of the tile graph is no argument of its program", name);
  *out = (size_t)number;
  return LOOM_OK;
}

/* The arguments lie one behind the other in DRAM. */
static loom_status place_tensors(compile_state *s, tile_graph *g, const npt_program *p) {
  enum { ALIGN = 4096 };
  for (size_t k = 0; k < g->tensors.n; k++) {
    size_t argument = 0;
    LOOM_TRY(argument_of(s, g, k, p, &argument));
    g->tensors.at[k].is_placed = true;
    for (size_t i = 0; i < argument; i++)
      g->tensors.at[k].base += (p->arguments.at[i].elems * (int64_t)dtype_bytes(p->arguments.at[i].type) + ALIGN - 1) / ALIGN * ALIGN;
  }
  return LOOM_OK;
}

static loom_status make_graph(compile_state *s, compile_npu *n) {
  const machine *m = s->machine;
  const npt_tog_options o = {.lanes = m->l1_banks, .systolic_size = m->l1_banks, .pipeline = m->pipeline};
  LOOM_TRY(npt_build_tog(&s->ir, n->program.module, n->program.kernel, &o, &n->graph));
  LOOM_TRY(place_tensors(s, n->graph, &n->program));
  add_text(s, n, "graph.json", data_write_json(&s->ctx->mem, tile_graph_to_data(&s->ctx->mem, n->graph), 1));
  return LOOM_OK;
}

/* Of the function's arguments: LLVM has no word for them. */
static void forget_names(compile_state *s, MlirOperation func) {
  intptr_t n = mlirBlockGetNumArguments(ir_body(func));
  MlirAttribute *none = ARENA_NEW_N(&s->ctx->mem, MlirAttribute, n + 1);
  for (intptr_t i = 0; i < n; i++)
    none[i] = ir_attr(&s->ir, "{}");
  ir_set_attr(func, "arg_attrs", mlirArrayAttrGet(s->ir.mlir, n, none));
}

static loom_status make_code(compile_state *s, compile_npu *n) {
  MlirModule code = ir_clone_module(n->program.module);
  loom_status st = npt_outline(&s->ir, code, n->program.kernel);
  if (st == LOOM_OK)
    forget_names(s, ir_find_func(code, n->program.kernel));
  if (st == LOOM_OK)
    st = pass_run_pipeline(&s->ir, code, "builtin.module(loom-lower-dma)", &(pass_run_options){0});
  if (st == LOOM_OK)
    st = npt_riscv_compile(&s->ir, code, (int)s->machine->npu->vlen_bits, s->o->write_files, &n->code);
  ir_close_module(code);
  if (st != LOOM_OK)
    return st;
  add(s, n, "kernel.o", n->code.object, n->code.size);
  if (n->code.assembly)
    add_text(s, n, "kernel.s", n->code.assembly);
  return LOOM_OK;
}

loom_status compile_npu_make_program(compile_state *s, compile_npu *n) {
  npt_core core;
  LOOM_TRY(compile_npu_check_machine(s));
  LOOM_TRY(npt_core_of(s->ctx, s->machine, &core));
  core.lane_bytes = compile_npu_machine(s).l1_bytes / s->machine->l1_banks;
  core.opens_rows = s->o->open_rows;
  LOOM_TRY(npt_lower(&s->ir, s->tog, core, &n->program));
  add_text(s, n, "program.json", data_write_json(&s->ctx->mem, describe(s, &n->program), 1));
  add_text(s, n, "program.mlir", ir_print(&s->ctx->mem, mlirModuleGetOperation(n->program.module), false));
  return LOOM_OK;
}

loom_status compile_npu_lower_program(compile_state *s, compile_npu *n) {
  const machine *m = s->machine;
  const char *pipeline = arena_printf(&s->ctx->mem, "builtin.module(loom-peel-transfer{vectorlane=%" PRId64 "},loom-lower-vlane-idx,loom-to-vcix{systolic-array-size=%" PRId64 " vlen=%" PRId64 "})",
                                      m->l1_banks, m->l1_banks, m->npu->vlen_bits);
  LOOM_TRY(pass_run_pipeline(&s->ir, n->program.module, pipeline, &(pass_run_options){0}));
  add_text(s, n, "lowered.mlir", ir_print(&s->ctx->mem, mlirModuleGetOperation(n->program.module), false));
  return LOOM_OK;
}

loom_status compile_npu_make_code(compile_state *s, compile_npu *n) {
  LOOM_TRY(make_graph(s, n));
  return make_code(s, n);
}

loom_status compile_npu_lower(compile_state *s, compile_npu *n) {
  const double start = clock_ms();
  LOOM_TRY(compile_npu_make_program(s, n));
  LOOM_TRY(compile_npu_lower_program(s, n));
  LOOM_TRY(compile_npu_make_code(s, n));
  n->ms = clock_ms() - start;
  return LOOM_OK;
}

/* Memory that the next plan may use, where the slots of this one take more than a lane's bank: as much less as this one took too much, and some for rounding.  0: it fits. */
static int64_t next_budget(const compile_state *s, const npt_program *p) {
  const int64_t have = compile_npu_machine(s).l1_bytes, lane = have / s->machine->l1_banks;
  if (p->slots_bytes <= lane)
    return 0;
  const double next = 0.95 * (double)s->machine->l1_bytes * (double)lane / (double)p->slots_bytes;
  return next < 1 ? 1 : (int64_t)next;
}

/* What plans leave free is there. */
machine compile_npu_machine(const compile_state *s) {
  machine m = *s->machine;
  m.l1_bytes += s->o->board_reserve_bytes;
  return m;
}

static loom_status compile_until_it_fits(loom_ctx *ctx, compile_options *o, compile_state *s, compile_npu *out) {
  enum { ATTEMPTS_MAX = 12 };
  for (int i = 1;; i++) {
    const diag_mark before = diag_save(ctx);
    *out = (compile_npu){0};
    loom_status st = compile_start(ctx, o, s);
    if (st == LOOM_OK)
      st = compile_finish(s);
    if (st == LOOM_OK)
      st = compile_npu_lower(s, out);
    const bool is_tight = st == LOOM_ELIMIT || (st == LOOM_OK && i <= ATTEMPTS_MAX / 2);      /* a core that waits for room does not need another plan for ever */
    const int64_t budget = is_tight ? next_budget(s, &out->program) : 0;
    if (st == LOOM_ELIMIT && out->program.lane_bytes > compile_npu_machine(s).l1_bytes / s->machine->l1_banks && (o->plan || o->n_domains)) {
      diag_help(ctx, "choose smaller blocks: a tile is padded to whole vectors in every lane, and to whole rows of lanes");
      return LOOM_EINFEASIBLE;
    }
    if (budget <= 0 || i == ATTEMPTS_MAX || o->plan || o->n_domains)
      return st;
    diag_drop(ctx, before);
    o->board_reserve_bytes = compile_npu_machine(s).l1_bytes - budget;
    compile_npu_close(out);
    compile_done(s);
  }
}

loom_status compile_npu_compile(loom_ctx *ctx, compile_options *o, compile_state *s, compile_npu *out) {
  bool is_cached;
  *out = (compile_npu){0};
  o->for_npu = true;
  LOOM_TRY(compile_start(ctx, o, s));
  LOOM_TRY(compile_cache_open(s, out, &is_cached));
  if (is_cached)
    return LOOM_OK;
  const char *key = s->cache_key;
  const diag_mark before = diag_save(ctx);
  LOOM_TRY(compile_until_it_fits(ctx, o, s, out));
  s->cache_key = key;
  s->is_quiet = !*before.last;
  LOOM_TRY(compile_tuning_record(s));
  compile_cache_store(s, out);
  return LOOM_OK;
}

void compile_npu_close(compile_npu *n) {
  ir_close_module(n->program.module);
  n->program.module = (MlirModule){NULL};
}

/* ---- files ---- */

loom_status compile_npu_write(compile_state *s, const compile_npu *n, const char *dir) {
  LOOM_TRY(file_make_dirs(s->ctx, dir));
  for (size_t i = 0; i < n->files.n; i++)
    LOOM_TRY(file_write(s->ctx, file_join(&s->ctx->mem, dir, n->files.at[i].name), n->files.at[i].bytes, n->files.at[i].size));
  return LOOM_OK;
}

/* Code is of a number of lanes and a length of vectors; anything else of the machine may have changed. */
static loom_status check_core(compile_state *s, const data_value *v) {
  int64_t lanes, vlen_bits;
  LOOM_TRY(data_need_int(s->ctx, v, "lanes", 1, INT64_C(1) << 20, &lanes));
  LOOM_TRY(data_need_int(s->ctx, v, "vlen_bits", 1, INT64_C(1) << 20, &vlen_bits));
  if (lanes != s->machine->l1_banks || vlen_bits != s->machine->npu->vlen_bits)
    LOOM_FAIL(s->ctx, v->span, LOOM_EINPUT, "the program is for %" PRId64 " lanes with vectors of %" PRId64 " bits; machine '%s' has %" PRId64 " with %" PRId64, lanes, vlen_bits, s->machine->name,
              s->machine->l1_banks, s->machine->npu->vlen_bits);
  return LOOM_OK;
}

static loom_status read_program(compile_state *s, const data_value *v, npt_program *p) {
  data_value *list;
  LOOM_TRY(check_core(s, v));
  LOOM_TRY(data_need_int(s->ctx, v, "lane_bytes", 0, INT64_C(1) << 40, &p->lane_bytes));
  if (data_get(v, "rows"))
    LOOM_TRY(data_need_int(s->ctx, v, "rows", 1, INT64_C(1) << 40, &p->rows));
  LOOM_TRY(data_need(s->ctx, v, "arguments", DATA_ARRAY, &list));
  for (size_t i = 0; i < list->n; i++) {
    const char *name, *type;
    npt_tensor a = {.tensor = -1};
    int64_t tensor = -1;
    LOOM_TRY(data_need_string(s->ctx, list->items[i], "name", &name));
    LOOM_TRY(data_need_string(s->ctx, list->items[i], "dtype", &type));
    LOOM_TRY(data_need_int(s->ctx, list->items[i], "elems", 0, INT64_C(1) << 40, &a.elems));
    if (data_get(list->items[i], "tensor"))
      LOOM_TRY(data_need_int(s->ctx, list->items[i], "tensor", 0, (int64_t)s->tog->tensors.n - 1, &tensor));
    a.name = name;
    a.tensor = (int)tensor;
    if (!dtype_parse(type, &a.type) || (tensor >= 0 && a.elems > tog_tensor_elems(&s->tog->tensors.at[tensor])))
      LOOM_FAIL(s->ctx, list->items[i]->span, LOOM_EINPUT, "argument '%s' of the program does not fit the kernel's tensors", name);
    p->n_moved += tensor < 0 && a.elems > 0;
    vec_push(&s->ctx->mem, &p->arguments, a);
  }
  return LOOM_OK;
}

loom_status compile_npu_read(compile_state *s, const char *dir, compile_npu *n) {
  LOOM_TRY(compile_npu_check_machine(s));
  arena *m = &s->ctx->mem;
  const char *object = file_join(m, dir, "kernel.o"), *program = file_join(m, dir, "program.json");
  data_value *v;
  *n = (compile_npu){.program = {.kernel = "kernel"}};
  LOOM_TRY(data_read_json_file(s->ctx, program, (size_t)1 << 24, &v));
  LOOM_TRY(read_program(s, v, &n->program));
  LOOM_TRY(tile_graph_load(s->ctx, file_join(m, dir, "graph.json"), &n->graph));
  return file_read(s->ctx, object, (size_t)64 << 20, &n->code.object, &n->code.size);
}

data_value *compile_npu_data(compile_state *s, const compile_npu *n) {
  arena *m = &s->ctx->mem;
  data_value *v = data_object(m);
  data_set(m, v, "program", describe(s, &n->program));
  data_set_int(m, v, "moved", n->program.n_moved);
  data_set(m, v, "graph", tile_graph_to_data(m, n->graph));
  return v;
}

loom_status compile_npu_from_data(compile_state *s, const data_value *v, char *object, size_t size, compile_npu *n) {
  data_value *program, *graph;
  int64_t moved;
  *n = (compile_npu){.program = {.kernel = "kernel"}, .code = {.object = object, .size = size}};
  LOOM_TRY(data_need(s->ctx, v, "program", DATA_OBJECT, &program));
  LOOM_TRY(data_need(s->ctx, v, "graph", DATA_OBJECT, &graph));
  LOOM_TRY(data_need_int(s->ctx, v, "moved", 0, INT32_MAX, &moved));
  LOOM_TRY(read_program(s, program, &n->program));
  n->program.n_moved = (int)moved;
  return tile_graph_from_data(s->ctx, "<cache>", graph, &n->graph);
}

/* ---- running ---- */

typedef struct npu_engine { compile_npu *n; const run_options *r; compile_execution *out; } npu_engine;

/* Contents of the graph's tensors: the kernel's, and memory of the program's own. */
static loom_status contents_of(compile_state *s, const compile_npu *n, void *const *dram, npu_data **out) {
  *out = ARENA_NEW_N(&s->ctx->mem, npu_data, n->graph->tensors.n + 1);
  for (size_t k = 0; k < n->graph->tensors.n; k++) {
    size_t argument = 0;
    LOOM_TRY(argument_of(s, n->graph, k, &n->program, &argument));
    const npt_tensor *a = &n->program.arguments.at[argument];
    const int64_t bytes = a->elems * (int64_t)dtype_bytes(a->type);
    const bool is_own = a->tensor < 0;
    void *own = is_own ? arena_alloc(&s->ctx->mem, (size_t)bytes) : NULL;
    if (own)
      memset(own, 0xff, (size_t)bytes);                   /* NaN in every float type: what is read before it is written shows */
    (*out)[k] = (npu_data){is_own ? own : dram[a->tensor], bytes, is_own || s->tog->tensors.at[a->tensor].is_output, a->name};
  }
  return LOOM_OK;
}

/* Of a core the busiest of its units, as loom.sim.v1 has it. */
static int64_t busy_of(const npu_report *r, const npu_core_report *c) {
  int64_t busy = c->vector_busy;
  for (int i = 0; i < r->n_arrays; i++)
    busy = c->array_busy[i] > busy ? c->array_busy[i] : busy;
  return busy;
}

/* The parts of a simulation's report that are told of every machine; its cores where they are those of the plan. */
static void tell(compile_state *s, const npu_report *r, compile_execution *out) {
  sim_report *t = &out->report;
  int64_t planned = 1;
  for (int d = 0; d < s->tog->n_mesh; d++)
    planned *= s->tog->mesh_size[d];
  *t = (sim_report){.cycles = r->cycles, .n_faults = r->n_faults, .events = r->events, .dram = r->dram, .noc_bytes = r->noc_bytes, .n_cores = planned == r->n_cores ? r->n_cores : 0};
  t->cores = ARENA_NEW_N(&s->ctx->mem, sim_core, r->n_cores + 1);
  for (int i = 0; i < r->n_cores; i++) {
    const npu_core_report *c = &r->cores[i];
    t->cores[i] = (sim_core){c->cycles, busy_of(r, c), c->read_bytes + c->written_bytes};
    t->dram_bytes_read += c->read_bytes;
    t->dram_bytes_written += c->written_bytes;
  }
  for (size_t i = 0; i < r->faults.n; i++)
    vec_push(&s->ctx->mem, &t->faults, ((sim_fault){.core = r->faults.at[i].core, .cycle = r->faults.at[i].cycle, .text = r->faults.at[i].text}));
  out->has_report = true;
}

/* A program with open rows runs with those it was compiled for, unless told otherwise. */
static npu_options options_of(const compile_npu *n) {
  npu_options o = n->how;
  if (n->program.rows && !o.n_symbols) {
    o.symbols = &n->program.rows;
    o.n_symbols = 1;
  }
  return o;
}

static dram_model dram_of(const compile_state *s, const run_options *r) { return r->dram_is_given || !s->machine->bank ? r->dram : DRAM_BANK; }

static loom_status run(void *data, compile_state *s, const interp_tensor *inputs, bool integers, void **by_root) {
  npu_engine *e = data;
  void **dram;
  npu_report ignored, *report = integers ? &ignored : &e->n->report;
  npu_data *contents;
  LOOM_TRY(compile_dram(s, inputs, by_root, &dram));
  LOOM_TRY(contents_of(s, e->n, dram, &contents));
  const npu_values values = {.path = "kernel.o", .object = e->n->code.object, .object_bytes = e->n->code.size, .tensors = contents, .n_tensors = e->n->graph->tensors.n};
  npu_options o = options_of(e->n);
  o.dram = dram_of(s, e->r);
  o.values = &values;
  if (integers)
    o.record = NULL;
  const machine m = compile_npu_machine(s);
  LOOM_TRY(npu_run(s->ctx, e->n->graph, &m, &o, report));
  if (!integers)
    tell(s, report, e->out);
  return LOOM_OK;
}

loom_status compile_npu_execute(compile_state *s, compile_npu *n, const run_options *r, compile_execution *out) {
  npu_engine e = {n, r, out};
  return compile_execute_on(s, r, &(compile_engine){&e, run}, out);
}

loom_status compile_npu_time(compile_state *s, compile_npu *n, const run_options *r, compile_execution *out) {
  npu_options o = options_of(n);
  o.dram = dram_of(s, r);
  *out = (compile_execution){0};
  const machine m = compile_npu_machine(s);
  LOOM_TRY(npu_run(s->ctx, n->graph, &m, &o, &n->report));
  tell(s, &n->report, out);
  return LOOM_OK;
}
