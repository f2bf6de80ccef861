#include "compile_fixed.h"
#include "base/hash.h"
#include "compile_exec.h"
#include <string.h>

size_t compile_open_sizes(const compile_state *s, const kernel_symbol ***out) {
  const kernel_symbol **list = ARENA_NEW_N(&s->ctx->mem, const kernel_symbol *, s->kernel->symbols.n);
  size_t n = 0;
  for (size_t i = 0; i < s->kernel->symbols.n; i++)
    if (s->kernel->symbols.at[i].is_open)
      list[n++] = &s->kernel->symbols.at[i];
  *out = list;
  return n;
}

const char *compile_sizes_text(const compile_state *s) {
  const kernel_symbol **open;
  const size_t n = compile_open_sizes(s, &open);
  text t = text_new(&s->ctx->mem);
  for (size_t i = 0; i < n; i++)
    text_addf(&t, "%s%s = %" PRId64, i ? ", " : "", open[i]->name, open[i]->value);
  return text_str(&t);
}

/* A call gives memory to both programs alike. */
static bool has_same_arguments(const kernel_graph *a, const kernel_graph *b) {
  size_t n[2] = {0};
  const kernel_graph *of[2] = {a, b};
  for (int k = 0; k < 2; k++)
    for (size_t i = 0; i < of[k]->tensors.n; i++)
      n[k] += of[k]->tensors.at[i].role == KERNEL_ARG;
  return n[0] == n[1] && a->returns.n == b->returns.n;
}

loom_status compile_fix_sizes(compile_state *s) {
  const kernel_symbol **open;
  const bool is_asked = s->is_native && s->kernel && s->o->helion.open_sizes && s->o->stop_after == COMPILE_TOG && !s->o->plain_loops && (s->o->source || strcmp(s->o->input, "-") != 0);
  if (!is_asked || compile_open_sizes(s, &open) == 0)
    return LOOM_OK;
  const diag_mark before = diag_save(s->ctx);
  compile_state *fixed = ARENA_NEW(&s->ctx->mem, compile_state);
  compile_options *o = ARENA_NEW(&s->ctx->mem, compile_options);
  *o = *s->o;
  o->helion.open_sizes = o->write_files = o->debug = false;
  o->dump_dir = o->override_dir = NULL;
  o->cache = NULL;
  loom_status st = compile_kernel(s->ctx, o, fixed);
  if (st == LOOM_EIO || st == LOOM_EBUG || st == LOOM_EMEM) {      /* nothing of the kernel's: another run may do better */
    compile_done(fixed);
    return st;
  }
  diag_drop(s->ctx, before);
  if (st == LOOM_OK && fixed->grid.n_dims && has_same_arguments(s->kernel, fixed->kernel))
    s->fixed = fixed;
  else
    compile_done(fixed);
  return LOOM_OK;
}

data_value *compile_fixed_data(compile_state *s) {
  arena *m = &s->ctx->mem;
  const kernel_symbol **open;
  const size_t n = compile_open_sizes(s, &open);
  const compile_options *o = s->fixed->o;
  data_value *v = data_object(m), *sizes = data_object(m), *blocks = data_object(m);
  char hash[65];
  for (size_t i = 0; i < n; i++)
    data_set_int(m, sizes, open[i]->name, open[i]->value);
  for (size_t i = 0; i < o->n_domains; i++)
    data_set_int(m, blocks, o->domains[i].symbol, o->domains[i].assigned);
  hash_sha256_hex(s->fixed->object, s->fixed->object_size, hash);
  data_set(m, v, "sizes", sizes);
  data_set_string(m, v, "object_sha256", arena_strdup(m, hash));
  data_set(m, v, "block_sizes", blocks);
  data_set(m, v, "grid_call", compile_grid_data(s->fixed));
  return v;
}

static bool is_called_so(const compile_state *s, const data_value *sizes) {
  const kernel_symbol **open;
  const size_t n = compile_open_sizes(s, &open);
  bool same = n == sizes->n;
  for (size_t i = 0; same && i < n; i++) {
    const data_value *size = data_get(sizes, open[i]->name);
    same = size && size->kind == DATA_INT && size->integer == open[i]->value;
  }
  return same;
}

loom_status compile_take_fixed(compile_state *s, const data_value *v, const char *dir, compile_options *o) {
  data_value *sizes, *grid, *blocks;
  const char *hash;
  if (!v)
    return LOOM_OK;
  LOOM_TRY(data_need(s->ctx, v, "sizes", DATA_OBJECT, &sizes));
  LOOM_TRY(data_need(s->ctx, v, "grid_call", DATA_OBJECT, &grid));
  LOOM_TRY(data_need(s->ctx, v, "block_sizes", DATA_OBJECT, &blocks));
  LOOM_TRY(data_need_string(s->ctx, v, "object_sha256", &hash));
  if (!is_called_so(s, sizes))
    return LOOM_OK;
  LOOM_TRY(compile_read_object(s->ctx, dir, COMPILE_FIXED_FILE, hash, &s->object, &s->object_size));
  LOOM_TRY(compile_read_blocks(s->ctx, blocks, o));
  return compile_read_grid(s, grid);
}
