/* loom-lower-mips: mips.matmul becomes a call of a kernel library's function,
 *
 *   @my_matmul_kernel(A: base, offset, stride 0, stride 1, B: .., C: .., M, N, K)
 *
 * with bare pointers.  On tensors the result is memory of its own, so that what the destination holds is neither read nor made; memory of another
 * memory space is cast to the default one.  The declaration carries loom.kernel: code is generated for it where no library has it. */
#include "pass/pass_option.h"

typedef VEC_OF(MlirOperation) op_list;
typedef struct gather { arena *mem; op_list products; } gather;
enum { OPERANDS = 3, ARGUMENTS = 15 };

static bool collect(MlirOperation op, void *data) {
  gather *g = data;
  if (ir_op_is(op, "mips.matmul"))
    vec_push(g->mem, &g->products, op);
  return true;
}

/* The function for an element type: f32 has the plain name. */
static const char *kernel_of(arena *m, const char *kernel, const char *element) { return text_eq(element, "f32") ? kernel : arena_printf(m, "%s_%s", kernel, text_identifier(m, element)); }

static const char *type_of_base(arena *m, const char *element) { return arena_printf(m, "memref<%s>", element); }

/* The declaration, once, in front of everything. */
static loom_status declare(ir_ctx *ir, MlirOperation module, MlirOperation user, const char *kernel, const char *element) {
  arena *m = &ir->ctx->mem;
  MlirBlock body = ir_body(module);
  for (MlirOperation op = mlirBlockGetFirstOperation(body); !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op))
    if (ir_op_is(op, "func.func") && text_eq(ir_func_name(m, op), kernel)) {
      if (mlirBlockIsNull(ir_body(op)))
        return LOOM_OK;
      LOOM_FAIL(ir->ctx, ir_span(ir, op), LOOM_EINPUT, "the module has a function @%s of its own, which mips.matmul would call; give the kernel another name: loom-lower-mips{kernel=NAME}", kernel);
    }
  const char *base = type_of_base(m, element);
  ir_builder at = ir_before(ir, mlirBlockGetFirstOperation(body));
  at.loc = mlirOperationGetLocation(user);
  MlirRegion region = mlirRegionCreate();
  const ir_named attrs[] = {{"sym_name", ir_str_attr(ir, kernel)},
                            {"function_type", ir_attr(ir, arena_printf(m, "(%s, index, index, index, %s, index, index, index, %s, index, index, index, index, index, index) -> ()", base, base, base))},
                            {"sym_visibility", ir_str_attr(ir, "private")},
                            {"llvm.bareptr", ir_bool_attr(ir, true)},
                            {"loom.kernel", ir_str_attr(ir, "mips.matmul")}};
  return mlirOperationIsNull(ir_build(&at, "func.func", 0, NULL, 0, NULL, sizeof attrs / sizeof *attrs, attrs, 1, &region)) ? LOOM_EBUG : LOOM_OK;
}

static const char *space_of(arena *m, MlirType memref) {
  MlirAttribute space = mlirMemRefTypeGetMemorySpace(memref);
  return mlirAttributeIsNull(space) ? NULL : ir_print_attr(m, space);
}

static const char *dim_text(arena *m, MlirType t, int64_t d) { return mlirShapedTypeIsDynamicDim(t, (intptr_t)d) ? "?" : arena_printf(m, "%" PRId64, mlirShapedTypeGetDimSize(t, (intptr_t)d)); }

/* `v` as memory in the default space. */
static MlirValue as_memory(ir_builder *at, MlirValue v, const char *element) {
  arena *m = &at->ir->ctx->mem;
  MlirType t = mlirValueGetType(v);
  if (mlirTypeIsARankedTensor(t)) {
    MlirType memref = ir_type(at->ir, arena_printf(m, "memref<%sx%sx%s, strided<[?, ?], offset: ?>>", dim_text(m, t, 0), dim_text(m, t, 1), element));
    return ir_build1(at, "bufferization.to_buffer", memref, 1, &v, 1, &(ir_named){"read_only", ir_unit_attr(at->ir)});
  }
  if (!space_of(m, t))
    return v;
  MlirType plain = mlirMemRefTypeGet(mlirShapedTypeGetElementType(t), 2, (int64_t[]){mlirShapedTypeGetDimSize(t, 0), mlirShapedTypeGetDimSize(t, 1)}, mlirMemRefTypeGetLayout(t), (MlirAttribute){NULL});
  return ir_build1(at, "memref.memory_space_cast", plain, 1, &v, 0, NULL);
}

