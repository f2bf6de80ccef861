/* What kernel_same says of a graph and of the same graph with one thing changed; kernel_same.h says what counts.  Both directions, and each graph beside itself. */
#include "kernel/kernel_parts_testing.h"
#include "kernel/kernel_same.h"

/* A store of what `p->op` gives, so that it has an effect; a load and a store of x in front of it. */
static kernel_op *store(parts *p, kernel_region *r, const char *tensor, kernel_value v, const char *index) {
  kernel_op *op = kernel_add_op(p->m, p->k, r, KERNEL_STORE, 1, &v, 0, NULL);
  op->tensor = kernel_find_tensor(p->k, tensor);
  op->index = ARENA_NEW_N(p->m, kernel_index, 3);
  for (; index[op->n_index]; op->n_index++) {
    const char c = index[op->n_index];
    op->index[op->n_index] = c == ':' ? (kernel_index){.kind = KERNEL_INDEX_ALL, .value = -1} : (kernel_index){.kind = KERNEL_INDEX_TILE, .value = r->params.at[c - '0']};
  }
  return op;
}

static kernel_op *add(parts *p, kernel_region *r, kernel_op_kind kind, int n, const kernel_value *operands, const char *type) {
  const kernel_type t = parts_type(p->m, type);
  return kernel_add_op(p->m, p->k, r, kind, n, operands, 1, &t);
}

/* ---- graphs ---- */

static void of_op(parts *p, kernel_region *grid, void (*make)(parts *, kernel_region *)) {
  make(p, grid);
  store(p, grid, "x", p->op->results[0], "01");
}
static void scan(parts *p, kernel_region *grid) { of_op(p, grid, parts_make_scan); }
static void fold(parts *p, kernel_region *grid) { of_op(p, grid, parts_make_fold_kept); }
static void loop(parts *p, kernel_region *grid) { of_op(p, grid, parts_make_loop); }
static void branch(parts *p, kernel_region *grid) { of_op(p, grid, parts_make_if); }
static void repeat(parts *p, kernel_region *grid) { of_op(p, grid, parts_make_while); }

/* out = exp(x) stored behind a load of it: value is the load, op the function. */
static void plain(parts *p, kernel_region *grid) {
  kernel_op *load = add(p, grid, KERNEL_LOAD, 0, NULL, "f32[m,n]");
  load->tensor = 0;
  load->n_index = 2;
  load->index = ARENA_NEW_N(p->m, kernel_index, 2);
  for (int i = 0; i < 2; i++)
    load->index[i] = (kernel_index){.kind = KERNEL_INDEX_TILE, .value = grid->params.at[i]};
  p->value = load->results[0];
  p->op = add(p, grid, KERNEL_UNARY, 1, load->results, "f32[m,n]");
  p->op->fn = KERNEL_FN_EXP;
  store(p, grid, "x", p->op->results[0], "01");
}

