#include "base/hash.h"
#include "frontend/helion/helion_rules.h"

enum { HELION_STEPS_MAX = 500000 };

static helion_reader reader_new(loom_ctx *ctx, const syn_node *module, const helion_options *o) {
  static const helion_options none;
  return (helion_reader){.ctx = ctx, .mem = &ctx->mem, .module = module, .options = o ? o : &none, .steps = {HELION_STEPS_MAX}};
}

/* ---- class attributes of a LoomKernel that change what is promised about tiles ---- */
static bool class_flag(helion_reader *r, const char *name) {
  helion_value v;
  bool truth;
  return helion_class_value(r, r->class_node, name, &v) && helion_truth(r, &v, &truth) && truth;
}

/* tile_divisible = {"tile_m": True}: the promise of assume_divisible_tiles for single tiles. */
static void apply_tile_divisible(helion_reader *r) {
  helion_value v;
  bool truth;
  if (!helion_class_member(r, r->class_node, "tile_divisible") || !helion_class_value(r, r->class_node, "tile_divisible", &v) ||
      v.kind != HELION_DICT)
    return;
  for (size_t i = 0; i < v.dict->n; i++)
    for (size_t j = 0; v.dict->keys[i].kind == HELION_STR && j < r->symbols.n; j++)
      if (r->symbols.at[j].kind == KERNEL_SYM_BLOCK && text_eq(r->symbols.at[j].name, v.dict->keys[i].string) &&
          helion_truth(r, &v.dict->values[i], &truth))
        r->symbols.at[j].divides = truth;
}

static void warn_tile_upper_bounds(helion_reader *r) {
  const syn_node *s = helion_class_member(r, r->class_node, "tile_upper_bounds");
  if (s)
    diag_warn(r->ctx, s->span, "tile_upper_bounds is not used: block sizes are bounded by their ranges and by memory");
}

/* ---- the kernel ---- */
static bool has_loop(const helion_reader *r) {
  for (size_t i = 0; i < r->graph->body.ops.n; i++)
    if (r->graph->body.ops.at[i]->kind == KERNEL_PARALLEL)
      return true;
  return false;
}

static bool is_stored(const kernel_region *region, kernel_tensor t) {
  for (size_t i = 0; i < region->ops.n; i++) {
    const kernel_op *op = region->ops.at[i];
    if (op->kind == KERNEL_STORE && op->tensor == t)
      return true;
    for (int j = 0; j < op->n_regions; j++)
      if (is_stored(&op->regions[j], t))
        return true;
  }
  return false;
}

/* A kernel without a return value gives back the arguments it writes. */
static void return_written_arguments(helion_reader *r) {
  for (size_t i = 0; !r->graph->returns.n && i < r->graph->tensors.n; i++)
    if (r->graph->tensors.at[i].role == KERNEL_ARG && is_stored(&r->graph->body, (kernel_tensor)i))
      r->graph->tensors.at[i].is_returned = true;
  for (size_t i = 0, n = r->graph->returns.n; !n && i < r->graph->tensors.n; i++)
    if (r->graph->tensors.at[i].is_returned)
      vec_push(r->mem, &r->graph->returns, (kernel_tensor)i);
}

static void run_kernel(helion_reader *r, const helion_kernel *k) {
  size_t n;
  syn_node **body = syn_list(k->fn, "body", &n);
  helion_push_scope(r, NULL);
  helion_bind_arguments(r, k);
  helion_run_block(r, body, n);
  if (r->worst == LOOM_OK && !has_loop(r))
    helion_fail(r, k->fn, LOOM_EINPUT, "write the computation in a `for tile in hl.tile(...)` loop", "the kernel \"%s\" has no tile loop",
                k->name);
  return_written_arguments(r);
  if (r->worst == LOOM_OK && !r->graph->returns.n)
    helion_fail(r, k->fn, LOOM_EINPUT, "return the tensors that the kernel writes",
                "the kernel \"%s\" returns nothing and writes no argument", k->name);
}