/* Base, offset and strides of a matrix go to the call; sizes to out_sizes. */
static bool take_apart(ir_builder *at, MlirValue memref, const char *element, MlirValue *call, MlirValue out_sizes[2]) {
  MlirType index = ir_index_type(at->ir), results[6] = {ir_type(at->ir, type_of_base(&at->ir->ctx->mem, element)), index, index, index, index, index};
  MlirOperation op = mlirValueIsNull(memref) ? (MlirOperation){NULL} : ir_build(at, "memref.extract_strided_metadata", 6, results, 1, &memref, 0, NULL, 0, NULL);
  if (mlirOperationIsNull(op))
    return false;
  call[0] = ir_result(op, 0);
  call[1] = ir_result(op, 1);
  out_sizes[0] = ir_result(op, 2);
  out_sizes[1] = ir_result(op, 3);
  call[2] = ir_result(op, 4);
  call[3] = ir_result(op, 5);
  return true;
}

static loom_status lower(ir_ctx *ir, MlirOperation module, MlirOperation op, const char *kernel) {
  arena *m = &ir->ctx->mem;
  bool on_tensors = mlirOperationGetNumResults(op) == 1;
  const char *element = ir_print_type(m, mlirShapedTypeGetElementType(mlirValueGetType(ir_operand(op, 0)))), *name = kernel_of(m, kernel, element);
  LOOM_TRY(declare(ir, module, op, name, element));
  ir_builder at = ir_before(ir, op);
  MlirValue call[ARGUMENTS], sizes[OPERANDS][2], c = ir_operand(op, 2);
  for (int i = 0; i < 2; i++)
    if (!take_apart(&at, as_memory(&at, ir_operand(op, i), element), element, call + 4 * i, sizes[i]))
      return LOOM_EBUG;
  if (on_tensors) {
    MlirType t = mlirValueGetType(c);
    MlirValue open[2];
    intptr_t n = 0;
    for (int d = 0; d < 2; d++)
      if (mlirShapedTypeIsDynamicDim(t, d))
        open[n++] = sizes[d][d];
    ir_named segments = {"operandSegmentSizes", mlirDenseI32ArrayGet(ir->mlir, 2, (int32_t[]){(int32_t)n, 0})};
    c = ir_build1(&at, "memref.alloc", ir_type(ir, arena_printf(m, "memref<%sx%sx%s>", dim_text(m, t, 0), dim_text(m, t, 1), element)), n, open, 1, &segments);
  }
  if (mlirValueIsNull(c) || !take_apart(&at, on_tensors ? c : as_memory(&at, c, element), element, call + 8, sizes[2]))
    return LOOM_EBUG;
  call[12] = sizes[2][0];
  call[13] = sizes[2][1];
  call[14] = sizes[0][1];
  if (mlirOperationIsNull(ir_build(&at, "func.call", 0, NULL, ARGUMENTS, call, 1, &(ir_named){"callee", ir_symbol_attr(ir, name)}, 0, NULL)))
    return LOOM_EBUG;
  if (on_tensors) {
    const ir_named own[] = {{"restrict", ir_unit_attr(ir)}, {"writable", ir_unit_attr(ir)}};
    MlirValue result = ir_build1(&at, "bufferization.to_tensor", mlirValueGetType(ir_result(op, 0)), 1, &c, 2, own);
    if (mlirValueIsNull(result))
      return LOOM_EBUG;
    ir_replace_uses(ir_result(op, 0), result);
  }
  return ir_erase(op) ? LOOM_OK : LOOM_EBUG;
}

loom_status pass_lower_mips(ir_ctx *ir, MlirOperation module, const pass_options *o) {
  static const char *const keys[] = {"kernel"};
  gather g = {.mem = &ir->ctx->mem};
  LOOM_TRY(pass_check_options(ir->ctx, "loom-lower-mips", o, keys, 1));
  const char *kernel = pass_option(&ir->ctx->mem, o, "kernel");
  ir_walk(module, collect, &g);
  for (size_t i = 0; i < g.products.n; i++)
    LOOM_TRY(dialect_verify_op(ir, g.products.at[i]));
  for (size_t i = 0; i < g.products.n; i++)
    LOOM_TRY(lower(ir, module, g.products.at[i], kernel && *kernel ? kernel : "my_matmul_kernel"));
  return LOOM_OK;
}
