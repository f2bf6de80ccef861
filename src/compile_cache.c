#include "compile_cache.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "compile_dots.h"
#include "compile_exec.h"
#include "compile_native.h"
#include "run/run_build.h"
#include <stdlib.h>
#include <string.h>

enum { SOURCE_BYTES_MAX = 64 << 20 };

/* ---- the key ---- */
static const char *hash_of(arena *m, const void *bytes, size_t size) {
  char hash[65];
  hash_sha256_hex(bytes, size, hash);
  return arena_strdup(m, hash);
}

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
    data_set_string(m, v, "data", hash_of(m, g->data, (size_t)elems * dtype_bytes(g->type)));
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

static data_value *search_options_data(arena *m, const compile_options *o) {
  data_value *v = data_object(m), *domains = data_array(m), *pins = data_array(m);
  for (size_t i = 0; i < o->n_domains; i++) {
    const solve_domain *d = &o->domains[i];
    data_push(m, domains, data_string(m, arena_printf(m, "%s=%" PRId64 ",%" PRId64 ",%" PRId64, d->symbol ? d->symbol : "", d->assigned, d->lb, d->ub)));
  }
  for (size_t i = 0; i < o->explore.n_pins; i++)
    data_push(m, pins, data_string(m, o->explore.pins[i]));
  data_set(m, v, "domains", domains);
  data_set(m, v, "pins", pins);
  data_set_string(m, v, "variant", o->explore.variant);
  data_set_int(m, v, "kind", o->explore.kind);
  data_set_bool(m, v, "upstream_compatible", o->explore.upstream_compatible);
  data_set_int(m, v, "model", o->model);
  data_set_bool(m, v, "accumulate_f32", o->accumulate_f32);
  data_set_bool(m, v, "ragged", o->ragged);
  data_set_int(m, v, "op_budget", o->op_budget);
  return v;
}

static loom_status make_key(compile_state *s) {
  arena *m = &s->ctx->mem;
  const compile_options *o = s->o;
  data_value *v = data_object(m);
  const char *cpu, *features, *chip = data_write_json(m, machine_to_data(m, s->machine), 0);
  const cpu_dots dots = compile_dots(s);      /* asks for tiles, which code that is kept may need */
  codegen_describe_host(m, &cpu, &features);
  data_set_string(m, v, "loom", LOOM_VERSION);
  data_set_string(m, v, "build", run_build_id(m));
  data_set_string(m, v, "cpu", cpu);
  data_set_string(m, v, "features", features);
  data_set_int(m, v, "dots_bf16", dots.bf16);
  data_set_int(m, v, "dots_i8", dots.i8);
  data_set_string(m, v, "machine", hash_of(m, chip, strlen(chip)));
  data_set_string(m, v, "input", o->input);
  data_set_string(m, v, "source", hash_of(m, o->source, o->source_size));
  data_set(m, v, "kernel", kernel_options_data(m, &o->helion));
  data_set(m, v, "search", search_options_data(m, o));
  if (o->plan) {
    char *replayed;
    size_t size;
    LOOM_TRY(file_read(s->ctx, o->plan, SOURCE_BYTES_MAX, &replayed, &size));
    data_set_string(m, v, "plan", hash_of(m, replayed, size));
  }
  const char *line = data_write_json(m, v, 0);
  s->cache_key = hash_of(m, line, strlen(line));
  return LOOM_OK;
}

/* Runs that show or write what lies between kernel and object, or that depend on a clock or on other libraries, are compiled. */
static bool can_be_kept(const compile_state *s) {
  const compile_options *o = s->o;
  bool has_functions = false;
  for (size_t i = 0; i < o->helion.n_given; i++)
    has_functions |= o->helion.given[i].kind == HELION_GIVEN_FUNC;
  return o->cache && s->is_native && o->stop_after == COMPILE_TOG && o->topk <= 1 && !has_functions && !o->plain_loops && !o->write_files && !o->dump_dir && !o->override_dir &&
         !o->debug && !o->opinion && !(o->timeout_s > 0) && !o->helion_form && !o->compute_dir && !o->providers && strcmp(o->input, "-") != 0;
}

/* ---- entries: the length of a line of JSON, that line, the object ---- */
static data_value *search_data(arena *m, const compile_search *x) {
  data_value *v = data_object(m);
  data_set_bool(m, v, "is_space", x->is_space);
  data_set_int(m, v, "variants", x->variants);
  data_set_int(m, v, "candidates", x->candidates);
  data_set_int(m, v, "mappings", x->mappings);
  data_set_int(m, v, "orders", x->orders);
  return v;
}

/* A place in the kernel's source, as the kernel's own. */
static data_value *place_data(arena *m, loom_span at) {
  const int32_t parts[] = {at.line, at.col, at.end_line, at.end_col};
  data_value *v = data_array(m);
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    data_push(m, v, data_int(m, parts[i]));
  return v;
}