/* Reads the kernel once.  *padded: blocks that need pad mode, known before and found now; *again: some were found now. */
static loom_status read_once(loom_ctx *ctx, const syn_node *module, const helion_options *o, uint64_t *padded, bool *again, kernel_graph **out) {
  helion_reader r = reader_new(ctx, module, o);
  helion_kernels all = helion_find_kernels(&r);
  helion_kernel k;
  *again = false;
  LOOM_TRY(helion_choose_kernel(&r, &all, &k));
  r.padded = *padded;
  r.class_node = k.class_node;
  r.graph = kernel_new(r.mem, k.name);
  r.graph->source = module->span.source;
  r.graph->path = module->span.source ? module->span.source->path : "";
  if (r.graph->source)
    hash_sha256_hex(r.graph->source->text, r.graph->source->size, r.graph->sha256);
  r.graph->style = k.class_node ? "loom" : "helion";
  r.assume_divides = r.options->assume_divides;
  if (k.class_node) {
    r.assume_divides = class_flag(&r, "assume_divisible_tiles");
    warn_tile_upper_bounds(&r);
  }
  helion_check_makers(&r, &k);
  helion_find_config(&r, &k);
  r.is_dynamic = r.options->open_sizes && helion_has_dynamic_shapes(&r, &k);
  run_kernel(&r, &k);
  if (r.worst == LOOM_OK && !r.is_again)
    helion_check_given(&r, &k);
  helion_apply_config(&r);
  *padded = r.padded;
  *again = r.is_again;
  if (r.is_again)
    return LOOM_OK;
  if (k.class_node)
    apply_tile_divisible(&r);
  if (r.worst != LOOM_OK)
    return r.worst;
  helion_finish(&r);
  LOOM_TRY(kernel_verify(ctx, r.graph));
  *out = r.graph;
  return LOOM_OK;
}

static loom_status read_padded(loom_ctx *ctx, const syn_node *module, const helion_options *o, diag_mark before, kernel_graph **out) {
  uint64_t padded = 0;
  bool again;
  do {
    diag_drop(ctx, before);
    LOOM_TRY(read_once(ctx, module, o, &padded, &again, out));
  } while (again);
  return LOOM_OK;
}

/* A block whose dim leaves its loop is only known to do so when the kernel has been read: then it is read again, with that block padded. */
loom_status helion_read(loom_ctx *ctx, const syn_node *module, const helion_options *o, kernel_graph **out) {
  diag_mark before = diag_save(ctx);
  loom_status st = read_padded(ctx, module, o, before, out);
  diag_sort(ctx, before);
  return st;
}

const helion_place *helion_places(loom_ctx *ctx, const syn_node *module, size_t *out_n) {
  helion_reader r = reader_new(ctx, module, NULL);
  const helion_kernels all = helion_find_kernels(&r);
  helion_place *places = ARENA_NEW_N(r.mem, helion_place, all.at.n);
  for (size_t i = 0; i < all.at.n; i++) {
    const syn_node *of = all.at.at[i].class_node ? all.at.at[i].class_node : all.at.at[i].fn;
    size_t n;
    syn_node **decorators = syn_list(of, "decorator_list", &n);
    places[i] = (helion_place){all.at.at[i].name, of->span, n ? decorators[0]->span.line : of->span.line};
  }
  *out_n = all.at.n;
  return places;
}

loom_status helion_list(loom_ctx *ctx, const syn_node *module, const char *const **out_names, size_t *out_n) {
  helion_reader r = reader_new(ctx, module, NULL);
  helion_kernels all = helion_find_kernels(&r);
  const char **names = ARENA_NEW_N(r.mem, const char *, all.at.n);
  for (size_t i = 0; i < all.at.n; i++)
    names[i] = all.at.at[i].name;
  *out_names = names;
  *out_n = all.at.n;
  return LOOM_OK;
}
