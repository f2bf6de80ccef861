/* All chips with values: the host's pieces, the collectives, each chip's kernel on its own DRAM, and the results put together for the check. */
#include "compile_chips.h"
#include "compile_exec.h"
#include <string.h>

typedef struct chips_values { compile_chips *c; const run_options *r; compile_execution *out; sim_tile_fn **functions; /* by shard */ void **at, **partial; /* by chip * tensors + tensor */ } chips_values;

static size_t slot_of(const compile_chips *c, int64_t chip, size_t t) { return (size_t)chip * c->kernel.tensors.n + t; }

static bool is_summed(const compile_chips *c, const chips_tensor *t) { return t->is_output && chips_splits_sum(&c->kernel, &c->split); }

/* ---- where elements of the whole are ---- */

typedef struct seen { int64_t offset, stride[KERNEL_RANK_MAX]; } seen;

/* Elements of the root that tensor t shows. */
static loom_status read_view(compile_chips *c, const chips_tensor *t, seen *out) {
  const kernel_graph *k = c->whole.kernel;
  const kernel_tensor_info *info = &k->tensors.at[t->of];
  int64_t step = 1;
  out->offset = 0;
  if (info->role == KERNEL_VIEW)
    LOOM_TRY(kernel_size(c->ctx, k, info->offset, NULL, 0, &out->offset));
  for (int d = t->rank; d-- > 0; step *= t->shape[d]) {
    out->stride[d] = step;
    if (info->role == KERNEL_VIEW)
      LOOM_TRY(kernel_size(c->ctx, k, info->stride[d], NULL, 0, &out->stride[d]));
  }
  return LOOM_OK;
}

typedef struct box { int64_t begin[KERNEL_RANK_MAX], size[KERNEL_RANK_MAX]; int rank; const int *order; const seen *view; } box;

/* Element i of a chip's box, as it lies there: which one of the root it is. */
static int64_t element_of(const box *b, int64_t i) {
  int64_t e = b->view->offset;
  for (int k = b->rank; k-- > 0;) {
    const int d = b->order[k];
    e += (b->begin[d] + i % b->size[d]) * b->view->stride[d];
    i /= b->size[d];
  }
  return e;
}

static box box_of(const compile_chips *c, size_t t, int64_t chip, const seen *view) {
  const chips_part p = chips_part_of(&c->kernel, c->machine, &c->split, chip);
  box b = {.rank = c->kernel.tensors.at[t].rank, .order = c->kernel.tensors.at[t].order, .view = view};
  chips_box(&c->kernel, &p, (int)t, b.begin, b.size);
  return b;
}

/* ---- memory ---- */

/* What nobody wrote is not a number, or far from any that is expected; an allocation that is filled before the kernel is that on every chip. */
static void *new_memory(const compile_chips *c, const chips_tensor *x, int64_t elems, dtype type) {
  const kernel_tensor_info *root = &c->whole.kernel->tensors.at[kernel_root(c->whole.kernel, x->of)];
  const size_t width = dtype_bytes(type), bytes = (size_t)elems * width;
  char *p = arena_alloc(&c->ctx->mem, bytes + 1);
  memset(p, type == DTYPE_BOOL ? 1 : 0xff, bytes);
  for (int64_t i = 0; i < elems && root->role == KERNEL_ALLOC && root->fill != KERNEL_FILL_EMPTY; i++)
    dtype_store(type, p + (size_t)i * width, root->fill == KERNEL_FILL_VALUE ? root->fill_value : 0);
  return p;
}

static bool is_held(const compile_chips_held *h, int64_t chip, int64_t element) { return h->bits[(chip * h->elems + element) / 8] >> (chip * h->elems + element) % 8 & 1; }

static void hold(compile_chips_held *h, int64_t chip, int64_t element) { h->bits[(chip * h->elems + element) / 8] |= (uint8_t)(1 << (chip * h->elems + element) % 8); }

/* NULL: nobody asks where its elements lie. */
static compile_chips_held *held_of(const compile_chips *c, const chips_tensor *x) { return c->held ? c->held[kernel_root(c->whole.kernel, x->of)] : NULL; }

