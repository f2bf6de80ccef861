/* Every rule of nest_verify, broken alone in a nest that is right: the verifier names it.  Edits that leave a nest right are taken. */
#include "nest/nest.h"
#include "base/testing.h"
#include "nest/nest_live.h"
#include "nest/nest_samples.h"

enum { MATMUL, BATCH, ADD, ATTENTION, SPLIT };
static nest *sample(arena *m, int i) {
  switch (i) {
  case MATMUL: return nest_make_matmul(m, 64, 64, 64, DTYPE_F16, DTYPE_F16);
  case BATCH: return nest_make_batch_matmul(m, 4, 64, 64, 64, DTYPE_F16, DTYPE_F16);
  case ADD: return nest_make_elementwise(m, 64, 64, DTYPE_F16, "addf");
  case ATTENTION: return nest_make_attention(m, 4, 64, 64, 64, DTYPE_F16);
  default: return nest_make_split_k(m, 64, 64, 64, DTYPE_F16);
  }
}

/* The first node of this kind, or compute of this op, anywhere in the body. */
static nest_node *node(const nest_body *b, nest_node_kind kind, const char *op) {
  nest_node *found = NULL;
  for (size_t i = 0; i < b->n && !found; i++)
    found = b->at[i]->kind == kind && (!op || !strcmp(b->at[i]->op, op)) ? b->at[i] : node(&b->at[i]->body, kind, op);
  return found;
}
#define NODE(kind) node(&n->body, NEST_##kind, NULL)
#define LAST(loop, back) (loop)->body.at[(loop)->body.n - (back)]
#define OP(op) node(&n->body, NEST_COMPUTE, op)

