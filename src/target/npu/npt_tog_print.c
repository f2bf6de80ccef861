/* PyTorchSim's text of a tile operation graph, byte for byte: a Python dictionary, a node's keys indented by a tab, each node closed and followed by a comma.
 * element_size is in bits, as its build_tog has it. */
#include "target/npu/npt_tog_private.h"

static void add_numbers(text *t, const char *name, const int64_t *v, size_t n, const char *end) {
  text_addf(t, "\t\"%s\": [", name);
  for (size_t i = 0; i < n; i++)
    text_addf(t, "%s%" PRId64, i ? "," : "", v[i]);
  text_addf(t, "]%s", end);
}

static void add_names(text *t, const char *name, const npt_texts *v) {
  text_addf(t, "\t\"%s\": [", name);
  for (size_t i = 0; i < v->n; i++)
    text_addf(t, "%s\"%s\"", i ? "," : "", v->at[i]);
  text_add(t, "],\n");
}

static void add_loop(text *t, const npt_node *n) {
  static const char *const types[] = {
#define X(name, s) s,
      TILE_LOOP_LIST(X)
#undef X
  };
  text_addf(t, "\t\"loop_index\": \"%s\",\n\t\"loop_start\": %" PRId64 ",\n\t\"loop_end\": %" PRId64 ",\n\t\"loop_step\": %" PRId64 ",\n\t\"loop_type\": \"%s\"\n", n->variable,
            n->start, n->end, n->step, types[n->loop_type]);
}

static void add_transfer(text *t, const npt_node *n) {
  const npt_transfer *x = &n->transfer;
  int64_t bits = mlirTypeIsAInteger(x->element) ? (int64_t)mlirIntegerTypeGetWidth(x->element) : (int64_t)mlirFloatTypeGetWidth(x->element);
  text_addf(t, "\t\"is_write\": %d,\n\t\"is_async\": %d,\n\t\"base_address\": \"%s\",\n\t\"indirect_mode\": %d,\n", x->is_store, x->is_async, n->base, n->is_indirect);
  add_numbers(t, "tile_size", x->subtile, (size_t)x->rank, ",\n");
  add_numbers(t, "tile_stride", x->dram_stride, (size_t)x->rank, ",\n");
  add_names(t, "tag_idx_list", &n->tag_names);
  add_numbers(t, "tag_stride_list", n->tag_factors.at, n->tag_factors.n, ",\n");
  add_names(t, "loop_idx_list", &n->index_names);
  add_numbers(t, "loop_stride_list", n->index_factors.at, n->index_factors.n, ",\n");
  text_addf(t, "\t\"element_size\": %" PRId64 "\n", bits);
}

static void add_wait(text *t, const npt_node *n) {
  text_addf(t, "\t\"base_address\": \"%s\",\n", n->base);
  add_names(t, "tag_idx_list", &n->tag_names);
  add_numbers(t, "tag_stride_list", n->tag_factors.at, n->tag_factors.n, ",\n");
  add_numbers(t, "tag_divider_list", n->tag_dividers.at, n->tag_dividers.n, "");
}

static void add_node(text *t, const npt_tog *g, int at) {   /* as deep as loops nest: TILE_GRAPH_DEPTH_MAX */
  static const char *const names[] = {"root", "ComputeNode", "loopNode", "DMANode", "DMAWaitNode"};
  const npt_node *n = &g->nodes.at[at];
  text_addf(t, "%d : {\n\t\"node_id\": %d,\n\t\"node_name\": \"%s\",\n\t\"node_type\": %d,\n\t\"parents\": [", at, at, names[n->kind], (int)n->kind);
  if (n->parent >= 0)
    text_addf(t, "%d", n->parent);
  text_add(t, "],\n\t\"children\": [");
  for (size_t i = 0; i < n->children.n; i++)
    text_addf(t, "%s%d", i ? "," : "", n->children.at[i]);
  text_add(t, n->kind == NPT_ROOT ? "]\n" : "],\n");
  if (n->kind == NPT_LOOP)
    add_loop(t, n);
  else if (n->kind == NPT_DMA)
    add_transfer(t, n);
  else if (n->kind == NPT_WAIT)
    add_wait(t, n);
  else if (n->kind == NPT_COMPUTE)
    text_addf(t, "\t\"compute_cycle\": 0,\n\t\"compute_type\": %d\n", (int)n->unit);
  text_add(t, "}\n,");
  for (size_t i = 0; i < n->children.n; i++)
    add_node(t, g, n->children.at[i]);
}

const char *npt_tog_print(arena *mem, const npt_tog *g) {
  text t = text_new(mem);
  for (size_t i = 0; i < g->roots.n; i++) {
    text_add(&t, "graph = {\n");
    add_node(&t, g, g->roots.at[i]);
    text_add(&t, "}");
  }
  return text_str(&t);
}

/* ---- marks ---- */

static void add_mark(ir_ctx *ir, MlirOperation before, MlirBlock block, MlirLocation loc, const char *code, const char *unit) {
  ir_builder b = {.ir = ir, .block = block, .before = before, .loc = loc};
  ir_named attrs[] = {{"has_side_effects", ir_unit_attr(ir)}, {"asm_dialect", ir_int_attr(ir, 0)},
                      {"asm_string", ir_str_attr(ir, arena_printf(&ir->ctx->scratch, ".insn r CUSTOM_3, 0, %s, x0, x0, x0", code))},
                      {"constraints", ir_str_attr(ir, "~{a0},~{memory}")}, {"compute_type", unit ? ir_str_attr(ir, unit) : (MlirAttribute){NULL}}};
  ir_build(&b, "llvm.inline_asm", 0, NULL, 0, NULL, unit ? 5 : 4, attrs, 0, NULL);
}

void npt_tog_mark(npt_tog *t, bool sample) {
  static const char *const units[] = {"VectorCompute", "MatmulCompute", "MatmulPreload"};
  for (size_t i = 0; i < t->nodes.n; i++) {
    const npt_node *n = &t->nodes.at[i];
    if (n->kind == NPT_LOOP && sample && n->end > 0)
      ir_set_attr(n->op, "step", ir_index_attr(t->ir, n->end));
    if (n->kind != NPT_COMPUTE || n->is_gone)
      continue;
    MlirLocation loc = mlirOperationGetLocation(n->first);
    add_mark(t->ir, mlirOperationGetNextInBlock(n->last), mlirOperationGetBlock(n->last), loc, "0x41", NULL);
    add_mark(t->ir, n->first, mlirOperationGetBlock(n->first), loc, "0x40", units[n->unit]);
  }
}
