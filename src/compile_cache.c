#include "compile_cache.h"
#include "base/clock.h"
#include "base/file.h"
#include "compile_dots.h"
#include "compile_entry.h"
#include "compile_key.h"
#include "compile_tuning.h"
#include "run/run_build.h"
#include <stdlib.h>
#include <string.h>

enum { SOURCE_BYTES_MAX = 64 << 20 };

/* ---- the key ---- */
/* An element of a tensor of whole numbers can become a number of the compile; the others' contents cannot. */
static data_value *given_data(arena *m, const helion_given *g) {
  data_value *v = data_object(m), *shape = data_array(m);
  int64_t elems = 1;
  for (int d = 0; d < g->rank; d++) {
    elems *= g->shape[d];
    data_push(m, shape, data_int(m, g->shape[d]));
  }
  data_set_string(m, v, "name", g->name);
  data_set_int(m, v, "kind", g->kind);
  data_set_int(m, v, "type", g->type);
  data_set(m, v, "shape", shape);
  data_set_int(m, v, "integer", g->integer);
  data_set_string(m, v, "real", arena_printf(m, "%a", g->real));
  data_set_bool(m, v, "flag", g->flag);
  data_set_string(m, v, "string", g->string);
  if (g->kind == HELION_GIVEN_TENSOR && g->data && !dtype_is_float(g->type))
    data_set_string(m, v, "data", compile_hash(m, g->data, (size_t)elems * dtype_bytes(g->type)));
  return v;
}

static data_value *kernel_options_data(arena *m, const helion_options *o) {
  data_value *v = data_object(m), *shapes = data_array(m), *given = data_array(m);
  for (size_t i = 0; i < o->n_shapes; i++)
    data_push(m, shapes, data_string(m, arena_printf(m, "%s=%" PRId64, o->shapes[i].name, o->shapes[i].value)));
  for (size_t i = 0; i < o->n_given; i++)
    data_push(m, given, given_data(m, &o->given[i]));
  data_set_string(m, v, "function", o->function);
  data_set(m, v, "shapes", shapes);
  data_set(m, v, "given", given);
  data_set_bool(m, v, "open_sizes", o->open_sizes);
  data_set_bool(m, v, "assume_divides", o->assume_divides);
  data_set_int(m, v, "dtype", o->has_dtype ? (int64_t)o->dtype : -1);
  return v;
}

static void add_input(arena *m, data_value *v, const compile_options *o) {
  if (o->graph) {
    data_set_string(m, v, "graph", compile_hash_graph(m, o->graph, true));
    return;
  }
  data_set_string(m, v, "input", o->input);
  data_set_string(m, v, "source", compile_hash(m, o->source, o->source_size));
  data_set(m, v, "kernel", kernel_options_data(m, &o->helion));
}

/* What native code depends on. */
static void add_cpu(compile_state *s, data_value *v) {
  arena *m = &s->ctx->mem;
  const char *cpu, *features;
  const cpu_dots dots = compile_dots(s);      /* asks for tiles, which code that is kept may need */
  codegen_describe_host(m, &cpu, &features);
  data_set_string(m, v, "cpu", cpu);
  data_set_string(m, v, "features", features);
  data_set_int(m, v, "dots_bf16", dots.bf16);
  data_set_int(m, v, "dots_i8", dots.i8);
  data_set_int(m, v, "constants", (int64_t)s->o->constants);
}

static loom_status make_key(compile_state *s, bool for_npu) {
  arena *m = &s->ctx->mem;
  const compile_options *o = s->o;
  data_value *v = data_object(m);
  data_set_string(m, v, "loom", LOOM_VERSION);
  data_set_string(m, v, "build", run_build_id(m));
  if (s->is_native)
    add_cpu(s, v);
  data_set_string(m, v, "machine", compile_hash_machine(m, s));
  data_set_bool(m, v, "npu", for_npu);
  data_set_bool(m, v, "keeps_arguments", o->keeps_arguments);
  data_set_bool(m, v, "open_rows", o->open_rows);
  add_input(m, v, o);
  data_set(m, v, "search", compile_search_options(m, o));
  data_set_int(m, v, "op_budget", o->op_budget);
  if (s->tuned)
    data_set(m, v, "tuned", plan_to_data(m, s->tuned));
  if (o->plan) {
    char *replayed;
    size_t size;
    LOOM_TRY(file_read(s->ctx, o->plan, SOURCE_BYTES_MAX, &replayed, &size));
    data_set_string(m, v, "plan", compile_hash(m, replayed, size));
  }
  s->cache_key = compile_hash_data(m, v);
  return LOOM_OK;
}

/* Runs that show or write what lies between kernel and code, or that depend on a clock, on other libraries or on what a database says of a kernel that is not read yet, are compiled. */
static bool can_be_kept(const compile_state *s) {
  const compile_options *o = s->o;
  bool has_functions = false;
  for (size_t i = 0; i < o->helion.n_given; i++)
    has_functions |= o->helion.given[i].kind == HELION_GIVEN_FUNC;
  return o->cache && o->stop_after == COMPILE_TOG && o->topk <= 1 && !has_functions && !o->plain_loops && !o->write_files && !o->dump_dir && !o->override_dir && !o->debug && !o->opinion &&
         !(o->timeout_s > 0) && !o->helion_form && !o->compute_dir && !o->providers && !o->for_board && !o->tune && (o->graph || (!o->tuning && strcmp(o->input, "-") != 0));
}

void compile_cache_store(compile_state *s, const compile_npu *npu) {
  const char *bytes;
  size_t size;
  if (s->cache_key && s->is_quiet && compile_entry_make(s, npu, &bytes, &size) == LOOM_OK)
    run_cache_put(s->ctx, s->o->cache, s->cache_key, bytes, size);
}

/* What was read of the kernel stays with the options. */
static loom_status read_source(compile_state *s) {
  compile_options *o = ARENA_NEW(&s->ctx->mem, compile_options);
  *o = *s->o;
  if (!o->source)
    LOOM_TRY(file_read(s->ctx, o->input, SOURCE_BYTES_MAX, &o->source, &o->source_size));
  s->o = o;
  return LOOM_OK;
}

loom_status compile_cache_open(compile_state *s, compile_npu *npu, bool *out_found) {
  const double before = clock_ms();
  const diag_mark mark = diag_save(s->ctx);
  char *bytes;
  size_t size;
  *out_found = false;
  if (!can_be_kept(s))
    return LOOM_OK;
  if (!s->o->graph)
    LOOM_TRY(read_source(s));
  if (!s->o->graph && !compile_is_whole_kernel(s->o->input, s->o->source, s->o->source_size))
    return LOOM_OK;
  if (s->o->graph) {
    s->kernel = s->o->graph;
    LOOM_TRY(compile_tuning_find(s));
  }
  LOOM_TRY(make_key(s, npu != NULL));
  if (s->o->cache->is_replaced || !run_cache_get(s->ctx, s->o->cache, s->cache_key, &bytes, &size))
    return LOOM_OK;
  const compile_state started = *s;
  *out_found = compile_entry_take(s, npu, bytes, size) == LOOM_OK;
  if (!*out_found) {      /* written by somebody who is no compiler; compiled again, it is replaced */
    diag_drop(s->ctx, mark);
    *s = started;
    return LOOM_OK;
  }
  s->cache_key = NULL;      /* nothing to keep */
  LOOM_TRY(compile_tuning_record(s));
  vec_push(&s->ctx->mem, &s->times, ((compile_time){"cache", clock_ms() - before}));
  return LOOM_OK;
}