static loom_status place_inputs(chips_values *v, size_t t, int64_t chip, const interp_tensor *whole, const seen *view) {
  compile_chips *c = v->c;
  const compile_chips_held *held = held_of(c, &c->kernel.tensors.at[t]);
  const chips_run_of run = chips_start_of(&c->kernel, c->machine, &c->split, (int)t, chip), whole_box = chips_box_of(&c->kernel, c->machine, &c->split, (int)t, chip);
  const dtype type = c->kernel.tensors.at[t].type;
  const box b = box_of(c, t, chip, view);
  char *to = v->at[slot_of(c, chip, t)];
  for (int64_t i = run.at; i < run.at + run.elems; i++) {
    const int64_t e = element_of(&b, i - whole_box.at);
    if (held && !is_held(held, chip, e))
      LOOM_FAIL(c->ctx, LOOM_NOSPAN, LOOM_ENUMERIC, "chip %" PRId64 " needs element %" PRId64 " of '%s', which does not lie there", chip, e, c->kernel.tensors.at[t].name);
    dtype_store(type, to + (size_t)i * dtype_bytes(type), whole->value[e]);
  }
  return LOOM_OK;
}

static loom_status open_memory(chips_values *v, const interp_tensor *inputs) {
  compile_chips *c = v->c;
  arena *m = &c->ctx->mem;
  const size_t n = (size_t)c->program.n_chips * c->kernel.tensors.n;
  v->at = ARENA_NEW_N(m, void *, n);
  v->partial = ARENA_NEW_N(m, void *, n);
  for (size_t t = 0; t < c->kernel.tensors.n; t++) {
    const chips_tensor *x = &c->kernel.tensors.at[t];
    seen view;
    LOOM_TRY(read_view(c, x, &view));
    for (int64_t chip = 0; chip < c->program.n_chips; chip++) {
      const int64_t room = chips_room(&c->kernel, c->machine, &c->split, (int)t, chip);
      v->at[slot_of(c, chip, t)] = new_memory(c, x, room, x->type);
      if (is_summed(c, x))
        v->partial[slot_of(c, chip, t)] = new_memory(c, x, room, x->partial_type);
      if (is_summed(c, x) && c->shard_of[chip] < 0)      /* it has nothing to add */
        memset(v->partial[slot_of(c, chip, t)], 0, (size_t)room * dtype_bytes(x->partial_type));
      if (x->is_input)
        LOOM_TRY(place_inputs(v, t, chip, &inputs[kernel_root(c->whole.kernel, x->of)], &view));
    }
  }
  return LOOM_OK;
}

/* ---- a chip's kernel ---- */

/* The chip's memory in the order of its TOG's tensors. */
static void **dram_of(chips_values *v, int64_t chip, compile_chips_shard *s) {
  compile_chips *c = v->c;
  void **dram = ARENA_NEW_N(&c->ctx->mem, void *, s->s.tog->tensors.n);
  for (size_t i = 0; i < s->s.tog->tensors.n; i++) {
    const kernel_tensor root = compile_tensor_of_argument(s->graph, s->s.tog->tensors.at[i].arg);
    for (size_t t = 0; t < c->kernel.tensors.n; t++) {
      const chips_tensor *x = &c->kernel.tensors.at[t];
      if (kernel_root(s->graph, x->here) != root)
        continue;
      char *base = is_summed(c, x) ? v->partial[slot_of(c, chip, t)] : v->at[slot_of(c, chip, t)];
      dram[i] = base + chips_box_of(&c->kernel, c->machine, &c->split, (int)t, chip).at * (int64_t)dtype_bytes(is_summed(c, x) ? x->partial_type : x->type);
    }
  }
  return dram;
}