/* sample, what must be said ("": nothing is wrong), the edit of nest `n` in arena `m` */
#define EDITS(E)                                                                                                          \
  E(MATMUL, "block symbol '' appears twice", n->symbols.at[0].name = NULL)                                                \
  E(MATMUL, "block symbol 'tile_m' appears twice", n->symbols.at[1].name = "tile_m")                                      \
  E(MATMUL, "alignment 0; must be at least 1", n->symbols.at[2].align = 0)                                                \
  E(MATMUL, "is fixed at -1", n->symbols.at[0].fixed = -1)                                                                \
  E(MATMUL, "", n->symbols.at[0].fixed = 32)                                                                              \
  E(MATMUL, "is fixed at 32; must be positive, and 1", (n->symbols.at[0].fixed = 32, n->symbols.at[0].covers_one = true)) \
  E(MATMUL, "", (n->symbols.at[0].fixed = 1, n->symbols.at[0].covers_one = true))                                         \
  E(MATMUL, "an upper bound names 'q'", n->symbols.at[0].upper_bound = sym_name(m, "q"))                                  \
  E(MATMUL, "an upper bound names 'it_q'", n->symbols.at[0].upper_bound = sym_name(m, "it_q"))                            \
  E(MATMUL, "an upper bound names 'q'", n->symbols.at[0].upper_bound = sym_add(m, sym_name(m, "tile_m"), sym_name(m, "q"))) \
  E(MATMUL, "", n->symbols.at[0].upper_bound = sym_name(m, "it_tile_n"))                                                  \
  E(MATMUL, "of 17 loops; at most 16", n->loops.n = 17)                                                                   \
  E(MATMUL, "-1 parallel of 3 loops", n->n_parallel = -1)                                                                 \
  E(MATMUL, "4 parallel of 3 loops", n->n_parallel = 4)                                                                   \
  E(MATMUL, "loop 1 does not fit the count 1", n->n_parallel = 1)                                                         \
  E(MATMUL, "loop 2 does not fit the count 3", n->n_parallel = 3)                                                         \
  E(MATMUL, "loop 0 has block ''", n->loops.at[0].block = NULL)                                                           \
  E(MATMUL, "loop 0 has block 'q'", n->loops.at[0].block = "q")                                                           \
  E(MATMUL, "a loop extent names 'q'", n->loops.at[2].extent = sym_name(m, "q"))                                          \
  E(MATMUL, "the clamp of a loop names 'q'", n->loops.at[2].clamp = sym_name(m, "q"))                                     \
  E(MATMUL, "the extent of loop 2 names the iterator of a loop that is not before it", n->loops.at[2].extent = sym_add(m, sym_const(m, 1), sym_name(m, "it_tile_k"))) \
  E(MATMUL, "the extent of loop 0 names the iterator of a loop that is not before it", n->loops.at[0].extent = sym_name(m, "it_tile_n")) \
  E(MATMUL, "", n->loops.at[2].extent = sym_add(m, sym_name(m, "it_tile_m"), sym_name(m, "it_tile_n")))                     \
  E(MATMUL, "the extent of loop 2 comes to more than 65536 terms", (n->loops.at[1].extent = many(m, "it_tile_m"), n->loops.at[2].extent = many(m, "it_tile_n"))) \
  E(MATMUL, "has no size", NODE(LOAD)->dim[0].size = NULL)                                                                  \
  E(MATMUL, "has no offset", NODE(LOAD)->dim[0].offset = NULL)                                                              \
  E(ADD, "", add_inputs(m, OP("generic"), 33))                                                                              \
  E(ADD, "'' names value 9", (OP("generic")->label = NULL, OP("generic")->inputs.at[0] = 9))                                \
  E(ADD, "'' reads value 'result' before", (OP("generic")->label = NULL, OP("generic")->inputs.at[0] = 2))                  \
  E(MATMUL, "tensor 0 has no name", n->tensors.at[0].name = NULL)                                                         \
  E(MATMUL, "rank -1; at most 8", n->tensors.at[0].rank = -1)                                                             \
  E(MATMUL, "rank 9; at most 8", n->tensors.at[0].rank = 9)                                                               \
  E(MATMUL, "looks up places but is no view", (n->tensors.at[0].has_lookup = true, n->tensors.at[0].lookup_rows = 4))     \
  E(MATMUL, "looks up places but is no view", (n->tensors.at[0].has_lookup = true, set_strides(n)))                       \
  E(MATMUL, "", (n->tensors.at[0].has_lookup = true, n->tensors.at[0].lookup_rows = 4, set_strides(n)))                   \
  E(MATMUL, "has extent -1", n->tensors.at[0].shape[1] = -1)                                                              \
  E(MATMUL, "stride -2 in dim 1", n->tensors.at[0].stride[1] = -2)                                                        \
  E(MATMUL, "stride 0 in dim 1", n->tensors.at[0].stride[0] = 64)                                                         \
  E(MATMUL, "has rank -1", n->values.at[0].rank = -1)                                                                     \
  E(MATMUL, "value '' has rank 9", (n->values.at[0].rank = 9, n->values.at[0].name = NULL))                               \
  E(MATMUL, "is in memory -1", n->values.at[0].memory = -1)                                                               \
  E(MATMUL, "value '' is in memory 8; at most 8", (n->values.at[0].memory = 8, n->values.at[0].name = NULL))              \
  E(MATMUL, "has no size in dim 0", n->values.at[0].dim[0] = NULL)                                                        \
  E(MATMUL, "value '' has no size in dim 1", (n->values.at[0].dim[1] = NULL, n->values.at[0].name = NULL))                \
  E(MATMUL, "a value's size names 'q'", n->values.at[0].dim[0] = sym_name(m, "q"))                                        \
  E(MATMUL, "names value -1 of 3", NODE(LOAD)->value = -1)                                                                \
  E(MATMUL, "'' names value 3 of 3", (NODE(LOAD)->value = 3, NODE(LOAD)->label = NULL))                                   \
  E(MATMUL, "before anything makes it", n->body.at[0] = NODE(STORE))                                                      \
  E(MATMUL, "on the first core of loop -2", NODE(LOAD)->only_first = -2)                                                  \
  E(MATMUL, "'' runs on the first core of loop 2", (NODE(LOAD)->only_first = 2, NODE(LOAD)->label = NULL))                \
  E(MATMUL, "goes across loop 0", NODE(LOAD)->across = 0)                                                                 \
  E(MATMUL, "'' goes across loop -2", (NODE(LOAD)->across = -2, NODE(LOAD)->label = NULL))                                \
  E(SPLIT, "goes across loop -1", NODE(GATHER)->across = -1)                                                              \
  E(SPLIT, "goes across loop 3", NODE(GATHER)->across = 3)                                                                \
  E(MATMUL, "names tensor -1 of 3", NODE(LOAD)->tensor = -1)                                                              \
  E(MATMUL, "'' names tensor 3 of 3", (NODE(LOAD)->tensor = 3, NODE(LOAD)->label = NULL))                                 \
  E(MATMUL, "has 1 dims; the tensor has 2", NODE(LOAD)->n_dims = 1)                                                       \
  E(MATMUL, "moves with loop -2", NODE(LOAD)->dim[0].loop = -2)                                                           \
  E(MATMUL, "moves with loop 3", NODE(LOAD)->dim[0].loop = 3)                                                             \
  E(MATMUL, "moves with loop 2, which does not enclose it", NODE(STORE)->dim[0].loop = 2)                                 \
  E(MATMUL, "dim 1 of the access of 'x' has no size", NODE(LOAD)->dim[1].size = NULL)                                     \
  E(MATMUL, "an offset names 'q'", NODE(LOAD)->dim[1].offset = sym_name(m, "q"))                                          \
  E(MATMUL, "a size names 'q'", NODE(LOAD)->dim[1].size = sym_name(m, "q"))                                               \
  E(MATMUL, "keeps 1 dims", NODE(LOAD)->dim[1].dropped = true)                                                            \
  E(MATMUL, "compute op '' is none of", OP("matmul")->op = NULL)                                                          \
  E(MATMUL, "compute op 'conv' is none of", OP("matmul")->op = "conv")                                                    \
  E(MATMUL, "names value 7 of 3", OP("matmul")->inputs.at[0] = 7)                                                         \
  E(MATMUL, "names value 7 of 3", OP("matmul")->value = 7)                                                                \
  E(MATMUL, "'matmul' lacks", OP("matmul")->m = NULL)                                                                     \
  E(MATMUL, "'matmul' lacks", OP("matmul")->n = NULL)                                                                     \
  E(MATMUL, "'matmul' lacks", OP("matmul")->k = NULL)                                                                     \
  E(BATCH, "'batch_matmul' lacks", OP("batch_matmul")->batch = NULL)                                                      \
  E(ADD, "'generic' lacks", OP("generic")->body_ops = NULL)                                                               \
  E(ADD, "'generic' lacks", OP("generic")->m = NULL)                                                                      \
  E(ATTENTION, "'broadcast' lacks", OP("broadcast")->inputs.n = 0)                                                        \
  E(ADD, "'transpose' lacks", OP("generic")->op = "transpose")                                                            \
  E(ADD, "in the place of its results", OP("generic")->k = NULL)                                                          \
  E(ADD, "in the place of its results", OP("generic")->k = sym_name(m, "tile_m"))                                         \
  E(ADD, "'generic' reads 'x_tile' in the place of its results", (OP("generic")->k = sym_const(m, 2), OP("generic")->label = NULL)) \
  E(ADD, "in the place of its results", n->values.at[OP("generic")->value].dim[0] = sym_const(m, 3))                      \
  E(ADD, "in the place of its results", OP("generic")->value = OP("generic")->inputs.at[0])                               \
  E(ADD, "", (OP("generic")->same_place = 0, OP("generic")->k = sym_const(m, 2)))                                         \
  E(ADD, "is marked as a move", OP("generic")->is_move = true)                                                            \
  E(ATTENTION, "is marked as a move", OP("move")->is_move = false)                                                        \
  E(ATTENTION, "is no accumulator of its shape", n->values.at[OP("move")->value].is_carried = false)                      \
  E(ATTENTION, "is no accumulator of its shape", OP("move")->inputs.at[0] = NODE(LOOP)->body.at[0]->value)                \
  E(ATTENTION, "a move stands outside of any loop", *n->body.at[n->body.n - 1] = *OP("move"))                             \
  E(ATTENTION, "follows the move to", *LAST(NODE(LOOP), 1) = *OP("fill"))                                                 \
  E(ATTENTION, "follows the move to", LAST(NODE(LOOP), 2)->inputs.at[0] = LAST(NODE(LOOP), 3)->value)                     \
  E(SPLIT, "a gather has 0 inputs", NODE(GATHER)->inputs.n = 0)                                                           \
  E(SPLIT, "names value -1", NODE(GATHER)->inputs.at[0] = -1)                                                             \
  E(SPLIT, "names value -1", NODE(GATHER)->value = -1)                                                                    \
  E(SPLIT, "it must have the trips of 'tile_k'", n->values.at[NODE(GATHER)->value].rank -= 1)                             \
  E(SPLIT, "it must have the trips of 'tile_k'", n->values.at[NODE(GATHER)->value].type = DTYPE_I8)                       \
  E(SPLIT, "it must have the trips of 'tile_k'", n->values.at[NODE(GATHER)->value].dim[0] = sym_const(m, 4))              \
  E(SPLIT, "it must have the trips of 'tile_k'", n->values.at[NODE(GATHER)->value].dim[1] = sym_const(m, 4))              \
  E(SPLIT, "runs on one core; all must send", NODE(GATHER)->only_first = 2)                                               \
  E(MATMUL, "loop node names loop 1", NODE(LOOP)->loop = 1)                                                               \
  E(MATMUL, "loop node names loop 3", NODE(LOOP)->loop = 3)                                                               \
  E(MATMUL, "loop node names loop 2", n->loops.at[2].parent = 0)                                                          \
  E(MATMUL, "loop node names loop 2", n->body.at[2] = n->body.at[1])

