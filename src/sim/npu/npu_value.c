/* Values: the machine code of a node's function on the versions it uses.  When it runs is the schedule's business; nothing here takes a cycle. */
#include "base/text.h"
#include "sim/npu/npu_flow.h"

/* Where programs see DRAM tensors: their addresses in the graph, out of the way of code and scratchpad. */
#define DRAM_ADDRESS (INT64_C(1) << 44)
enum { BUDGET = 1 << 30 };   /* instructions of one function */

typedef struct value_bin { VEC_OF(uint32_t *) free; } value_bin;
struct flow_values {
  rvv_image *image;
  uint64_t *entries;                    /* by node; 0: it has no function */
  rvv_tensor *tensors;
  rvv_core **cores;                     /* by core */
  value_bin *bins;                      /* by buffer: storage of versions that are over */
  int lanes;
  bool is_stopped;                      /* its code is wrong: values mean nothing any more */
};

static uint64_t spad_address(const tile_buffer *b) { return (uint64_t)b->address + (b->address >= ISA_SPAD_ADDRESS ? 0 : ISA_SPAD_ADDRESS); }

/* "arg3" is what the object calls dram_3. */
static const char *symbol_of(arena *mem, const char *tensor) { return text_starts(tensor, "arg") ? arena_printf(mem, "dram_%s", tensor + 3) : tensor; }

static loom_status load_image(npu *s, const flow_job *j, flow_values *v) {
  const tile_graph *g = j->g;
  rvv_symbol *symbols = ARENA_NEW_N(&s->ctx->mem, rvv_symbol, g->tensors.n + g->buffers.n + 1);
  size_t n = 0;
  for (size_t i = 0; i < g->tensors.n; i++)
    symbols[n++] = (rvv_symbol){symbol_of(&s->ctx->mem, g->tensors.at[i].name), (uint64_t)(g->tensors.at[i].base + DRAM_ADDRESS)};
  for (size_t i = 0; i < g->buffers.n; i++)
    symbols[n++] = (rvv_symbol){g->buffers.at[i].name, spad_address(&g->buffers.at[i])};
  rvv_config config = {.lanes = v->lanes, .vlen_bits = (int)s->m->npu->vlen_bits};
  return rvv_load(s->ctx, j->in->values->path, j->in->values->object, j->in->values->object_bytes, symbols, n, &config, &v->image);
}

loom_status flow_values_open(npu *s, flow_job *j) {
  const tile_graph *g = j->g;
  const npu_values *in = j->in->values;
  arena *mem = &s->ctx->mem;
  flow_values *v = ARENA_NEW(mem, flow_values);
  v->lanes = (int)s->m->l1_banks;
  LOOM_TRY(load_image(s, j, v));
  v->entries = ARENA_NEW_N(mem, uint64_t, g->nodes.n);
  v->tensors = ARENA_NEW_N(mem, rvv_tensor, g->tensors.n);
  v->cores = ARENA_NEW_N(mem, rvv_core *, s->n_cores);
  v->bins = ARENA_NEW_N(mem, value_bin, g->buffers.n);
  for (size_t i = 0; i < g->nodes.n; i++)
    if (g->nodes.at[i].function && !(v->entries[i] = rvv_find(v->image, g->nodes.at[i].function)))
      LOOM_FAIL(s->ctx, diag_file_span(s->ctx, in->path), LOOM_EINPUT, "the object has no function '%s', which node '%s' of '%s' is done by", g->nodes.at[i].function,
                g->nodes.at[i].name, g->name);
  if (in->n_tensors != g->tensors.n)
    LOOM_FAIL(s->ctx, diag_file_span(s->ctx, g->path), LOOM_EINPUT, "tile graph '%s' has %zu tensors; data are given for %zu", g->name, g->tensors.n, in->n_tensors);
  for (size_t i = 0; i < g->tensors.n; i++)
    v->tensors[i] = (rvv_tensor){.address = (uint64_t)(g->tensors.at[i].base + DRAM_ADDRESS), .bytes = in->tensors[i].data ? (uint64_t)in->tensors[i].bytes : 0,
                                 .data = in->tensors[i].data, .may_write = in->tensors[i].may_write, .name = in->tensors[i].name ? in->tensors[i].name : g->tensors.at[i].name};
  j->values = v;
  return LOOM_OK;
}

/* ---- storage ---- */

uint32_t *flow_values_take(npu *s, flow_core *c, int buffer) {
  flow_values *v = c->job->values;
  value_bin *b = &v->bins[buffer];
  size_t words = ((size_t)c->job->g->buffers.at[buffer].lane_bytes + 3) / 4 * (size_t)v->lanes;
  uint32_t *w = b->free.n ? b->free.at[--b->free.n] : ARENA_NEW_N(&s->ctx->mem, uint32_t, words);
  memset(w, 0xff, words * sizeof *w);   /* NaN in every float type */
  return w;
}

void flow_values_give(npu *s, flow_core *c, int buffer, uint32_t *words) { vec_push(&s->ctx->mem, &c->job->values->bins[buffer].free, words); }

rvv_array *flow_values_array(npu *s, flow_core *c, rvv_array *old) {
  rvv_array *a = old ? old : rvv_array_new(&s->ctx->mem, c->job->values->lanes);
  rvv_array_reset(a);
  rvv_array_set_strict(a, true);
  return a;
}

/* ---- transfers ---- */

