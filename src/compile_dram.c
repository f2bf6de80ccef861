#include "compile_dram.h"
#include "machine/machine_dram.h"

/* INT64_MAX: more than can be counted. */
static int64_t bytes_of(MlirType type) {
  dtype element;
  if (!mlirTypeIsAMemRef(type) || !mlirShapedTypeHasStaticShape(type) || !ir_type_dtype(type, &element))
    return 0;                              /* refused by whoever reads the arguments */
  int64_t bytes = (int64_t)dtype_bytes(element);
  for (intptr_t d = 0; d < mlirShapedTypeGetRank(type); d++)
    if (__builtin_mul_overflow(bytes, mlirShapedTypeGetDimSize(type, d), &bytes))
      return INT64_MAX;
  return bytes;
}

loom_status compile_check_dram(compile_state *s) {
  arena *m = &s->ctx->mem;
  const MlirOperation func = ir_find_func(s->canonical, NULL);
  const MlirBlock body = mlirOperationIsNull(func) ? (MlirBlock){NULL} : ir_body(func);
  if (mlirBlockIsNull(body) || s->machine->host_cpu)
    return LOOM_OK;
  machine_dram_use *uses = ARENA_NEW_N(m, machine_dram_use, mlirBlockGetNumArguments(body) + 1);
  size_t n = 0;
  for (intptr_t i = 0; i < mlirBlockGetNumArguments(body); i++) {
    ir_l1_place place;
    if (!ir_argument_l1(&s->ir, func, i, &place) || !place.page)
      uses[n++] = (machine_dram_use){ir_argument_name(&s->ir, func, i), bytes_of(mlirValueGetType(mlirBlockGetArgument(body, i)))};
  }
  if (machine_dram_fits(s->machine, uses, n))
    return LOOM_OK;
  diag_error(s->ctx, ir_span(&s->ir, func), LOOM_EINFEASIBLE, "the kernel's tensors do not fit the DRAM of machine '%s': %s", s->machine->name, machine_dram_text(m, s->machine, uses, n));
  diag_help(s->ctx, "a tensor takes whole pages of all channels; give smaller sizes, another machine, or one of several chips (docs/chips.md)");
  return LOOM_EINFEASIBLE;
}