void compile_chips_add_report(compile_execution *out, arena *m, const sim_report *r, int64_t chip) {
  enum { FAULTS_KEPT = 100 };      /* as of one chip */
  sim_report *all = &out->report;
  if (!out->has_report) {
    *all = *r;
    memset(&all->faults, 0, sizeof all->faults);
    all->n_faults = all->dram_bytes_read = all->dram_bytes_written = all->noc_bytes = all->events = 0;
    out->has_report = true;
  }
  all->dram_bytes_read += r->dram_bytes_read;
  all->dram_bytes_written += r->dram_bytes_written;
  all->noc_bytes += r->noc_bytes;
  all->events += r->events;
  all->n_faults += r->n_faults;
  for (size_t i = 0; i < r->faults.n && all->faults.n < FAULTS_KEPT; i++) {
    sim_fault f = r->faults.at[i];
    f.text = arena_printf(m, "chip %" PRId64 ": %s", chip, f.text);
    vec_push(m, &all->faults, f);
  }
}

static loom_status run_kernels(chips_values *v, bool has_values, compile_execution *out) {
  compile_chips *c = v->c;
  sim_report *known = ARENA_NEW_N(&c->ctx->mem, sim_report, c->shards.n);
  for (int64_t chip = 0; chip < c->program.n_chips; chip++) {
    compile_chips_timing *t = &c->timing[chip];
    t->shard = c->shard_of[chip];
    t->end = t->begin;
    if (t->shard < 0)
      continue;
    compile_chips_shard *s = &c->shards.at[t->shard];
    sim_report *r = &known[t->shard];
    sim_exec exec = {has_values ? v->functions[t->shard] : NULL, s->s.tog->functions.n};
    sim_options o = {.exec = has_values ? &exec : NULL, .dram = v->r->dram, .verify = !v->r->no_verify, .tensors = has_values ? dram_of(v, chip, s) : NULL};
    if (has_values || s->chip == chip)
      LOOM_TRY(sim_run(c->ctx, s->s.tog, s->s.machine, &o, r));
    compile_chips_add_report(out, &c->ctx->mem, r, chip);
    t->kernel = r->cycles;
    t->end = t->begin + t->kernel;
  }
  return LOOM_OK;
}

/* ---- all of it ---- */

static loom_status run_all(chips_values *v, bool has_values, compile_execution *out) {
  compile_chips *c = v->c;
  const int64_t n = c->program.n_chips;
  int64_t *begin = ARENA_NEW_N(&c->ctx->mem, int64_t, n), *end = ARENA_NEW_N(&c->ctx->mem, int64_t, n);
  const chips_memory memory = {v->at, v->partial};
  c->timing = ARENA_NEW_N(&c->ctx->mem, compile_chips_timing, n);
  LOOM_TRY(chips_run(c->ctx, &c->program, c->machine, false, has_values ? &memory : NULL, NULL, begin, end));
  for (int64_t i = 0; i < n; i++)
    c->timing[i].begin = end[i];
  LOOM_TRY(run_kernels(v, has_values, out));
  for (int64_t i = 0; i < n; i++)
    begin[i] = c->timing[i].end;
  LOOM_TRY(chips_run(c->ctx, &c->program, c->machine, true, has_values ? &memory : NULL, NULL, begin, end));
  out->report.cycles = 0;
  for (int64_t i = 0; i < n; i++) {
    c->timing[i].end = end[i];
    out->report.cycles = end[i] > out->report.cycles ? end[i] : out->report.cycles;
  }
  return LOOM_OK;
}