static const char *differs(const flow_core *c, int64_t number, const isa_dma *d) {
  const flow_inst *in = flow_inst_of(c, number);
  const tile_node *n = flow_node_of(c, number);
  if ((d->move == ISA_MVOUT) != (n->kind == TILE_STORE))
    return "direction";
  if (d->elem_bytes != n->elem_bytes)
    return "element size";
  if ((int64_t)d->dram != in->address - c->job->shift + DRAM_ADDRESS)
    return "DRAM address";
  if (d->is_indirect != n->is_indirect)
    return "indirection";
  for (int k = 0; k < ISA_DMA_RANK; k++) {
    int at = k - (ISA_DMA_RANK - n->rank);
    int64_t extent = at < 0 ? 1 : n->extent[at], low = at < 0 ? 0 : in->low[at], high = at < 0 ? 1 : in->low[at] + in->extent[at];
    if (d->dims[k] != extent)
      return "dims";
    if (extent > 1 && d->dram_stride[k] != n->step[at])
      return "DRAM strides";
    int64_t d_low = d->is_masked ? d->low[k] : 0, d_high = d->is_masked ? d->high[k] : extent;
    bool is_empty = high <= low;
    if (is_empty ? d_high > d_low : d_low != low || d_high != high)
      return "mask";
  }
  return NULL;
}

static void check_transfers(npu *s, flow_core *c, int64_t number, const rvv_report *r, int64_t cycle) {
  const tile_node *n = flow_node_of(c, number);
  int want = n->kind == TILE_COMPUTE ? 0 : 1;
  if (r->n_dmas != want) {
    npu_fault_add(s, NPU_FAULT_TRANSFER, c->port->id, cycle, n, "the code of node '%s' makes %d transfers; the graph has %d", n->name, r->n_dmas, want);
    return;
  }
  const char *what = want ? differs(c, number, &r->dmas[0]) : NULL;
  if (what)
    npu_fault_add(s, NPU_FAULT_TRANSFER, c->port->id, cycle, n, "the code of node '%s' makes a transfer of another %s than the graph has, in work item %" PRId64, n->name, what,
                  c->items[flow_inst_of(c, number)->item].number);
}

/* A product takes what it pushed out of the array again: rows that stay would be the next one's. */
static void check_array(npu *s, flow_core *c, const tile_node *n, const rvv_array *a, int64_t cycle) {
  const rvv_array_rows left = a && n->unit == TILE_MATMUL ? rvv_array_waiting(a) : (rvv_array_rows){0};
  if (left.inputs || left.outputs)
    npu_fault_add(s, NPU_FAULT_CODE, c->port->id, cycle, n, "the code of node '%s' leaves rows in the array: %d of input, %d of output", n->name, left.inputs, left.outputs);
}

/* ---- running ---- */

void flow_values_run(npu *s, flow_core *c, int64_t number, int64_t cycle) {
  const flow_inst *in = flow_inst_of(c, number);
  const tile_node *n = flow_node_of(c, number);
  const flow_use *uses = flow_uses_of(c, number);
  flow_values *v = c->job->values;
  uint64_t entry = v->entries[in->node];
  if (!entry || v->is_stopped)
    return;
  rvv_core **core = &v->cores[c->port->id];
  if (!*core)
    *core = rvv_core_new(&s->ctx->mem, v->image);
  const arena_mark mark = arena_save(&s->ctx->scratch);
  rvv_window *windows = ARENA_NEW_N(&s->ctx->scratch, rvv_window, n->uses.n);
  int n_windows = 0, depth = 0;
  for (size_t i = 0; i < n->uses.n; i++) {
    const tile_buffer *b = &c->job->g->buffers.at[n->uses.at[i].buffer];
    if (uses[i].version != NPU_NONE && c->versions.at[uses[i].version].words)
      windows[n_windows++] = (rvv_window){.address = spad_address(b), .lane_bytes = (uint64_t)b->lane_bytes, .words = c->versions.at[uses[i].version].words,
                                           .is_read_only = uses[i].access == TILE_READ};
  }
  int64_t args[RVV_ARGS_MAX];
  for (int p = n->parent; p >= 0; p = c->job->g->nodes.at[p].parent)
    depth++;
  memcpy(args, &c->args[((size_t)number & (c->room - 1)) * TILE_GRAPH_DEPTH_MAX], sizeof *args * (size_t)depth);
  for (size_t i = 0; i < c->job->in->n_symbols && depth < RVV_ARGS_MAX; i++)   /* loops' values, then the sizes */
    args[depth++] = c->job->in->symbols[i];
  rvv_job job = {.entry = entry, .args = args, .n_args = depth, .windows = windows, .n_windows = n_windows,
                 .tensors = v->tensors, .n_tensors = (int)c->job->g->tensors.n, .array = in->weights == NPU_NONE ? NULL : c->weights.at[in->weights].values, .budget = BUDGET};
  rvv_report report = {0};
  rvv_fault fault = {0};
  const rvv_fault_kind how = rvv_call(*core, &job, &report, &fault);
  arena_release(&s->ctx->scratch, mark);
  if (how != RVV_FINE) {
    npu_fault_add(s, NPU_FAULT_CODE, c->port->id, cycle, n, "the code of node '%s': %s", n->name, fault.text);
    v->is_stopped = true;
    return;
  }
  s->report->code_instructions += report.instructions;
  check_transfers(s, c, number, &report, cycle);
  check_array(s, c, n, job.array, cycle);
}
