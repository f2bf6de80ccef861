/* Each rule of the verifier is broken once in a good graph. */
#include "kernel/kernel_testing.h"

static kernel_op *op_at(kernel_graph *k, kernel_op_kind kind, const kernel_region *r) {
  for (size_t i = 0; i < r->ops.n; i++) {
    if (r->ops.at[i]->kind == kind)
      return r->ops.at[i];
    for (int j = 0; j < r->ops.at[i]->n_regions; j++) {
      kernel_op *inner = op_at(k, kind, &r->ops.at[i]->regions[j]);
      if (inner)
        return inner;
    }
  }
  return NULL;
}
#define OP(kind) op_at(k, KERNEL_##kind, &k->body)
#define TYPE_OF(op) (&k->values.at[(op)->results[0]].type)

typedef void edit(arena *m, kernel_graph *k);

static void no_name(arena *m, kernel_graph *k) { (void)m, k->name = ""; }
static void name_with_escape(arena *m, kernel_graph *k) { (void)m, k->name = "k\x1b[31m"; }
static void name_of_two_lines(arena *m, kernel_graph *k) { (void)m, k->tensors.at[0].name = "x\ny"; }
static void name_with_c1(arena *m, kernel_graph *k) { (void)m, k->tensors.at[0].name = "x\xc2\x9b" "31m"; }
static void name_of_bytes(arena *m, kernel_graph *k) { (void)m, k->symbols.at[1].name = "\xff"; }
static void no_name_at_all(arena *m, kernel_graph *k) { (void)m, k->name = NULL; }
static void name_with_delete(arena *m, kernel_graph *k) { (void)m, k->name = "k\x7f"; }
static void name_of_a_language(arena *m, kernel_graph *k) { (void)m, k->name = "k\xc3\xa9\xc2\xa0"; }
static void symbol_without_any_name(arena *m, kernel_graph *k) { (void)m, k->symbols.at[1].name = NULL; }
static void extent_of_nobody(arena *m, kernel_graph *k) { k->symbols.at[1].extent = sym_name(m, "q"); }
static void block_of_nobody(arena *m, kernel_graph *k) { kernel_add_symbol(m, k, "q.block_size", KERNEL_SYM_NOMINAL)->block = "q"; }
static void size_before_block(arena *m, kernel_graph *k) { (void)m, k->symbols.at[0].kind = KERNEL_SYM_NOMINAL, k->symbols.at[0].block = "tile_n"; }
static void size_of_a_size(arena *m, kernel_graph *k) {
  kernel_add_symbol(m, k, "s", KERNEL_SYM_SIZE);
  kernel_add_symbol(m, k, "t", KERNEL_SYM_NOMINAL)->block = "s";
}
static void size_of_its_block(arena *m, kernel_graph *k) { kernel_nominal(m, k, "tile_m"); }
static void open_block(arena *m, kernel_graph *k) { (void)m, k->symbols.at[0].is_open = true, k->symbols.at[0].value = 8; }
static void open_one(arena *m, kernel_graph *k) {
  kernel_symbol *s = kernel_add_symbol(m, k, "rows", KERNEL_SYM_SIZE);
  s->is_open = true;
  s->value = 1;
}
static void open_of_nobody(arena *m, kernel_graph *k) {
  open_one(m, k);
  k->symbols.at[k->symbols.n - 1].value = 2;
}
static void open_of_out(arena *m, kernel_graph *k) {      /* of an allocation alone */
  open_of_nobody(m, k);
  k->tensors.at[kernel_find_tensor(k, "out")].shape.dim[0] = sym_name(m, "rows");
}
static void open_of_argument(arena *m, kernel_graph *k) {
  open_of_nobody(m, k);
  k->symbols.at[k->symbols.n - 1].value = 40;
  k->tensors.at[kernel_find_tensor(k, "bias")].shape.dim[0] = sym_name(m, "rows");
}
static void tensor_of_empty_name(arena *m, kernel_graph *k) { (void)m, k->tensors.at[0].name = ""; }
static kernel_tensor_info *add_view(arena *m, kernel_graph *k) {
  kernel_tensor_info *t = &k->tensors.at[kernel_add_tensor(m, k, "v", KERNEL_VIEW, k->tensors.at[0].shape)];
  t->base = 0;
  t->offset = t->stride[0] = t->stride[1] = sym_const(m, 1);
  return t;
}
static void view_that_fits(arena *m, kernel_graph *k) { add_view(m, k); }
static void view_of_nobody(arena *m, kernel_graph *k) { add_view(m, k)->base = -1; }
static void view_of_other_type(arena *m, kernel_graph *k) { add_view(m, k)->shape.type = DTYPE_I8; }
static void view_without_offset(arena *m, kernel_graph *k) { add_view(m, k)->offset = NULL; }
static void view_without_stride(arena *m, kernel_graph *k) { add_view(m, k)->stride[1] = NULL; }
static void type_of_nothing(arena *m, kernel_graph *k) { (void)m, k->tensors.at[0].shape.type = DTYPE_COUNT; }
static void returns_none(arena *m, kernel_graph *k) { vec_push(m, &k->returns, -1); }
static void returns_below(arena *m, kernel_graph *k) { vec_push(m, &k->returns, -2); }
static void index_unknown(arena *m, kernel_graph *k) { (void)m, OP(STORE)->index[0].value = 9999; }
static void use_in_first_operand(arena *m, kernel_graph *k) { (void)m, OP(MATMUL)->operands[0] = -1; }
static void use_of_mask_of_load(arena *m, kernel_graph *k) {
  (void)m;
  kernel_op *op = OP(MATMUL);
  op->operands[1] = -1;
}
static void symbol_without_name(arena *m, kernel_graph *k) { (void)m, k->symbols.at[1].name = ""; }
static void symbol_twice(arena *m, kernel_graph *k) { (void)m, k->symbols.at[1].name = "tile_m"; }
static void size_of_no_block(arena *m, kernel_graph *k) { kernel_add_symbol(m, k, "s.block_size", KERNEL_SYM_NOMINAL)->block = "s"; }
static void unknown_symbol(arena *m, kernel_graph *k) { k->tensors.at[0].shape.dim[0] = sym_name(m, "q"); }
static void rank_nine(arena *m, kernel_graph *k) { (void)m, k->tensors.at[0].shape.rank = 9; }
static void tensor_without_name(arena *m, kernel_graph *k) { (void)m, k->tensors.at[0].name = NULL; }
static void tensor_twice(arena *m, kernel_graph *k) { (void)m, k->tensors.at[1].name = "x"; }
static void argument_last(arena *m, kernel_graph *k) { kernel_add_tensor(m, k, "late", KERNEL_ARG, k->tensors.at[0].shape); }
static void view_of_itself(arena *m, kernel_graph *k) {
  kernel_tensor v = kernel_add_tensor(m, k, "v", KERNEL_VIEW, k->tensors.at[0].shape);
  k->tensors.at[v].base = v;
}
static void unknown_return(arena *m, kernel_graph *k) { vec_push(m, &k->returns, 9); }
static void unmarked_return(arena *m, kernel_graph *k) { (void)m, k->tensors.at[k->returns.at[0]].is_returned = false; }
static void value_twice(arena *m, kernel_graph *k) { (void)m, OP(MATMUL)->results[0] = OP(FULL)->results[0]; }
static void value_unknown(arena *m, kernel_graph *k) { (void)m, OP(MATMUL)->results[0] = 99; }
static void use_before_definition(arena *m, kernel_graph *k) { (void)m, OP(MATMUL)->operands[0] = OP(UNARY)->results[0]; }
static void use_outside_region(arena *m, kernel_graph *k) { (void)m, OP(STORE)->operands[0] = OP(MATMUL)->results[0]; }
static void index_outside_region(arena *m, kernel_graph *k) { (void)m, OP(STORE)->index[0].value = OP(LOOP)->regions[0].params.at[0]; }
static void wrong_definition(arena *m, kernel_graph *k) { (void)m, k->values.at[OP(MATMUL)->results[0]].def = OP(LOAD); }
static void param_of_other_block(arena *m, kernel_graph *k) { (void)m, k->values.at[0].block = "tile_k"; }
static void range_without_block_symbol(arena *m, kernel_graph *k) { (void)m, k->symbols.at[0].kind = KERNEL_SYM_SIZE; }
static void block_twice(arena *m, kernel_graph *k) {
  (void)m;
  OP(LOOP)->ranges[0].block = k->values.at[OP(LOOP)->regions[0].params.at[0]].block = "tile_m";
}
static void no_yield(arena *m, kernel_graph *k) { (void)m, OP(LOOP)->regions[0].ops.n--; }
static void early_yield(arena *m, kernel_graph *k) { kernel_add_op(m, k, &OP(LOOP)->regions[0], KERNEL_BARRIER, 0, NULL, 0, NULL); }
static void yield_of_other_type(arena *m, kernel_graph *k) { (void)m, OP(YIELD)->operands[0] = OP(LOAD)->results[0]; }
static void carried_changes(arena *m, kernel_graph *k) { (void)m, OP(LOOP)->operands[0] = OP(LOOP)->regions[0].params.at[0]; }
static void carried_type(arena *m, kernel_graph *k) { (void)m, TYPE_OF(OP(FULL))->type = DTYPE_F64; }
static void nested_grid(arena *m, kernel_graph *k) {
  kernel_op *inner = OP(PARALLEL);
  kernel_op *outer = kernel_add_op(m, k, &k->body, KERNEL_LOOP, 0, NULL, 0, NULL);
  k->body.ops.at[0] = outer;
  k->body.ops.n = 1;
  outer->n_ranges = 1;
  outer->ranges = ARENA_NEW(m, kernel_range);
  outer->ranges[0] = (kernel_range){.begin = sym_const(m, 0), .end = sym_const(m, 2)};
  kernel_add_param(m, k, &outer->regions[0], (kernel_type){.type = DTYPE_I64}, NULL, NULL);
  vec_push(m, &outer->regions[0].ops, inner);
}
static void no_ranges(arena *m, kernel_graph *k) { (void)m, OP(PARALLEL)->n_ranges = 0; }
static void missing_param(arena *m, kernel_graph *k) { (void)m, OP(LOOP)->regions[0].params.n--; }
static void if_of_float(arena *m, kernel_graph *k) {
  kernel_type f32 = {.type = DTYPE_F32};
  kernel_op *c = kernel_add_op(m, k, &k->body, KERNEL_CONSTANT, 0, NULL, 1, &f32);
  kernel_add_op(m, k, &k->body, KERNEL_IF, 1, c->results, 0, NULL);
}
static void operand_missing(arena *m, kernel_graph *k) { (void)m, OP(BINARY)->n_operands = 1; }
static void constant_of_rank_2(arena *m, kernel_graph *k) { (void)m, OP(FULL)->kind = KERNEL_CONSTANT; }
static void index_missing(arena *m, kernel_graph *k) { (void)m, OP(LOAD)->n_index = 1; }
static void index_too_many(arena *m, kernel_graph *k) { (void)m, OP(LOAD)->tensor = kernel_find_tensor(k, "bias"); }
static void index_without_value(arena *m, kernel_graph *k) { (void)m, OP(LOAD)->index[0].value = -1; }
static void index_float(arena *m, kernel_graph *k) {
  (void)m;
  OP(STORE)->index[0] = (kernel_index){.kind = KERNEL_INDEX_TENSOR, .value = OP(FULL)->results[0]};
}
static void index_not_scalar(arena *m, kernel_graph *k) {
  (void)m;
  OP(STORE)->index[0] = (kernel_index){.kind = KERNEL_INDEX_SCALAR, .value = OP(FULL)->results[0]};
}
static void index_not_tile(arena *m, kernel_graph *k) { (void)m, OP(STORE)->index[0].value = OP(FULL)->results[0]; }
static void no_tensor(arena *m, kernel_graph *k) { (void)m, OP(LOAD)->tensor = 17; }
static void load_type(arena *m, kernel_graph *k) { (void)m, TYPE_OF(OP(LOAD))->dim[1] = sym_name(m, "tile_n"); }
static void store_shape(arena *m, kernel_graph *k) { (void)m, OP(STORE)->index[0].value = OP(STORE)->index[1].value; }
static void unary_arity(arena *m, kernel_graph *k) { (void)m, OP(UNARY)->fn = KERNEL_FN_ADD; }
static void unary_type(arena *m, kernel_graph *k) { (void)m, OP(UNARY)->fn = KERNEL_FN_NOT; }
static void unary_shape(arena *m, kernel_graph *k) { (void)m, TYPE_OF(OP(UNARY))->rank = 1; }
static void binary_arity(arena *m, kernel_graph *k) { (void)m, OP(BINARY)->fn = KERNEL_FN_EXP; }
static void binary_type(arena *m, kernel_graph *k) { (void)m, OP(BINARY)->fn = KERNEL_FN_LT; }
static void binary_shape(arena *m, kernel_graph *k) { (void)m, TYPE_OF(OP(BINARY))->rank = 1; }
static void matmul_rank(arena *m, kernel_graph *k) { (void)m, OP(MATMUL)->operands[0] = OP(LOOP)->regions[0].params.at[0]; }
static void matmul_class(arena *m, kernel_graph *k) {
  (void)m;
  k->tensors.at[0].shape.type = TYPE_OF(OP(LOAD))->type = DTYPE_I8;
}
static void matmul_size(arena *m, kernel_graph *k) { (void)m, OP(MATMUL)->operands[1] = OP(MATMUL)->operands[0]; }
static void matmul_accumulator(arena *m, kernel_graph *k) { (void)m, OP(MATMUL)->operands[2] = OP(MATMUL)->operands[0]; }

