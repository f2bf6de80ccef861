/* Block sizes become numbers.  Options: `tile_m=16 tile_n=8` (also with commas); a symbol that is not named gets its upper_bound.
 * Upstream's stage-0 has no clamps: a trip count is ceil(extent / size) and every tile is whole, so a size has to divide what it tiles. */
#include "pass/pass_private.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

typedef struct binding { const char *name; int64_t value; bool used; } binding;
typedef struct binder { ir_ctx *ir; const pass_options *o; VEC_OF(binding) given; VEC_OF(const char *) known; loom_status status; } binder;

static const char SIZE_OF[] = "loom.block_sym";   /* on the constant, for the check of trip counts */

static loom_status read_options(binder *b) {
  loom_ctx *ctx = b->ir->ctx;
  for (const char *s = b->o && b->o->text ? b->o->text : ""; *s;) {
    s += strspn(s, " ,\t");
    size_t n = strcspn(s, "= ,\t");
    if (!n)
      break;
    char *end;
    const char *name = arena_strndup(&ctx->mem, s, n);
    const bool is_pair = s[n] == '=';
    int64_t v = is_pair ? strtoll(s + n + 1, &end, 10) : 0;
    if (!is_pair || end == s + n + 1 || (*end && !strchr(" ,\t", *end)) || v < 1)
      LOOM_FAIL(ctx, b->o->span, LOOM_EUSAGE, "'%s' of loom-bind-symbols is not NAME=SIZE with a positive size", name);
    vec_push(&ctx->mem, &b->given, ((binding){name, v, false}));
    s = end;
  }
  return LOOM_OK;
}

static bool bind(MlirOperation op, void *data) {
  binder *b = data;
  loom_ctx *ctx = b->ir->ctx;
  const char *name = dialect_sym_name(&ctx->mem, op);
  int64_t bound = 0, value = 0;
  if (!name)
    return true;
  vec_push(&ctx->mem, &b->known, name);
  bool has_bound = ir_attr_int(ir_attr_of(op, "upper_bound"), &bound) && bound > 0;
  for (size_t i = 0; i < b->given.n; i++)
    if (text_eq(b->given.at[i].name, name)) {
      value = b->given.at[i].value;
      b->given.at[i].used = true;
    }
  if (!value && !has_bound) {
    b->status = diag_error(ctx, ir_span(b->ir, op), LOOM_EUSAGE, "the block size '%s' is not given and has no upper_bound", name);
    diag_help(ctx, "pass --block-sizes %s=16", name);
    return false;
  }
  if (!value || (has_bound && value > bound))
    value = bound;   /* no tile is larger than the range */
  ir_builder at = ir_before(b->ir, op);
  MlirValue v = ir_index_const(&at, value);
  ir_set_attr(ir_def(v), SIZE_OF, ir_str_attr(b->ir, name));
  ir_replace_uses(ir_result(op, 0), v);
  ir_erase(op);
  return true;
}

/* Whether `size` divides v whatever the loops around it count. */
static bool divides(int64_t size, MlirValue v, int depth) {
  int64_t n;
  MlirOperation op = ir_def(v);
  if (ir_const_int(v, &n))
    return n % size == 0;
  if (mlirOperationIsNull(op) || depth > 16)
    return false;
  if (ir_op_is(op, "arith.muli"))
    return divides(size, ir_operand(op, 0), depth + 1) || divides(size, ir_operand(op, 1), depth + 1);
  if (ir_op_is(op, "arith.index_cast"))
    return divides(size, ir_operand(op, 0), depth + 1);
  static const char *const both[] = {"arith.addi", "arith.subi", "arith.minui", "arith.minsi", "arith.maxui", "arith.maxsi"};
  for (size_t i = 0; i < sizeof both / sizeof *both; i++)
    if (ir_op_is(op, both[i]))
      return divides(size, ir_operand(op, 0), depth + 1) && divides(size, ir_operand(op, 1), depth + 1);
  return false;
}

static bool check_trip(MlirOperation op, void *data) {
  binder *b = data;
  int64_t extent = 0, size;
  if (!ir_op_is(op, "arith.ceildivui") && !ir_op_is(op, "arith.ceildivsi"))
    return true;
  MlirOperation by = ir_def(ir_operand(op, 1));
  const char *name = mlirOperationIsNull(by) ? NULL : ir_attr_string(&b->ir->ctx->mem, ir_attr_of(by, SIZE_OF));
  if (!name || !ir_const_int(ir_operand(op, 1), &size) || divides(size, ir_operand(op, 0), 0))
    return true;
  const char *what = ir_const_int(ir_operand(op, 0), &extent) ? arena_printf(&b->ir->ctx->mem, "the %" PRId64, extent) : "every extent that";
  b->status = diag_error(b->ir->ctx, ir_span(b->ir, op), LOOM_EINFEASIBLE, "the block size %s=%" PRId64 " does not divide %s it tiles", name, size, what);
  diag_help(b->ir->ctx, "this form of stage-0 has whole tiles only; choose a divisor, or compile the kernel's source, whose tiles are clamped");
  return false;
}

static bool forget_name(MlirOperation op, void *data) {
  (void)data;
  if (ir_op_is(op, "arith.constant") && !mlirAttributeIsNull(ir_attr_of(op, SIZE_OF)))
    ir_set_attr(op, SIZE_OF, (MlirAttribute){NULL});
  return true;
}

loom_status pass_bind_symbols(ir_ctx *ir, MlirOperation op, const pass_options *o) {
  binder b = {.ir = ir, .o = o};
  LOOM_TRY(read_options(&b));
  if (!ir_walk_post(op, bind, &b))
    return b.status;
  for (size_t i = 0; i < b.given.n; i++)
    if (!b.given.at[i].used) {
      const char *near = diag_nearest(b.given.at[i].name, b.known.at, b.known.n);
      diag_error(ir->ctx, o->span, LOOM_EUSAGE, "the module has no block size '%s'", b.given.at[i].name);
      if (near)
        diag_help(ir->ctx, "did you mean '%s'", near);
      return LOOM_EUSAGE;
    }
  if (!ir_walk(op, check_trip, &b))
    return b.status;
  ir_walk(op, forget_name, NULL);
  return LOOM_OK;
}