/* Sizes: an index expression of several operations. */
static void sized(parts *p, kernel_region *grid) {
  arena *m = p->m;
  store(p, grid, "x", parts_constant(p, grid, "f32"), "01");      /* says which range is which */
  p->op = add(p, grid, KERNEL_INDEX_EXPR, 0, NULL, "i64");
  p->op->expr = sym_add(m, sym_mul(m, sym_name(m, "m"), sym_name(m, "n")), sym_max(m, sym_name(m, "n"), sym_name(m, "u")));
  kernel_add_symbol(m, p->k, "u", KERNEL_SYM_TUNABLE);
  kernel_add_symbol(m, p->k, "v", KERNEL_SYM_TUNABLE);
  store(p, grid, "x", p->op->results[0], "01");
}
static void difference(parts *p, kernel_region *grid) {
  sized(p, grid);
  p->op->expr = sym_sub(p->m, sym_name(p->m, "v"), sym_mul(p->m, sym_const(p->m, 2), sym_name(p->m, "u")));
}
static void nominal(parts *p, kernel_region *grid) {
  p->op = add(p, grid, KERNEL_INDEX_EXPR, 0, NULL, "i64");
  p->op->expr = sym_name(p->m, kernel_nominal(p->m, p->k, "m"));
  kernel_nominal(p->m, p->k, "n");
  store(p, grid, "x", p->op->results[0], "01");
}
/* A size that a value decides. */
static void run_time(parts *p, kernel_region *grid) {
  p->value = parts_constant(p, grid, "i64");
  kernel_op *bind = kernel_add_op(p->m, p->k, grid, KERNEL_BIND, 1, &p->value, 0, NULL);
  bind->expr = sym_name(p->m, "%r");
  p->op = add(p, grid, KERNEL_INDEX_EXPR, 0, NULL, "i64");
  p->op->expr = sym_name(p->m, "%r");
  store(p, grid, "x", p->op->results[0], "01");
}
static void permuted(parts *p, kernel_region *grid) {
  p->value = parts_constant(p, grid, "f32[m,m]");
  p->op = add(p, grid, KERNEL_PERMUTE, 1, &p->value, "f32[m,m]");
  p->op->perm[1] = 1;
  store(p, grid, "x", p->op->results[0], "01");
}
/* An allocation and a view of it, both written and returned. */
static void memory(parts *p, kernel_region *grid) {
  arena *m = p->m;
  const kernel_tensor a = kernel_add_tensor(m, p->k, "a", KERNEL_ALLOC, parts_type(m, "f32[64,40]")), v = kernel_add_tensor(m, p->k, "w", KERNEL_VIEW, parts_type(m, "f32[32,40]"));
  p->k->tensors.at[a].fill = KERNEL_FILL_VALUE;
  p->k->tensors.at[a].fill_value = 2;
  p->k->tensors.at[v].base = a;
  p->k->tensors.at[v].offset = sym_const(m, 0);
  p->k->tensors.at[v].stride[0] = sym_const(m, 40);
  p->k->tensors.at[v].stride[1] = sym_const(m, 1);
  p->value = parts_constant(p, grid, "f32");
  p->op = store(p, grid, "a", p->value, "01");
  store(p, grid, "w", p->value, "01");
  vec_push(m, &p->k->returns, v);
}

/* ---- changes ---- */

