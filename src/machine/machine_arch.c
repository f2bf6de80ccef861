/* An architecture to a machine: a loom.machine.v1 tree that the ordinary reader checks. */
#include "machine/machine_arch.h"
#include "base/file.h"
#include "base/text.h"
#include <ctype.h>

typedef struct builder { loom_ctx *ctx; arena *mem; const machine_arch *a; } builder;

const char *const machine_dram_names[] = {"DRAM", NULL}, *const machine_l1_names[] = {"L1", "L1_S", "SRAM", NULL};

loom_status machine_arch_pick(loom_ctx *ctx, loom_span span, const machine_memory *list, size_t n, const char *const *preferred, const char *what,
                              machine_memory *out) {
  if (!n)
    LOOM_FAIL(ctx, span, LOOM_EINPUT, "there is no memory that could be %s", what);
  for (const char *const *name = preferred; *name; name++)
    for (size_t i = 0; i < n; i++)
      if (text_eq(list[i].name, *name)) {
        *out = list[i];
        return LOOM_OK;
      }
  if (n == 1) {
    *out = list[0];
    return LOOM_OK;
  }
  diag_error(ctx, list[1].span, LOOM_EUNSUP, "'%s' and '%s' could both be %s", list[0].name, list[1].name, what);
  diag_help(ctx, "name one of them '%s'", preferred[0]);
  return LOOM_EUNSUP;
}

static data_value *at_place(data_value *v, loom_span span) {
  v->span = span;
  return v;
}

static data_value *given(const builder *b, loom_span span, int64_t value, const char *what) {
  data_value *v = at_place(data_object(b->mem), span);
  data_set(b->mem, v, "value", at_place(data_int(b->mem, value), span));
  data_set_string(b->mem, v, "source", arena_printf(b->mem, "%s, line %d of the %s", what, span.line, b->a->form));
  return v;
}

static data_value *assumed(const builder *b, int64_t value, const char *note) {
  data_value *v = data_object(b->mem);
  data_set_int(b->mem, v, "value", value);
  data_set_bool(b->mem, v, "assumed", true);
  data_set_string(b->mem, v, "note", note);
  return v;
}

static const char untold[] = "Wormhole's; the file does not tell";

static data_value *mesh_tree(const builder *b) {
  data_value *all = at_place(data_array(b->mem), b->a->span);
  for (size_t i = 0; i < b->a->mesh.n; i++) {
    const machine_dim *d = &b->a->mesh.at[i];
    data_value *v = at_place(data_object(b->mem), b->a->mesh_span.at[i]);
    data_set(b->mem, v, "name", at_place(data_string(b->mem, d->name), b->a->mesh_span.at[i]));
    data_set(b->mem, v, "size", at_place(data_int(b->mem, d->size), b->a->mesh_span.at[i]));
    data_set_bool(b->mem, v, "wrap", d->wraps);
    data_push(b->mem, all, v);
  }
  return all;
}

static data_value *units_tree(const builder *b) {
  data_value *all = data_array(b->mem);
  for (size_t i = 0; i < b->a->units.n; i++) {
    const arch_unit *u = &b->a->units.at[i];
    bool is_matrix = text_eq(u->kind, "matrix");
    data_value *v = at_place(data_object(b->mem), u->span), *shape = data_array(b->mem);
    for (int d = 0; d < (is_matrix ? 3 : 1); d++)
      data_push(b->mem, shape, data_int(b->mem, 32));
    data_set(b->mem, v, "name", at_place(data_string(b->mem, u->name), u->span));
    data_set_string(b->mem, v, "kind", u->kind);
    data_set(b->mem, v, "shape", shape);
    data_set_int(b->mem, v, "count", 1);
    data_set(b->mem, v, "rate", assumed(b, is_matrix ? 500 : 1024, untold));
    data_push(b->mem, all, v);
  }
  return all;
}

