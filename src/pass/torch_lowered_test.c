/* MLIR takes what lower/torch writes: the oracle is MLIR's own parser and verifier, over every operation of torch_lower_cases.h as it stands and every
 * small change of it that is lowered (lower/torch/torch_lower_test.c says which are refused, and why). */
#include "ir/ir_testing.h"
#include "lower/torch/torch_lower_sample.h"

static int open_ir(void **state) {
  (void)state;
  return ir_test_open(NULL);
}

static void add_param(text *params, const tl_value *v) {
  if (v->name)
    text_addf(params, "%s%s: %s", params->size ? ", " : "", v->name, tl_type_text(params->mem, &v->type));
  for (int i = 0; i < v->n_items; i++)
    add_param(params, v->items[i]);
}

/* The function of an operation that was lowered, and declarations of the functions it may call. */
static const char *function_of(arena *mem, const tl_op *op, const char *body, const char *const *results) {
  text params = text_new(mem), names = text_new(mem), types = text_new(mem), region = text_new(mem), all = text_new(mem);
  for (int i = 0; i < op->n_in; i++)
    add_param(&params, op->in[i]);
  for (int i = 0; i < op->n_out; i++) {
    text_addf(&names, "%s%s", i ? ", " : "", results[i]);
    text_addf(&types, "%s%s", i ? ", " : "", tl_type_text(mem, &op->out[i]));
  }
  const char *call = strstr(body, "func.call @region("), *signature = call ? strstr(call, " : ") : NULL;
  if (signature)
    text_addf(&region, "func.func private @region%.*s\n", (int)strcspn(signature + 3, "\n"), signature + 3);
  text_addf(&all, "%sfunc.func @f(%s) -> (%s) {\n%s  return %s%s%s\n}\n", text_str(&region), text_str(&params), text_str(&types), body, text_str(&names), op->n_out ? " : " : "", text_str(&types));
  return text_str(&all);
}

typedef struct count { long n; int faults; } count;

static void check(void *data, const sample *s) {
  count *c = data;
  arena_mark mark = arena_save(&ctx.mem);
  diag_mark said = diag_save(&ctx);
  const tl_op op = sample_op(&ctx.mem, s);
  const char *body, **results = ARENA_NEW_N(&ctx.mem, const char *, op.n_out + 1);
  if (torch_lower_op(&ctx, &op, &body, results) == LOOM_OK) {
    MlirModule m = {NULL};
    const char *written = function_of(&ctx.mem, &op, body, results);
    c->n++;
    if (ir_parse(&ir, "text.mlir", written, strlen(written), &m) != LOOM_OK && c->faults++ < 20)
      print_error("%s\n%s\n%s", sample_text(&ctx.mem, s), (*said.last) ? (*said.last)->text : "", written);
    ir_close_module(m);
  }
  ctx.diag.sources = NULL;   /* they lie behind the mark */
  diag_drop(&ctx, said);
  arena_release(&ctx.mem, mark);
}

static void test_mlir_takes_what_is_lowered(void **state) {
  (void)state;
  count c = {0};
  for (size_t i = 0; i < COUNT_OF(torch_lower_good); i++) {
    sample s = sample_read(&ctx.mem, torch_lower_good[i]);
    check(&c, &s);
    sample_each_change(&ctx.mem, &s, check, &c);
  }
  assert_int_equal(c.faults, 0);
  assert_true(c.n > (long)COUNT_OF(torch_lower_good));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_mlir_takes_what_is_lowered, open_ir, close_ir)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