#define NAMED(name) kernel_find_symbol(p->k, name)
#define TENSOR(name) (&p->k->tensors.at[kernel_find_tensor(p->k, name)])
#define GRID (p->k->body.ops.at[0])
#define LAST (GRID->regions[0].ops.at[GRID->regions[0].ops.n - 1])
static void nothing(parts *p) { (void)p; }
static void other_names(parts *p) { NAMED("s")->name = "rows", TENSOR("x")->name = "y", p->op->span.line = 77; }
static void useless_op(parts *p) { parts_constant(p, &GRID->regions[0], "f32"); }
static void swapped_ranges(parts *p) {
  kernel_range r = GRID->ranges[0];
  kernel_region *g = &GRID->regions[0];
  GRID->ranges[0] = GRID->ranges[1], GRID->ranges[1] = r;
  kernel_value v = g->params.at[0];
  g->params.at[0] = g->params.at[1], g->params.at[1] = v;
}
static void other_end(parts *p) { GRID->ranges[2].end = sym_const(p->m, 6); }
static void other_begin(parts *p) { GRID->ranges[0].begin = sym_const(p->m, 1); }
static void step_one(parts *p) { GRID->ranges[2].step = sym_const(p->m, 1); }
static void step_two(parts *p) { GRID->ranges[2].step = sym_const(p->m, 2); }
static void no_block(parts *p) { GRID->ranges[0].block = NULL; }
static void fewer_ranges(parts *p) { GRID->n_ranges = 2; }
static void block_of_other_size(parts *p) { NAMED("m")->value = 8; }
static void block_padded(parts *p) { NAMED("m")->is_padded = true; }
static void block_divides(parts *p) { NAMED("m")->divides = true; }
static void block_of_other_kind(parts *p) { NAMED("m")->kind = KERNEL_SYM_TUNABLE; }
static void block_gone(parts *p) { NAMED("m")->name = "mm"; }
static void hints(parts *p) { NAMED("m")->preferred = 4, NAMED("m")->extent = NULL; }
static void function(parts *p) { p->op->fn = KERNEL_FN_LOG; }
static void number(parts *p) { p->op->fvalue = 1; }
static void number_below(parts *p) { p->op->fvalue = -1; }
static void number_nan(parts *p) { p->op->fvalue = NAN; }
static void whole_number(parts *p) { p->op->ivalue = 1; }
static void flag(parts *p) { p->op->flag = !p->op->flag; }
static void kind(parts *p) { p->op->kind = KERNEL_CAST; }
static void type(parts *p) { p->k->values.at[p->op->results[0]].type.type = DTYPE_F16; }
static void rank(parts *p) { p->k->values.at[p->op->results[0]].type.rank--; }
static void dims(parts *p) { p->k->values.at[p->op->results[0]].type.dim[0] = sym_name(p->m, "n"); }
static void operand(parts *p) { p->op->operands[0] = GRID->regions[0].params.at[0]; }
static void no_operand(parts *p) { p->op->operands[0] = -1; }
static void fewer_operands(parts *p) { p->op->n_operands = 0; }
static void moved_by_nothing(parts *p) { LAST->index[0].begin = sym_const(p->m, 0); }
static void moved(parts *p) { LAST->index[0].begin = sym_const(p->m, 1); }
static void moved_by_size(parts *p) { LAST->index[0].begin = sym_name(p->m, "s"); }
static void index_kind(parts *p) { LAST->index[0].kind = KERNEL_INDEX_SCALAR; }
static void index_dim(parts *p) { LAST->index[0].dim = 1; }
static void index_rank(parts *p) { LAST->index[0].rank = 1; }
static void index_end(parts *p) { LAST->index[0].end = sym_const(p->m, 9); }
static void index_tile(parts *p) { LAST->index[0].value = GRID->regions[0].params.at[1]; }
static void fewer_indices(parts *p) { LAST->n_index = 1; }
static void other_tensor(parts *p) { LAST->tensor = kernel_find_tensor(p->k, "h"); }
static void no_tensor(parts *p) { LAST->tensor = -1; }
static void store_in_front(parts *p) {
  kernel_op *last = LAST;
  kernel_region *g = &GRID->regions[0];
  for (size_t i = g->ops.n - 1; i > 0; i--)
    g->ops.at[i] = g->ops.at[i - 1];
  g->ops.at[0] = last;
}
static void one_more_store(parts *p) { store(p, &GRID->regions[0], "x", LAST->operands[0], "01"); }
static void barrier(parts *p) { kernel_add_op(p->m, p->k, &p->k->body, KERNEL_BARRIER, 0, NULL, 0, NULL); }
static void atomic(parts *p) { LAST->kind = KERNEL_ATOMIC; }
static void size_of_same_value(parts *p) { p->op->expr = sym_add(p->m, sym_mul(p->m, sym_name(p->m, "n"), sym_name(p->m, "m")), sym_max(p->m, sym_name(p->m, "u"), sym_name(p->m, "n"))); }
static void size_of_other_sum(parts *p) { p->op->expr = sym_add(p->m, sym_mul(p->m, sym_name(p->m, "m"), sym_name(p->m, "m")), sym_max(p->m, sym_name(p->m, "n"), sym_name(p->m, "u"))); }
static void size_of_min(parts *p) { p->op->expr = sym_add(p->m, sym_mul(p->m, sym_name(p->m, "m"), sym_name(p->m, "n")), sym_min(p->m, sym_name(p->m, "n"), sym_name(p->m, "u"))); }
static void size_of_other_number(parts *p) { p->op->expr = sym_const(p->m, 4); }
static void size_of_nothing(parts *p) { p->op->expr = NULL; }
static void size_of_one_number(parts *p) { p->op->expr = sym_name(p->m, "u"); }
static void size_of_twin(parts *p) { p->op->expr = sym_add(p->m, sym_mul(p->m, sym_name(p->m, "m"), sym_name(p->m, "n")), sym_max(p->m, sym_name(p->m, "n"), sym_name(p->m, "v"))); }
static void size_of_difference(parts *p) { p->op->expr = sym_sub(p->m, sym_name(p->m, "u"), sym_name(p->m, "v")); }
static void nominal_of_other(parts *p) { p->op->expr = sym_name(p->m, "n.block_size"); }
static void bound_to_other(parts *p) { p->k->values.at[p->value].def->fvalue = 3; }
static void not_bound(parts *p) { GRID->regions[0].ops.at[1]->expr = sym_name(p->m, "s"); }
static void bound_to_sum(parts *p) { GRID->regions[0].ops.at[1]->expr = sym_add(p->m, sym_name(p->m, "%r"), sym_const(p->m, 1)); }
static void bound_to_nothing(parts *p) { GRID->regions[0].ops.at[1]->expr = NULL; }
static void order(parts *p) { p->op->perm[0] = 1, p->op->perm[1] = 0; }
static void yields_other(parts *p) { p->yield->operands[0] = p->op->regions[0].params.at[2]; }
static void starts_other(parts *p) { p->op->operands[0] = parts_constant(p, &GRID->regions[0], "i64"), p->k->values.at[p->op->operands[0]].def->fvalue = 5; }
static void goes_on_other(parts *p) { p->yield->operands[0] = p->value; }
static void tile_goes_on(parts *p) { p->yield->operands[0] = p->tile; }
static void loop_end(parts *p) { p->op->ranges[0].end = sym_const(p->m, 8); }
static void other_condition(parts *p) { p->k->values.at[p->op->operands[0]].def->fvalue = 1; }
static void other_while(parts *p) { p->k->values.at[p->value].def->fvalue = 1; }
static void first_branch(parts *p) { p->op->regions[0].ops.at[0]->fvalue = 1; }
static void second_branch(parts *p) { p->k->values.at[p->value].def->fvalue = 1; }
static void less_returned(parts *p) { p->k->returns.n = 0; }
static void returns_nothing(parts *p) { p->k->returns.at[0] = -1; }
static void returns_base(parts *p) { p->k->returns.at[0] = kernel_find_tensor(p->k, "a"); }
static void fill_other(parts *p) { TENSOR("a")->fill_value = 3; }
static void fill_below(parts *p) { TENSOR("a")->fill_value = 1; }
static void fill_zero(parts *p) { TENSOR("a")->fill = KERNEL_FILL_ZERO; }
static void fill_none(parts *p) { TENSOR("a")->fill = KERNEL_FILL_EMPTY; }
static void view_stride(parts *p) { TENSOR("w")->stride[0] = sym_const(p->m, 80); }
static void view_offset(parts *p) { TENSOR("w")->offset = sym_const(p->m, 40); }
static void view_base(parts *p) { TENSOR("w")->base = kernel_find_tensor(p->k, "x"); }
static void view_to_alloc(parts *p) { TENSOR("w")->role = KERNEL_ALLOC; }
static void arg_to_alloc(parts *p) { TENSOR("a")->role = KERNEL_ARG; }
static void element_type(parts *p) { TENSOR("a")->shape.type = DTYPE_F16; }
static void written_through_one(parts *p) { LAST->tensor = p->op->tensor; }