static data_value *core_tree(const builder *b) {
  arena *m = b->mem;
  const machine_memory *l1 = &b->a->l1;
  data_value *core = data_object(m), *memory = at_place(data_object(m), l1->span), *movers = at_place(data_array(m), b->a->span);
  data_set(m, memory, "name", at_place(data_string(m, l1->name), l1->span));
  data_set(m, memory, "banks", given(b, l1->span, l1->instances, "banks"));
  data_set(m, memory, "bank_bytes", given(b, l1->span, l1->bytes, "block size x blocks"));
  data_set(m, memory, "align_bytes", assumed(b, 32, untold));
  data_set(m, memory, "bytes_per_cycle", assumed(b, 60, untold));
  for (size_t i = 0; i < b->a->movers.n; i++)
    data_push(m, movers, at_place(data_string(m, b->a->movers.at[i].name), b->a->movers.at[i].span));
  data_set(m, core, "memory", memory);
  data_set(m, core, "units", units_tree(b));
  data_set(m, core, "movers", movers);
  data_set(m, core, "transfer_setup_cycles", assumed(b, 50, untold));
  data_set(m, core, "fill_bytes_per_cycle", assumed(b, 60, untold));
  data_set(m, core, "copy_bytes_per_cycle", assumed(b, 30, untold));
  data_set(m, core, "tile_align", assumed(b, 32, untold));
  return core;
}

static data_value *dram_tree(const builder *b) {
  arena *m = b->mem;
  const machine_memory *dram = &b->a->dram;
  data_value *v = at_place(data_object(m), dram->span);
  data_set(m, v, "channels", at_place(data_int(m, dram->instances), dram->span));
  data_set(m, v, "channel_bytes", given(b, dram->span, dram->bytes, "block size x blocks"));
  data_set(m, v, "bytes_per_cycle", assumed(b, 288, untold));
  data_set(m, v, "latency_cycles", assumed(b, 350, untold));
  data_set(m, v, "page_bytes", given(b, dram->span, b->a->dram_page_bytes, "block size"));
  data_set(m, v, "align_bytes", assumed(b, 32, untold));
  return v;
}

/* The name that the file gives, or its stem, as a machine's name. */
static const char *machine_name(const builder *b, const char *path) {
  char *name = b->a->name ? arena_strdup(b->mem, b->a->name) : file_stem(b->mem, path);
  for (char *p = name; *p; p++)
    *p = isalnum((unsigned char)*p) || *p == '-' ? *p : '_';
  return *name ? name : "imported";
}

static data_value *perf_tree(const builder *b) {
  data_value *perf = data_object(b->mem), *set = data_object(b->mem);
  data_set_string(b->mem, set, "source", "nothing yet: a compute directory or perf YAML gives costs");
  data_set(b->mem, set, "functions", data_object(b->mem));
  data_set(b->mem, perf, "imported", set);
  return perf;
}

loom_status machine_from_arch(loom_ctx *ctx, const char *path, const machine_arch *a, machine **out) {
  builder b = {ctx, &ctx->mem, a};
  arena *m = &ctx->mem;
  data_value *root = at_place(data_object(m), a->span), *links = data_object(m);
  data_set(m, links, "bytes_per_cycle", a->link_bytes_per_cycle ? given(&b, a->link_span, a->link_bytes_per_cycle, "link_bandwidth") : assumed(&b, 28, untold));
  data_set(m, links, "hop_cycles", assumed(&b, 9, untold));
  data_set_string(m, root, "name", machine_name(&b, path));
  data_set_string(m, root, "summary", arena_printf(m, "imported from %s %s", strchr("aeiou", a->form[0]) ? "an" : "a", a->form));
  data_set(m, root, "clock_hz", assumed(&b, 1000000000, untold));
  data_set(m, root, "mesh", mesh_tree(&b));
  data_set(m, root, "core", core_tree(&b));
  data_set(m, root, "dram", dram_tree(&b));
  data_set(m, root, "links", links);
  data_set_string(m, root, "calibration", "imported");
  data_set(m, root, "perf", perf_tree(&b));
  LOOM_TRY(machine_read(ctx, path, root, out));
  vec_push(m, &(*out)->memories, a->dram);
  for (size_t i = 0; i < a->memories.n; i++)
    if (!text_eq(a->memories.at[i].name, a->dram.name))
      vec_push(m, &(*out)->memories, a->memories.at[i]);
  for (size_t i = 0; i < a->paths.n; i++)
    vec_push(m, &(*out)->paths, a->paths.at[i]);
  return LOOM_OK;
}