static const char *entry_text(compile_state *s) {
  arena *m = &s->ctx->mem;
  data_value *v = data_object(m);
  data_set_string(m, v, "schema", "loom.cached.v1");
  data_set(m, v, "kernel", kernel_to_data(m, s->kernel));
  if (s->plan)
    data_set(m, v, "plan", plan_to_data(m, s->plan));
  if (s->grid.n_dims)
    data_set(m, v, "grid_call", compile_grid_data(s));
  data_set(m, v, "search", search_data(m, &s->searched));
  data_set_string(m, v, "plain_loops", s->plain_because);
  if (s->plain_where.source && s->plain_where.source == s->kernel->source)
    data_set(m, v, "plain_at", place_data(m, s->plain_where));
  return data_write_json(m, v, 0);
}

void compile_cache_store(compile_state *s) {
  if (!s->cache_key || !s->is_quiet)
    return;
  const char *line = entry_text(s);
  text t = text_new(&s->ctx->mem);
  text_addf(&t, "%zu\n", strlen(line));
  text_add(&t, line);
  text_add_bytes(&t, s->object, s->object_size);
  run_cache_put(s->ctx, s->o->cache, s->cache_key, text_str(&t), t.size);
}

static loom_status read_search(loom_ctx *ctx, const data_value *v, compile_search *out) {
  int64_t orders;
  data_value *is_space;
  LOOM_TRY(data_need(ctx, v, "is_space", DATA_BOOL, &is_space));
  LOOM_TRY(data_need_int(ctx, v, "variants", 0, INT64_MAX, &out->variants));
  LOOM_TRY(data_need_int(ctx, v, "candidates", 0, INT64_MAX, &out->candidates));
  LOOM_TRY(data_need_int(ctx, v, "mappings", 0, INT64_MAX, &out->mappings));
  LOOM_TRY(data_need_int(ctx, v, "orders", 0, INT32_MAX, &orders));
  out->is_space = is_space->boolean;
  out->orders = (int)orders;
  return LOOM_OK;
}

static loom_span read_place(const compile_state *s, const data_value *v) {
  return v && v->n == 4 ? (loom_span){s->kernel->source, (int32_t)v->items[0]->integer, (int32_t)v->items[1]->integer, (int32_t)v->items[2]->integer, (int32_t)v->items[3]->integer}
                        : LOOM_NOSPAN;
}

static loom_status read_entry(compile_state *s, const char *bytes, size_t size) {
  loom_ctx *ctx = s->ctx;
  char *line;
  data_value *v, *part;
  const size_t length = strtoull(bytes, &line, 10);
  if (*line != '\n' || length >= size - (size_t)(line - bytes))
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EINPUT, "the entry has no description");
  line++;
  LOOM_TRY(data_read_json(ctx, "<cache>", line, length, &v));
  LOOM_TRY(data_need(ctx, v, "kernel", DATA_OBJECT, &part));
  LOOM_TRY(kernel_from_data(ctx, part, &s->kernel));
  if (data_get(v, "plan"))
    LOOM_TRY(plan_from_data(ctx, data_get(v, "plan"), &s->plan));
  if (data_get(v, "grid_call"))
    LOOM_TRY(compile_read_grid(s, data_get(v, "grid_call")));
  LOOM_TRY(data_need(ctx, v, "search", DATA_OBJECT, &part));
  LOOM_TRY(read_search(ctx, part, &s->searched));
  LOOM_TRY(data_need(ctx, v, "plain_loops", data_get(v, "plain_loops") && data_get(v, "plain_loops")->kind == DATA_NULL ? DATA_NULL : DATA_STRING, &part));
  s->plain_because = part->string;
  s->plain_where = read_place(s, data_get(v, "plain_at"));
  s->object = line + length;
  s->object_size = size - (size_t)(s->object - bytes);
  return LOOM_OK;
}

static loom_status take_entry(compile_state *s, const char *bytes, size_t size) {
  LOOM_TRY(read_entry(s, bytes, size));
  compile_show_source(s, s->o->source, s->o->source_size);
  if (s->plan)
    compile_keep_blocks(s);
  else
    s->machine = NULL;
  compile_note_plain(s);
  return LOOM_OK;
}

loom_status compile_cache_open(compile_state *s, compile_options *o, bool *out_found) {
  const double before = clock_ms();
  const diag_mark mark = diag_save(s->ctx);
  char *bytes;
  size_t size;
  *out_found = false;
  if (!can_be_kept(s))
    return LOOM_OK;
  if (!o->source)
    LOOM_TRY(file_read(s->ctx, o->input, SOURCE_BYTES_MAX, &o->source, &o->source_size));
  if (!compile_is_whole_kernel(o->input, o->source, o->source_size))
    return LOOM_OK;
  LOOM_TRY(make_key(s));
  if (o->cache->is_replaced || !run_cache_get(s->ctx, o->cache, s->cache_key, &bytes, &size))
    return LOOM_OK;
  machine *const chip = s->machine;
  *out_found = take_entry(s, bytes, size) == LOOM_OK;
  if (!*out_found) {      /* written by somebody who is no compiler; compiled again, it is replaced */
    diag_drop(s->ctx, mark);
    *s = (compile_state){.ctx = s->ctx, .o = o, .machine = chip, .is_native = true, .solve_options = s->solve_options, .cache_key = s->cache_key};
    return LOOM_OK;
  }
  s->cache_key = NULL;      /* nothing to keep */
  vec_push(&s->ctx->mem, &s->times, ((compile_time){"cache", clock_ms() - before}));
  return LOOM_OK;
}