/* The bias-add turned into operations that the sample does not have. */
static kernel_op *turned_into(kernel_graph *k, kernel_op_kind kind, int operands) {
  kernel_op *op = OP(UNARY);
  op->kind = kind;
  op->n_operands = operands;
  op->fn = KERNEL_FN_NONE;
  return op;
}
static void cast_shape(arena *m, kernel_graph *k) { (void)m, TYPE_OF(turned_into(k, KERNEL_CAST, 1))->rank = 1; }
static void bitcast_shape(arena *m, kernel_graph *k) { (void)m, TYPE_OF(turned_into(k, KERNEL_BITCAST, 1))->rank = 1; }
static void bitcast_width(arena *m, kernel_graph *k) { (void)m, TYPE_OF(turned_into(k, KERNEL_BITCAST, 1))->type = DTYPE_F64; }
static void broadcast_type(arena *m, kernel_graph *k) { (void)m, TYPE_OF(turned_into(k, KERNEL_BROADCAST, 1))->type = DTYPE_F64; }
static void reshape_size(arena *m, kernel_graph *k) { (void)m, TYPE_OF(turned_into(k, KERNEL_RESHAPE, 1))->rank = 1; }
static void permute_twice(arena *m, kernel_graph *k) { (void)m, turned_into(k, KERNEL_PERMUTE, 1); }
static void reduce_function(arena *m, kernel_graph *k) { (void)m, turned_into(k, KERNEL_REDUCE, 1)->fn = KERNEL_FN_SUB; }
static void reduce_axes(arena *m, kernel_graph *k) {
  (void)m;
  turned_into(k, KERNEL_REDUCE, 1)->fn = KERNEL_FN_ADD;
}
static void reduce_shape(arena *m, kernel_graph *k) {
  (void)m;
  kernel_op *op = turned_into(k, KERNEL_REDUCE, 1);
  op->fn = KERNEL_FN_ADD;
  op->ivalue = 1;
}
static void tile_of_value(arena *m, kernel_graph *k) { (void)m, turned_into(k, KERNEL_TILE_BEGIN, 1); }
static void tile_begin_type(arena *m, kernel_graph *k) { (void)m, turned_into(k, KERNEL_TILE_BEGIN, 1)->operands[0] = 0; }
static void tile_index_type(arena *m, kernel_graph *k) { (void)m, turned_into(k, KERNEL_TILE_INDEX, 1)->operands[0] = 0; }
static void iota_rank(arena *m, kernel_graph *k) { (void)m, turned_into(k, KERNEL_IOTA, 0); }
static void select_condition(arena *m, kernel_graph *k) {
  kernel_op *op = turned_into(k, KERNEL_SELECT, 3);
  kernel_value v = op->operands[0];
  op->operands = ARENA_NEW_N(m, kernel_value, 3);
  op->operands[0] = op->operands[1] = op->operands[2] = v;
}