/* Elements of a result that a chip has in the end: boxes of one chip, or behind each other of all.  All copies must be the same. */
static loom_status take_result(chips_values *v, size_t t, char *whole, bool *is_there) {
  compile_chips *c = v->c;
  const chips_tensor *x = &c->kernel.tensors.at[t];
  const size_t width = dtype_bytes(x->type);
  seen view;
  LOOM_TRY(read_view(c, x, &view));
  for (int64_t chip = 0; chip < c->program.n_chips; chip++) {
    const chips_run_of run = chips_end_of(&c->kernel, c->machine, &c->split, (int)t, chip);
    const char *from = v->at[slot_of(c, chip, t)];
    for (int64_t owner = 0; owner < c->program.n_chips; owner++) {
      const chips_run_of part = chips_box_of(&c->kernel, c->machine, &c->split, (int)t, owner);
      if (!x->is_everywhere && owner != chip)
        continue;
      const box b = box_of(c, t, owner, &view);
      const int64_t first = run.at > part.at ? run.at : part.at, last = run.at + run.elems < part.at + part.elems ? run.at + run.elems : part.at + part.elems;
      for (int64_t i = first; i < last; i++) {
        const int64_t e = element_of(&b, i - part.at);
        if (is_there[e] && memcmp(whole + (size_t)e * width, from + (size_t)i * width, width) != 0)
          LOOM_FAIL(c->ctx, LOOM_NOSPAN, LOOM_ENUMERIC, "chip %" PRId64 " has another element %" PRId64 " of '%s' than chips before it", chip, e, x->name);
        memcpy(whole + (size_t)e * width, from + (size_t)i * width, width);
        is_there[e] = true;
        if (held_of(c, x))
          hold(held_of(c, x), chip, e);
      }
    }
  }
  return LOOM_OK;
}

/* What the kernel does not store to stays as it was: an argument, or what an allocation is filled with. */
static loom_status start_result(compile_chips *c, kernel_tensor root, const interp_tensor *inputs, void **out, int64_t *elems) {
  const kernel_tensor_info *info = &c->whole.kernel->tensors.at[root];
  const dtype type = info->shape.type;
  LOOM_TRY(kernel_elements(c->ctx, c->whole.kernel, &info->shape, NULL, 0, elems));
  if (info->role == KERNEL_ARG) {
    *out = compile_to_bytes(&c->ctx->mem, &inputs[root]);
    return LOOM_OK;
  }
  *out = arena_alloc(&c->ctx->mem, (size_t)*elems * dtype_bytes(type) + 1);
  for (int64_t i = 0; i < *elems; i++)
    dtype_store(type, (char *)*out + (size_t)i * dtype_bytes(type), info->fill == KERNEL_FILL_VALUE ? info->fill_value : 0);
  return LOOM_OK;
}

static loom_status run_values(void *data, compile_state *s, const interp_tensor *inputs, bool integers, void **by_root) {
  chips_values *v = data;
  compile_chips *c = v->c;
  compile_execution second = {0};
  (void)s;
  LOOM_TRY(open_memory(v, inputs));
  LOOM_TRY(run_all(v, true, integers ? &second : v->out));
  int64_t *elems = ARENA_NEW_N(&c->ctx->mem, int64_t, c->whole.kernel->tensors.n);
  for (size_t i = 0; i < c->whole.kernel->tensors.n; i++)
    if (c->whole.kernel->tensors.at[i].role != KERNEL_VIEW)
      LOOM_TRY(start_result(c, (kernel_tensor)i, inputs, &by_root[i], &elems[i]));
  for (size_t t = 0; t < c->kernel.tensors.n; t++) {
    const kernel_tensor root = kernel_root(c->whole.kernel, c->kernel.tensors.at[t].of);
    if (c->kernel.tensors.at[t].is_output)
      LOOM_TRY(take_result(v, t, by_root[root], ARENA_NEW_N(&c->ctx->mem, bool, elems[root])));
  }
  return LOOM_OK;
}

loom_status compile_chips_execute(compile_chips *c, const run_options *r, compile_execution *out) {
  chips_values v = {.c = c, .r = r, .out = out};
  *out = (compile_execution){0};
  if (r->times_only)
    return run_all(&v, false, out);
  codegen_image **images = ARENA_NEW_N(&c->ctx->mem, codegen_image *, c->shards.n);
  v.functions = ARENA_NEW_N(&c->ctx->mem, sim_tile_fn *, c->shards.n);
  loom_status st = LOOM_OK;
  for (size_t i = 0; i < c->shards.n && st == LOOM_OK; i++)
    st = compile_tiles(&c->shards.at[i].s, &images[i], &v.functions[i]);
  if (st == LOOM_OK)
    st = compile_execute_on(&c->whole, r, &(compile_engine){&v, run_values}, out);
  for (size_t i = 0; i < c->shards.n; i++)
    if (images[i])
      codegen_unlink(images[i]);
  return st;
}
