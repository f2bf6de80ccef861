/* What Loom knows of and refuses, with what to write instead. */
#include "frontend/helion/helion_call.h"

static const struct { const char *name, *help; } refused[] = {
    {"inline_asm_elementwise", "PTX runs on one vendor's machines: write it with torch operations"},
    {"inline_triton", "Triton code is not compiled: write it with torch operations"},
    {"triton_kernel", "Triton code is not compiled: write it with torch operations"},
    {"dot_scaled", "scale the operands, then use hl.dot"},
    {"float4_e2m1fn_x2_to_float32", "unpack the 4-bit values with & and >>, then look them up in a table"},
    {"load_float4_e2m1fn_x16_to_float16", "unpack the 4-bit values with & and >>, then look them up in a table"},
    {"load_bfloat16_x16_to_float16", "load the values and cast them"},
    {"stacktensor_like", "pass the tensors as separate arguments"},
    {"StackTensor", "pass the tensors as separate arguments"},
    {"make_async_remote_copy", "a kernel runs on one device: copy before or after it"},
    {"remote_barrier", "a kernel runs on one device: synchronise before or after it"},
    {"get_remote_tensors", "a kernel runs on one device: copy before it"},
    {"signal", "a kernel runs on one device: use hl.barrier() between two loops"},
    {"wait", "a kernel runs on one device: use hl.barrier() between two loops"},
    {"unique", "sort, then compare neighbours"},
    {"chunk", "load the parts one by one: x[tile, a:b]"},
    {"split", "load the parts one by one: x[tile, a:b]; hl.split takes a last dim of two apart"},
    {"tensor_split", "load the parts one by one: x[tile, a:b]"},
    {"breakpoint", "remove it: a compiled kernel does not stop; hl.device_print and print are left out too"},
    {"nonzero", "keep the shape and choose with torch.where"},
    {"masked_select", "keep the shape and choose with torch.where"},
    {"item", "a 0-d value is used as a number as it is"},
    {"tolist", "values of tensors are only known while the kernel runs"},
    {"numpy", "values of tensors are only known while the kernel runs"},
    {"backward", "write the gradient as a kernel of its own"},
};

const char *helion_advice(helion_reader *r, const char *path, const char *near) {
  const char *dot = strrchr(path, '.'), *name = dot ? dot + 1 : path;
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
    if (text_eq(refused[i].name, name))
      return refused[i].help;
  return near ? arena_printf(r->mem, "did you mean \"%s\"?", near) : "write it with supported operations, or compute it before the kernel";
}