enum { SAME, OTHER, LOOSE };      /* LOOSE: the same where tensors are compared loosely */

static void test_one_change(void **state) {
  (void)state;
  static const struct { void (*make)(parts *, kernel_region *), (*change)(parts *); int is; const char *why; } rows[] = {
      {plain, nothing, SAME, NULL}, {plain, other_names, SAME, NULL}, {plain, useless_op, SAME, NULL}, {plain, swapped_ranges, SAME, NULL}, {plain, hints, SAME, NULL},
      {plain, moved_by_nothing, SAME, NULL}, {plain, step_one, SAME, NULL},
      {plain, other_end, OTHER, "different ranges"}, {plain, other_begin, OTHER, "different ranges"}, {plain, step_two, OTHER, "different ranges"}, {plain, no_block, OTHER, "different ranges"},
      {plain, fewer_ranges, OTHER, "these do not correspond"}, {plain, block_of_other_size, OTHER, "different types"}, {plain, block_padded, OTHER, "different types"},
      {plain, block_divides, OTHER, "different types"}, {plain, block_of_other_kind, OTHER, "different types"}, {plain, block_gone, OTHER, "different types"},
      {plain, function, OTHER, "different operations"}, {plain, number, OTHER, "different numbers"}, {plain, number_below, OTHER, "different numbers"}, {plain, number_nan, OTHER, "different numbers"},
      {plain, whole_number, OTHER, "different operations"}, {plain, flag, OTHER, "different operations"}, {plain, kind, OTHER, "different operations"}, {plain, type, OTHER, "different types"},
      {plain, rank, OTHER, "different types"}, {plain, dims, OTHER, "different types"}, {plain, operand, OTHER, "different operations"}, {plain, no_operand, OTHER, "different operands"},
      {plain, fewer_operands, OTHER, "different operations"}, {plain, moved, OTHER, "different indices"}, {plain, moved_by_size, OTHER, "different indices"}, {plain, index_kind, OTHER, "different indices"},
      {plain, index_dim, OTHER, "different indices"}, {plain, index_rank, OTHER, "different indices"}, {plain, index_end, OTHER, "different indices"}, {plain, index_tile, OTHER, ""},
      {plain, fewer_indices, OTHER, "different operations"}, {plain, other_tensor, OTHER, "different tensors"}, {plain, no_tensor, OTHER, "different tensors"},
      {plain, store_in_front, OTHER, "read before and after a store"}, {plain, one_more_store, OTHER, "one graph does more"}, {plain, barrier, OTHER, "one graph does more"},
      {plain, atomic, OTHER, "different effects"},
      {sized, nothing, SAME, NULL}, {sized, size_of_same_value, SAME, NULL}, {sized, size_of_twin, SAME, NULL}, {sized, size_of_other_sum, OTHER, "different index expressions"},
      {sized, size_of_min, OTHER, "different index expressions"}, {sized, size_of_other_number, OTHER, "different index expressions"}, {sized, size_of_nothing, OTHER, "different index expressions"},
      {sized, size_of_one_number, OTHER, "different index expressions"},
      {difference, nothing, SAME, NULL}, {difference, size_of_difference, OTHER, "different index expressions"},
      {nominal, nothing, SAME, NULL}, {nominal, nominal_of_other, OTHER, ""}, {run_time, nothing, SAME, NULL}, {run_time, bound_to_other, OTHER, "different numbers"},
      {run_time, not_bound, OTHER, "different index expressions"}, {run_time, bound_to_sum, OTHER, "different index expressions"}, {run_time, bound_to_nothing, OTHER, "different index expressions"},
      {permuted, nothing, SAME, NULL}, {permuted, order, OTHER, "different orders of dims"},
      {scan, nothing, SAME, NULL}, {scan, yields_other, OTHER, "different parameters"}, 
      {scan, flag, OTHER, "different operations"}, {fold, nothing, SAME, NULL}, {fold, yields_other, OTHER, "different parameters"},
      {loop, nothing, SAME, NULL}, {loop, starts_other, OTHER, ""}, {loop, goes_on_other, OTHER, ""}, {loop, tile_goes_on, OTHER, ""}, {loop, loop_end, OTHER, "different ranges"},
      {repeat, nothing, SAME, NULL}, {repeat, other_while, OTHER, "different numbers"}, {branch, nothing, SAME, NULL}, {branch, other_condition, OTHER, "different numbers"},
      {branch, first_branch, OTHER, "different numbers"}, {branch, second_branch, OTHER, "different numbers"},
      {memory, nothing, SAME, NULL}, {memory, less_returned, OTHER, "different numbers of results"}, {memory, returns_nothing, OTHER, "result 0"}, {memory, returns_base, LOOSE, "result 0"},
      {memory, fill_other, OTHER, "different tensors"}, {memory, fill_below, OTHER, "different tensors"}, {memory, fill_zero, OTHER, "different tensors"}, {memory, fill_none, LOOSE, "different tensors"},
      {memory, view_stride, LOOSE, "different tensors"}, {memory, view_offset, LOOSE, "different tensors"}, {memory, view_base, OTHER, ""}, {memory, view_to_alloc, OTHER, ""},
      {memory, arg_to_alloc, OTHER, "different tensors"}, {memory, element_type, OTHER, "different tensors"}, {memory, written_through_one, OTHER, "different tensors"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    parts p[2];
    for (int g = 0; g < 2; g++) {
      p[g] = (parts){.m = &ctx.mem, .k = kernel_new(&ctx.mem, "k")};
      rows[i].make(&p[g], parts_frame(&ctx, p[g].k));
    }
    rows[i].change(&p[1]);
    for (int round = 0; round < 4; round++) {
      const bool loose = round & 1, turned = round & 2;
      const char *why = NULL;
      const bool same = kernel_same(&ctx.mem, p[turned].k, p[!turned].k, loose, &why, NULL), want = rows[i].is == SAME || (rows[i].is == LOOSE && loose);
      if (same != want || (!loose && !want && !strstr(why, rows[i].why)))
        fail_msg("row %zu%s%s: %s, %s; expected %s", i, loose ? ", loosely" : "", turned ? ", turned" : "", same ? "the same" : "not the same", why ? why : "-", rows[i].is == SAME ? "the same" : rows[i].why);
    }
    assert_true(kernel_same(&ctx.mem, p[1].k, p[1].k, false, NULL, NULL) || kernel_verify(&ctx, p[1].k) != LOOM_OK);
    loom_ctx_done(&ctx);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_change)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