static void test_each_broken_rule_is_named(void **state) {
  (void)state;
  static const struct { edit *change; const char *text; } cases[] = {
      {no_name, "the kernel has no name"},
      {no_name_at_all, "the kernel has no name"},
      {name_with_delete, "the kernel's name is no printable text"},
      {symbol_without_any_name, "symbol 1 has no name"},
      {extent_of_nobody, "\"q\" is not a symbol of the kernel"},
      {block_of_nobody, "\"q.block_size\" is the size of no earlier block"},
      {size_before_block, "\"tile_m\" is the size of no earlier block"},
      {size_of_a_size, "\"t\" is the size of no earlier block"},
      {open_block, "\"tile_m\" is open, but no size of 2 or more"},
      {open_one, "\"rows\" is open, but no size of 2 or more"},
      {open_of_nobody, "the open size \"rows\" is that of no argument"},
      {open_of_out, "the open size \"rows\" is that of no argument"},
      {tensor_of_empty_name, "tensor 0 has no name"},
      {view_of_nobody, "view \"v\" has no earlier base"},
      {view_of_other_type, "view \"v\" has no earlier base"},
      {view_without_offset, "a size expression is missing"},
      {view_without_stride, "a size expression is missing"},
      {type_of_nothing, "a type has rank 2 or an unknown element type"},
      {returns_below, "return value 1 is not a tensor"},
      {index_unknown, "index 0 of store is used before it is defined"},
      {use_in_first_operand, "operand 0 of matmul is used before it is defined"},
      {use_of_mask_of_load, "operand 1 of matmul is used before it is defined"},
      {name_with_escape, "the kernel's name is no printable text"},
      {name_of_two_lines, "the name of tensor 0 is no printable text"},
      {name_with_c1, "the name of tensor 0 is no printable text"},
      {name_of_bytes, "the name of symbol 1 is no printable text"},
      {symbol_without_name, "symbol 1 has no name"},
      {symbol_twice, "symbol \"tile_m\" exists twice"},
      {size_of_no_block, "\"s.block_size\" is the size of no earlier block"},
      {unknown_symbol, "\"q\" is not a symbol of the kernel"},
      {rank_nine, "a type has rank 9"},
      {tensor_without_name, "tensor 0 has no name"},
      {tensor_twice, "tensor \"x\" exists twice"},
      {argument_last, "argument \"late\" comes after"},
      {view_of_itself, "view \"v\" has no earlier base"},
      {unknown_return, "return value 1 is not a tensor"},
      {unmarked_return, "is returned but not marked so"},
      {value_twice, "is defined twice"},
      {value_unknown, "value 99 does not exist"},
      {use_before_definition, "operand 0 of matmul is used before it is defined"},
      {use_outside_region, "operand 0 of store is used before it is defined"},
      {index_outside_region, "index 0 of store is used before it is defined"},
      {wrong_definition, "names another operation as its definition"},
      {param_of_other_block, "parameter 0 of parallel is not the tile number"},
      {range_without_block_symbol, "\"tile_m\" is not a block symbol"},
      {block_twice, "block \"tile_m\" tiles two nested ranges"},
      {no_yield, "does not end in a yield of 1 values"},
      {early_yield, "yield is not the last operation"},
      {yield_of_other_type, "value 0 of the yield has another type"},
      {carried_changes, "operand 0 of loop is used before it is defined"},
      {carried_type, "carried value 0 of the loop changes its type"},
      {nested_grid, "parallel is not at the top level"},
      {no_ranges, "parallel has 0 ranges"},
      {missing_param, "loop has 1 parameters"},
      {if_of_float, "if needs one condition"},
      {operand_missing, "binary has 1 operands"},
      {constant_of_rank_2, "constant gives rank 2, expected 0"},
      {index_missing, "load indexes 1 of the 2 dims of \"x\""},
      {index_too_many, "load has more indices than \"bias\" has dims (1)"},
      {index_without_value, "index 0 of load has no value"},
      {index_float, "index 0 of store is not an integer tensor"},
      {index_not_scalar, "index 0 of store is not a scalar integer"},
      {index_not_tile, "store is not applied to the tile number of a loop"},
      {no_tensor, "load names no tensor"},
      {load_type, "this load of \"x\" selects another type"},
      {store_shape, "operand 0 of store does not broadcast"},
      {unary_arity, "\"add\" is no function of one operand"},
      {unary_type, "not does not work on f16"},
      {unary_shape, "relu changes the shape"},
      {binary_arity, "\"exp\" is no function of two operands"},
      {binary_type, "lt does not give f16"},
      {binary_shape, "operand 0 of binary does not broadcast"},
      {matmul_rank, "matmul has operands of rank 0 and 2"},
      {matmul_class, "matmul mixes floats and integers (i8, f16, f16)"},
      {matmul_size, "the sizes of matmul do not fit together"},
      {matmul_accumulator, "the accumulator of matmul has another type"},
      {cast_shape, "cast changes the shape"},
      {bitcast_shape, "bitcast changes the shape"},
      {bitcast_width, "both must have the same width"},
      {broadcast_type, "broadcast changes the element type"},
      {reshape_size, "reshape changes the number of elements"},
      {permute_twice, "permute is no permutation"},
      {reduce_function, "\"sub\" is no reduction"},
      {reduce_axes, "reduce names axes outside 0..1"},
      {reduce_shape, "the result of reduce has another shape"},
      {tile_of_value, "tile_begin is not applied to the tile number"},
      {tile_begin_type, "tile_begin does not give a scalar i64"},
      {tile_index_type, "tile_index does not give the integers of its tile"},
      {iota_rank, "iota gives rank 2, expected 1"},
      {select_condition, "the condition of select is not bool"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    sample_matmul shape = {.m = 24, .n = 40, .k = 256, .in = DTYPE_F16, .acc = DTYPE_F16, .out = DTYPE_F16, .bias_relu = true};
    kernel_graph *k = sample_build_matmul(&ctx.mem, "mm", &shape);
    assert_int_equal(kernel_verify(&ctx, k), LOOM_OK);
    cases[i].change(&ctx.mem, k);
    if (kernel_verify(&ctx, k) != LOOM_EBUG)
      fail_msg("case %zu (%s) is not refused", i, cases[i].text);
    testing_expect_error(&ctx, LOOM_EBUG, cases[i].text, 0, 0);
    loom_ctx_done(&ctx);
  }
}

/* What is unusual and right. */
static void test_good_graphs_are_taken(void **state) {
  (void)state;
  static edit *const changes[] = {name_of_a_language, size_of_its_block, open_of_argument, view_that_fits, returns_none};
  for (size_t i = 0; i < COUNT_OF(changes); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    sample_matmul shape = {.m = 24, .n = 40, .k = 256, .in = DTYPE_F16, .acc = DTYPE_F16, .out = DTYPE_F16, .bias_relu = true};
    kernel_graph *k = sample_build_matmul(&ctx.mem, "mm", &shape);
    changes[i](&ctx.mem, k);
    if (kernel_verify(&ctx, k) != LOOM_OK)
      fail_msg("case %zu: %s", i, ctx.diag.first->text);
    loom_ctx_done(&ctx);
  }
}

/* The block size is the tile's where tiles are not clamped: padded blocks, and blocks of a size that is fixed. */
static void test_nominal_sizes_are_those_of_tiles_that_are_not_clamped(void **state) {
  (void)state;
  static const struct { bool is_padded; int64_t value; loom_status st; } rows[] = {{false, -1, LOOM_EBUG}, {true, -1, LOOM_OK}, {false, 8, LOOM_OK}, {true, 8, LOOM_OK}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    sample_matmul shape = {.m = 24, .n = 40, .k = 256, .in = DTYPE_F16, .acc = DTYPE_F16, .out = DTYPE_F16};
    kernel_graph *k = sample_build_matmul(&ctx.mem, "mm", &shape);
    kernel_symbol *block = kernel_find_symbol(k, "tile_m");
    block->is_padded = rows[i].is_padded;
    block->value = rows[i].value;
    TYPE_OF(OP(FULL))->dim[0] = sym_name(&ctx.mem, kernel_nominal(&ctx.mem, k, "tile_m"));
    assert_int_equal(kernel_verify(&ctx, k), rows[i].st);
    loom_ctx_done(&ctx);
  }
}

/* Two ways to write one size are one size; sizes that differ in one symbol are not, nor sizes that have no value. */
static void test_equal_sizes_need_not_be_written_alike(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  sample_matmul shape = {.m = 24, .n = 40, .k = 256, .in = DTYPE_F16, .acc = DTYPE_F16, .out = DTYPE_F16};
  kernel_graph *k = sample_build_matmul(&ctx.mem, "mm", &shape);
  const sym_expr *m = sym_name(&ctx.mem, "tile_m"), *n = sym_name(&ctx.mem, "tile_n"), *two = sym_const(&ctx.mem, 2);
  TYPE_OF(OP(FULL))->dim[0] = sym_floordiv(&ctx.mem, sym_mul(&ctx.mem, m, two), two);
  assert_int_equal(kernel_verify(&ctx, k), LOOM_OK);
  TYPE_OF(OP(FULL))->dim[0] = sym_floordiv(&ctx.mem, sym_mul(&ctx.mem, n, two), two);
  assert_int_equal(kernel_verify(&ctx, k), LOOM_EBUG);
  TYPE_OF(OP(FULL))->dim[0] = sym_floordiv(&ctx.mem, m, sym_sub(&ctx.mem, n, kernel_find_symbol(k, "tile_n")->extent));      /* n is 40 in no sample, and is where it is fixed */
  kernel_find_symbol(k, "tile_n")->value = 40;
  assert_int_equal(kernel_verify(&ctx, k), LOOM_EBUG);
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_each_broken_rule_is_named),
      cmocka_unit_test(test_good_graphs_are_taken),
      cmocka_unit_test(test_nominal_sizes_are_those_of_tiles_that_are_not_clamped),
      cmocka_unit_test(test_equal_sizes_need_not_be_written_alike),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
