/* Host artifacts: what `loom compile --machine host` leaves, and running it again without the front end or the compiler.
 *
 *   kernel.json         the kernel graph with its guards (loom.kernel.v1): arguments, results, the oracle of --check
 *   cpu/kernel.o        the object code
 *   cpu/planned.o       of a kernel with open sizes: the code of a plan for those it was read with
 *   cpu/artifact.json   loom.host.v1: which kernel.json and which CPU the object is of, its block sizes, and what calls it (grid_call; absent: one
 *                       function of all arguments)
 *   plan.json, IRs/, constraints/   as of any machine, where the kernel has a spatial form
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/tiles.h"
#include "compile.h"
#include "compile_exec.h"
#include "compile_fixed.h"
#include "compile_stage.h"
#include "target/cpu/cpu.h"
#include <string.h>

enum { KERNEL_BYTES_MAX = 64 << 20, OBJECT_BYTES_MAX = 256 << 20, ARTIFACT_BYTES_MAX = 1 << 20 };

/* ---- writing ---- */
loom_status compile_host_object(compile_state *s, const cpu_leaves *leaves) {
  if (s->object)
    return LOOM_OK;
  const double before = clock_ms();
  MlirModule lowered = ir_clone_module(mlirModuleIsNull(s->native) ? s->stage0 : s->native);   /* they can still be printed */
  loom_status st = cpu_kernel_object(&s->ir, lowered, leaves, &s->object, &s->object_size);
  ir_close_module(lowered);
  vec_push(&s->ctx->mem, &s->times, ((compile_time){"object", clock_ms() - before}));
  return st;
}

static data_value *blocks_data(compile_state *s, const sym_binding *blocks, size_t n) {
  data_value *o = data_object(&s->ctx->mem);
  for (size_t i = 0; i < n; i++) {
    const kernel_symbol *k = kernel_find_symbol(s->kernel, blocks[i].name);
    if (k && k->kind != KERNEL_SYM_NOMINAL)
      data_set_int(&s->ctx->mem, o, blocks[i].name, blocks[i].value);
  }
  return o;
}

data_value *compile_grid_data(const compile_state *s) {
  arena *m = &s->ctx->mem;
  data_value *o = data_object(m), *grid = data_array(m);
  for (int d = 0; d < s->grid.n_dims; d++)
    data_push(m, grid, data_int(m, s->grid.count[d]));
  data_set(m, o, "grid", grid);
  data_set_int(m, o, "workspace_bytes", s->grid.workspace_bytes);
  if (s->grid.kept_bytes)
    data_set_int(m, o, "kept_bytes", s->grid.kept_bytes);
  data_set_int(m, o, "dots_bf16", s->dots.bf16);
  data_set_int(m, o, "dots_i8", s->dots.i8);
  return o;
}

/* The last member: SHA-256 of the others as one line.  An edited block size would make the oracle and the sizes of results wrong. */
static void add_checksum(arena *m, data_value *o) {
  char hash[65];
  const char *line = data_write_json(m, o, 0);
  hash_sha256_hex(line, strlen(line), hash);
  data_set_string(m, o, "checksum", arena_strdup(m, hash));
}

/* May the code use matrix tiles, which a process has to ask for? */
static bool uses_tiles(const compile_state *s) {
  return s->dots.bf16 == CPU_DOT_TILES || s->dots.i8 == CPU_DOT_TILES;
}

static const char *artifact_text(compile_state *s, const char *kernel, const sym_binding *blocks, size_t n) {
  arena *m = &s->ctx->mem;
  data_value *o = data_object(m);
  const char *cpu, *features;
  char kernel_hash[65], object_hash[65];
  hash_sha256_hex(kernel, strlen(kernel), kernel_hash);
  hash_sha256_hex(s->object, s->object_size, object_hash);
  codegen_describe_host(m, &cpu, &features);
  data_set_string(m, o, "schema", "loom.host.v1");
  data_set_string(m, o, "loom", LOOM_VERSION);
  data_set_string(m, o, "kernel", s->kernel->name);
  data_set_string(m, o, "kernel_sha256", kernel_hash);
  data_set_string(m, o, "object_sha256", object_hash);
  data_set_string(m, o, "cpu", cpu);
  data_set_string(m, o, "features", features);
  data_set(m, o, "block_sizes", blocks_data(s, blocks, n));
  if (s->grid.n_dims)
    data_set(m, o, "grid_call", compile_grid_data(s));
  if (s->fixed)
    data_set(m, o, "planned", compile_fixed_data(s));
  data_set_bool(m, o, "tiles", uses_tiles(s) || (s->fixed && uses_tiles(s->fixed)));
  add_checksum(m, o);
  return data_write_json(m, o, 1);
}