static void set_strides(nest *n) {
  n->tensors.at[0].stride[0] = 128;
  n->tensors.at[0].stride[1] = 1;
}
/* 1000 times the iterator. */
static const sym_expr *many(arena *m, const char *iterator) {
  const sym_expr *e = sym_const(m, 1);
  for (int i = 1; i <= 500; i++)
    e = sym_add(m, e, sym_mod(m, sym_name(m, iterator), sym_add(m, sym_name(m, iterator), sym_const(m, i))));
  return e;
}
static void add_inputs(arena *m, nest_node *x, int count) {
  while (count-- > 0)
    vec_push(m, &x->inputs, x->inputs.at[0]);
}
static void edit(arena *m, nest *n, int which) {
  (void)m;
  int line = 0;
#define E(of, said, what) \
  if (line++ == which)     \
    what;
  EDITS(E)
#undef E
}

static void test_every_rule_is_held(void **state) {
  (void)state;
  static const struct { int sample; const char *said, *what; } edits[] = {
#define E(of, said, what) {of, said, #what},
      EDITS(E)
#undef E
  };
  for (size_t i = 0; i < COUNT_OF(edits); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    nest *n = sample(&ctx.mem, edits[i].sample);
    assert_int_equal(nest_verify(&ctx, n), LOOM_OK);
    edit(&ctx.mem, n, (int)i);
    const loom_status st = nest_verify(&ctx, n);
    if ((st == LOOM_OK) != !*edits[i].said || (st != LOOM_OK && !strstr(ctx.diag.first->text, edits[i].said)))
      fail_msg("%s: status %d, \"%s\"; expected \"%s\"", edits[i].what, (int)st, ctx.diag.first ? ctx.diag.first->text : "", edits[i].said);
    loom_ctx_done(&ctx);
  }
}

static loom_status make_and_look(loom_ctx *ctx, void *data) {
  nest *n = sample(&ctx->mem, *(int *)data);
  nest_lives lives = {0};
  LOOM_TRY(nest_verify(ctx, n));
  nest_set_alignment(n, 32);
  nest_list_lives(&ctx->mem, n, true, &lives);
  nest_at_last_iterators(&ctx->mem, n, n->loops.at[0].extent);
  return LOOM_OK;
}

static void test_memory_failures_unwind(void **state) {
  (void)state;
  for (int i = MATMUL; i <= SPLIT; i++)
    testing_sweep_memory(make_and_look, &i);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_rule_is_held), cmocka_unit_test(test_memory_failures_unwind)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