static loom_status write_bytes(compile_state *s, const char *name, const void *bytes, size_t size) {
  return file_write(s->ctx, file_join(&s->ctx->mem, s->output_dir, name), bytes, size);
}

loom_status compile_write_artifact(compile_state *s) {
  if (s->is_opaque)
    LOOM_FAIL(s->ctx, diag_file_span(s->ctx, s->o->input), LOOM_EUNSUP, "a host artifact holds a kernel graph, and MLIR text has none; run it, or compile the kernel's source");
  const sym_binding *given, *blocks;
  size_t n_given, n;
  LOOM_TRY(compile_host_object(s, NULL));
  LOOM_TRY(cpu_check_kernel(s->ctx, s->object, s->object_size));
  if (s->fixed)
    LOOM_TRY(compile_host_object(s->fixed, NULL));
  if (s->fixed)
    LOOM_TRY(cpu_check_kernel(s->ctx, s->fixed->object, s->fixed->object_size));
  LOOM_TRY(compile_given_blocks(s, &given, &n_given));
  LOOM_TRY(kernel_block_sizes(s->ctx, s->kernel, given, n_given, &blocks, &n));
  const char *kernel = compile_stage_text(s, COMPILE_KERNEL), *artifact = artifact_text(s, kernel, blocks, n);
  if (s->plan)
    LOOM_TRY(compile_write_outputs(s));
  s->output_dir = s->o->output_dir ? s->o->output_dir : file_join(&s->ctx->mem, "loom-out", text_identifier(&s->ctx->mem, s->kernel->name));
  LOOM_TRY(file_make_dirs(s->ctx, file_join(&s->ctx->mem, s->output_dir, "cpu")));
  LOOM_TRY(write_bytes(s, "kernel.json", kernel, strlen(kernel)));
  LOOM_TRY(write_bytes(s, "cpu/kernel.o", s->object, s->object_size));
  if (s->fixed)
    LOOM_TRY(write_bytes(s, COMPILE_FIXED_FILE, s->fixed->object, s->fixed->object_size));
  return write_bytes(s, "cpu/artifact.json", artifact, strlen(artifact));
}

/* ---- reading ---- */
typedef struct artifact { const char *dir; data_value *v; const char *loom, *kernel_hash, *object_hash, *cpu, *features; data_value *blocks; } artifact;

static loom_status read_part(loom_ctx *ctx, const artifact *a, const char *name, size_t limit, char **out, size_t *size) {
  return file_read(ctx, file_join(&ctx->mem, a->dir, name), limit, out, size);
}

static loom_status check_checksum(loom_ctx *ctx, const data_value *v) {
  const char *said;
  LOOM_TRY(data_need_string(ctx, v, "checksum", &said));
  data_value *again = data_object(&ctx->mem);
  for (size_t i = 0; i < v->n; i++)
    if (!text_eq(v->members[i].key, "checksum"))
      data_set(&ctx->mem, again, v->members[i].key, v->members[i].value);
  add_checksum(&ctx->mem, again);
  if (text_eq(data_get(again, "checksum")->string, said))
    return LOOM_OK;
  diag_error(ctx, data_get(v, "checksum")->span, LOOM_EINPUT, "the artifact is damaged: its description is not what the compiler wrote");
  diag_help(ctx, "compile the kernel again");
  return LOOM_EINPUT;
}

static loom_status read_header(loom_ctx *ctx, artifact *a) {
  const char *path = file_join(&ctx->mem, a->dir, "cpu/artifact.json");
  if (!file_exists(path)) {
    diag_error(ctx, diag_file_span(ctx, a->dir), LOOM_EINPUT, "the directory holds no compiled host kernel (cpu/artifact.json)");
    diag_help(ctx, file_exists(file_join(&ctx->mem, a->dir, "tog.json")) ? "it is of a chip: 'loom sim DIR --check' runs it"
                                                                         : "make one with 'loom compile KERNEL --machine host -o DIR'");
    return LOOM_EINPUT;
  }
  LOOM_TRY(data_read_json_file(ctx, path, ARTIFACT_BYTES_MAX, &a->v));
  LOOM_TRY(data_need_schema(ctx, a->v, "loom.host.v1"));
  LOOM_TRY(check_checksum(ctx, a->v));
  LOOM_TRY(data_need_string(ctx, a->v, "loom", &a->loom));
  LOOM_TRY(data_need_string(ctx, a->v, "kernel_sha256", &a->kernel_hash));
  LOOM_TRY(data_need_string(ctx, a->v, "object_sha256", &a->object_hash));
  LOOM_TRY(data_need_string(ctx, a->v, "cpu", &a->cpu));
  LOOM_TRY(data_need_string(ctx, a->v, "features", &a->features));
  return data_need(ctx, a->v, "block_sizes", DATA_OBJECT, &a->blocks);
}

/* The object was made by this Loom for a CPU like this one. */
static loom_status check_origin(loom_ctx *ctx, const artifact *a) {
  const char *missing = codegen_missing_feature(&ctx->mem, a->features);
  if (!missing && data_get_bool(a->v, "tiles") && !tiles_may_use())      /* the process asks for them here */
    missing = "matrix tiles that its system gives away";
  if (!text_eq(a->loom, LOOM_VERSION)) {
    diag_error(ctx, data_get(a->v, "loom")->span, LOOM_EINPUT, "the artifact is stale: Loom %s compiled it, and this is " LOOM_VERSION, a->loom);
    diag_help(ctx, "compile the kernel again");
    return LOOM_EINPUT;
  }
  if (missing) {
    diag_error(ctx, data_get(a->v, "features")->span, LOOM_EUNSUP, "the artifact is compiled for another CPU (%s): this one has no %s", a->cpu, missing);
    diag_help(ctx, "compile the kernel on this machine");
    return LOOM_EUNSUP;
  }
  return LOOM_OK;
}

loom_status compile_read_object(loom_ctx *ctx, const char *dir, const char *name, const char *sha256, char **out, size_t *out_size) {
  const char *path = file_join(&ctx->mem, dir, name);
  char hash[65];
  LOOM_TRY(file_read(ctx, path, OBJECT_BYTES_MAX, out, out_size));
  hash_sha256_hex(*out, *out_size, hash);
  if (strcmp(hash, sha256) == 0)
    return LOOM_OK;
  diag_error(ctx, diag_file_span(ctx, path), LOOM_EINPUT, "the object code is damaged: it is not what the compiler wrote (its SHA-256 differs)");
  diag_help(ctx, "compile the kernel again");
  return LOOM_EINPUT;
}

static loom_status read_parts(compile_state *s, const artifact *a) {
  loom_ctx *ctx = s->ctx;
  char *source, hash[65];
  size_t size;
  data_value *v;
  const char *path = file_join(&ctx->mem, a->dir, "kernel.json");
  LOOM_TRY(read_part(ctx, a, "kernel.json", KERNEL_BYTES_MAX, &source, &size));
  hash_sha256_hex(source, size, hash);
  if (strcmp(hash, a->kernel_hash) != 0) {
    diag_error(ctx, diag_file_span(ctx, path), LOOM_EINPUT, "the artifact is stale: this is not the kernel that cpu/kernel.o was compiled from (its SHA-256 differs)");
    diag_help(ctx, "compile the kernel again; an edited kernel.json can be compiled, as any input");
    return LOOM_EINPUT;
  }
  LOOM_TRY(data_read_json(ctx, path, source, size, &v));
  LOOM_TRY(kernel_from_data(ctx, v, &s->kernel));
  return compile_read_object(ctx, a->dir, "cpu/kernel.o", a->object_hash, &s->object, &s->object_size);
}

void compile_show_source(compile_state *s, const char *source, size_t size) {
  for (diag_source *d = s->ctx->diag.sources; d; d = d->next)
    if (d == s->kernel->source) {
      d->text = source;
      d->size = size;
    }
}

/* The source is not needed; where it is there, messages show its lines, and where it has changed, its author wants to know. */
static loom_status look_at_source(compile_state *s) {
  char *source, hash[65];
  size_t size;
  if (!s->kernel->path || !*s->kernel->path || !*s->kernel->sha256 || !file_exists(s->kernel->path))
    return LOOM_OK;
  LOOM_TRY(file_read(s->ctx, s->kernel->path, KERNEL_BYTES_MAX, &source, &size));
  hash_sha256_hex(source, size, hash);
  if (strcmp(hash, s->kernel->sha256) == 0) {
    compile_show_source(s, source, size);
  } else {
    diag_warn(s->ctx, diag_file_span(s->ctx, s->kernel->path), "the file has changed since the artifact was compiled; the artifact runs as it was");
    diag_help(s->ctx, "compile it again to run what it says now");
  }
  return LOOM_OK;
}

loom_status compile_read_grid(compile_state *s, const data_value *v) {
  loom_ctx *ctx = s->ctx;
  cpu_grid *out = &s->grid;
  data_value *grid;
  int64_t bf16, i8;
  *out = (cpu_grid){0};
  LOOM_TRY(data_need(ctx, v, "grid", DATA_ARRAY, &grid));
  LOOM_TRY(data_need_int(ctx, v, "workspace_bytes", 0, INT64_C(1) << 40, &out->workspace_bytes));
  if (data_get(v, "kept_bytes"))
    LOOM_TRY(data_need_int(ctx, v, "kept_bytes", 0, INT64_C(1) << 40, &out->kept_bytes));
  LOOM_TRY(data_need_int(ctx, v, "dots_bf16", CPU_DOT_NONE, CPU_DOT_TILES, &bf16));
  LOOM_TRY(data_need_int(ctx, v, "dots_i8", CPU_DOT_NONE, CPU_DOT_TILES, &i8));
  s->dots = (cpu_dots){(cpu_dot)bf16, (cpu_dot)i8};
  if (grid->n < 1 || grid->n > CPU_GRID_MAX)
    LOOM_FAIL(ctx, grid->span, LOOM_EINPUT, "the grid has %zu dimensions; expected 1 to %d", grid->n, CPU_GRID_MAX);
  for (size_t i = 0; i < grid->n; i++) {
    const data_value *n = grid->items[i];
    if (n->kind != DATA_INT || n->integer < 1 || n->integer > 4096)
      LOOM_FAIL(ctx, n->span, LOOM_EINPUT, "a dimension of the grid is no count of cores");
    out->count[out->n_dims++] = n->integer;
  }
  return LOOM_OK;
}

static loom_status read_grid(compile_state *s, const artifact *a) {
  const data_value *v = data_get(a->v, "grid_call");
  s->is_native = true;
  return v ? compile_read_grid(s, v) : LOOM_OK;
}

loom_status compile_read_blocks(loom_ctx *ctx, const data_value *v, compile_options *o) {
  solve_domain *d = ARENA_NEW_N(&ctx->mem, solve_domain, v->n);
  for (size_t i = 0; i < v->n; i++) {
    d[i].symbol = v->members[i].key;
    LOOM_TRY(data_need_int(ctx, v, d[i].symbol, 1, INT64_C(1) << 40, &d[i].assigned));
  }
  o->domains = d;
  o->n_domains = v->n;
  return LOOM_OK;
}

loom_status compile_open_artifact(loom_ctx *ctx, const compile_options *o, const run_options *r, compile_state *s) {
  memset(s, 0, sizeof *s);
  s->ctx = ctx;
  compile_options *own = ARENA_NEW(&ctx->mem, compile_options);
  *own = *o;
  s->o = own;
  artifact a = {.dir = o->input};
  LOOM_TRY(read_header(ctx, &a));
  LOOM_TRY(check_origin(ctx, &a));
  LOOM_TRY(read_parts(s, &a));
  LOOM_TRY(look_at_source(s));
  LOOM_TRY(compile_read_blocks(ctx, a.blocks, own));
  LOOM_TRY(read_grid(s, &a));
  LOOM_TRY(compile_bind_sizes(s, r));
  LOOM_TRY(compile_take_fixed(s, data_get(a.v, "planned"), a.dir, own));
  LOOM_TRY(compile_check_call(s, NULL));
  return kernel_verify(ctx, s->kernel);   /* at the sizes of this call: what the guards let through fits together */
}
