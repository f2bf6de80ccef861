/* What Loom knows of torch, helion, math and Python's builtins: one row each.  Adding a function is adding a row (and a handler when none
 * fits). */
#include "frontend/helion/helion_ops.h"
#include <math.h>

#define CREATE_TAIL "dtype? device~ requires_grad~ pin_memory~ layout~ memory_format~ generator~"

/* ---- functions that work on tiles; "torch.x" is also a method x of device values, with the value as first argument ---- */
static const helion_fn device_functions[] = {
    {"torch.abs", "input", helion_do_unary, KERNEL_FN_ABS},
    {"torch.neg", "input", helion_do_unary, KERNEL_FN_NEG},
    {"torch.negative", "input", helion_do_unary, KERNEL_FN_NEG},
    {"torch.exp", "input", helion_do_unary, KERNEL_FN_EXP},
    {"torch.exp2", "input", helion_do_unary, KERNEL_FN_EXP2},
    {"torch.log", "input", helion_do_unary, KERNEL_FN_LOG},
    {"torch.log2", "input", helion_do_unary, KERNEL_FN_LOG2},
    {"torch.sqrt", "input", helion_do_unary, KERNEL_FN_SQRT},
    {"torch.rsqrt", "input", helion_do_unary, KERNEL_FN_RSQRT},
    {"torch.tanh", "input", helion_do_unary, KERNEL_FN_TANH},
    {"torch.sigmoid", "input", helion_do_unary, KERNEL_FN_SIGMOID},
    {"torch.relu", "input inplace~", helion_do_unary, KERNEL_FN_RELU},
    {"torch.erf", "input", helion_do_unary, KERNEL_FN_ERF},
    {"torch.reciprocal", "input", helion_do_unary, KERNEL_FN_RECIP},
    {"torch.logical_not", "input", helion_do_logical, KERNEL_FN_NOT},
    {"torch.bitwise_not", "input", helion_do_unary, KERNEL_FN_INVERT},
    {"torch.log1p", "input", helion_do_unary, KERNEL_FN_LOG1P},
    {"torch.expm1", "input", helion_do_unary, KERNEL_FN_EXPM1},
    {"torch.sin", "input", helion_do_unary, KERNEL_FN_SIN},
    {"torch.cos", "input", helion_do_unary, KERNEL_FN_COS},
    {"torch.floor", "input", helion_do_unary, KERNEL_FN_FLOOR},
    {"torch.ceil", "input", helion_do_unary, KERNEL_FN_CEIL},
    {"torch.round", "input", helion_do_unary, KERNEL_FN_ROUND},
    {"torch.trunc", "input", helion_do_unary, KERNEL_FN_TRUNC},
    {"torch.sign", "input", helion_do_unary, KERNEL_FN_SIGN},
    {"torch.isnan", "input", helion_do_unary, KERNEL_FN_ISNAN},
    {"torch.isinf", "input", helion_do_unary, KERNEL_FN_ISINF},
#define X(id, path, parameters, operands, result) {path, parameters, helion_do_formula, HELION_##id},
#include "frontend/helion/helion_formulas.def"
#undef X
    {"torch.softmax", "input dim dtype? _stacklevel~", helion_do_softmax, 0},
    {"torch.log_softmax", "input dim dtype? _stacklevel~", helion_do_softmax, 1},
    {"torch.logsumexp", "input dim keepdim?", helion_do_logsumexp, 0},
    {"torch.cumsum", "input dim | dtype?", helion_do_cumulate, KERNEL_FN_ADD},
    {"torch.cumprod", "input dim | dtype?", helion_do_cumulate, KERNEL_FN_MUL},
    {"torch.cat", "tensors dim?", helion_do_cat, 0},
    {"torch.stack", "tensors dim?", helion_do_stack, 0},
    {"torch.gather", "input dim index", helion_do_gather, 0},
    {"torch.sort", "input dim? descending? stable~", helion_do_sort, 0},
    {"torch.argsort", "input dim? descending? stable~", helion_do_sort, 1},
    {"torch.topk", "input k dim? largest? sorted~", helion_do_topk, 0},
    {"torch.unbind", "input dim?", helion_do_split, 1},
    {"torch.any", "input dim? keepdim?", helion_do_any_all, KERNEL_FN_MAX},
    {"torch.all", "input dim? keepdim?", helion_do_any_all, KERNEL_FN_MIN},
    {"torch.max", "input dim? keepdim?", helion_do_max_min, KERNEL_FN_MAX},
    {"torch.min", "input dim? keepdim?", helion_do_max_min, KERNEL_FN_MIN},
    {"torch.argmax", "input dim? keepdim?", helion_do_arg_reduce, KERNEL_FN_ARGMAX},
    {"torch.argmin", "input dim? keepdim?", helion_do_arg_reduce, KERNEL_FN_ARGMIN},
    {"torch.var", "input dim? unbiased? keepdim? | correction?", helion_do_var, 0},
    {"torch.std", "input dim? unbiased? keepdim? | correction?", helion_do_var, 1},
    {"torch.var_mean", "input dim? unbiased? keepdim? | correction?", helion_do_var, 2},
    {"torch.std_mean", "input dim? unbiased? keepdim? | correction?", helion_do_var, 3},
    {"torch.bitwise_and", "input other", helion_do_binary, KERNEL_FN_AND},
    {"torch.bitwise_or", "input other", helion_do_binary, KERNEL_FN_OR},
    {"torch.bitwise_xor", "input other", helion_do_binary, KERNEL_FN_XOR},
    {"torch.bitwise_left_shift", "input other", helion_do_binary, KERNEL_FN_SHL},
    {"torch.bitwise_right_shift", "input other", helion_do_binary, KERNEL_FN_SHR},
    {"torch.add", "input other | alpha?", helion_do_add, KERNEL_FN_ADD},
    {"torch.sub", "input other | alpha?", helion_do_add, KERNEL_FN_SUB},
    {"torch.mul", "input other", helion_do_binary, KERNEL_FN_MUL},
    {"torch.div", "input other | rounding_mode?", helion_do_div, 0},
    {"torch.true_divide", "input other", helion_do_binary, KERNEL_FN_DIV},
    {"torch.floor_divide", "input other", helion_do_binary, KERNEL_FN_FLOORDIV},
    {"torch.remainder", "input other", helion_do_binary, KERNEL_FN_MOD},
    {"torch.pow", "input exponent", helion_do_pow, 0},
    {"torch.maximum", "input other", helion_do_binary, KERNEL_FN_MAX},
    {"torch.minimum", "input other", helion_do_binary, KERNEL_FN_MIN},
    {"torch.logical_and", "input other", helion_do_logical, KERNEL_FN_AND},
    {"torch.logical_xor", "input other", helion_do_logical, KERNEL_FN_XOR},
    {"torch.logical_or", "input other", helion_do_logical, KERNEL_FN_OR},
    {"torch.eq", "input other", helion_do_binary, KERNEL_FN_EQ},
    {"torch.ne", "input other", helion_do_binary, KERNEL_FN_NE},
    {"torch.lt", "input other", helion_do_binary, KERNEL_FN_LT},
    {"torch.le", "input other", helion_do_binary, KERNEL_FN_LE},
    {"torch.gt", "input other", helion_do_binary, KERNEL_FN_GT},
    {"torch.ge", "input other", helion_do_binary, KERNEL_FN_GE},
    {"torch.where", "condition input other", helion_do_where, 0},
    {"torch.masked_fill", "input mask value", helion_do_masked_fill, 0},
    {"torch.clamp", "input min? max?", helion_do_clamp, 0},
    {"torch.clamp_min", "input min", helion_do_binary, KERNEL_FN_MAX},
    {"torch.clamp_max", "input max", helion_do_binary, KERNEL_FN_MIN},
    {"torch.matmul", "input other", helion_do_matmul, 0},
    {"torch.mm", "input mat2 out_dtype?", helion_do_bmm, 0},
    {"torch.bmm", "input mat2 out_dtype?", helion_do_bmm, 0},
    {"torch.addmm", "input mat1 mat2 | beta? alpha?", helion_do_addmm, 0},
    {"torch.baddbmm", "input batch1 batch2 | beta? alpha?", helion_do_addmm, 0},
    {"torch.sum", "input dim? keepdim? | dtype?", helion_do_reduce, KERNEL_FN_ADD},
    {"torch.prod", "input dim? keepdim? | dtype?", helion_do_reduce, KERNEL_FN_MUL},
    {"torch.amax", "input dim? keepdim?", helion_do_reduce, KERNEL_FN_MAX},
    {"torch.amin", "input dim? keepdim?", helion_do_reduce, KERNEL_FN_MIN},
    {"torch.mean", "input dim? keepdim? | dtype?", helion_do_mean, 0},
    {"torch.transpose", "input dim0 dim1", helion_do_transpose, 0},
    {"torch.t", "input", helion_do_transpose_last, 0},
    {"torch.permute", "input *dims", helion_do_permute, 0},
    {"torch.unsqueeze", "input dim", helion_do_unsqueeze, 0},
    {"torch.reshape", "input *shape", helion_do_reshape, 0},
    {"torch.squeeze", "input dim?", helion_do_squeeze, 0},
    {"torch.flatten", "input start_dim? end_dim?", helion_do_flatten, 0},
    {"torch.broadcast_to", "input *size", helion_do_expand, 0},
    {"torch.zeros_like", "input " CREATE_TAIL, helion_do_create_like, HELION_CREATE_ZEROS},
    {"torch.ones_like", "input " CREATE_TAIL, helion_do_create_like, HELION_CREATE_ONES},
    {"torch.empty_like", "input " CREATE_TAIL, helion_do_create_like, HELION_CREATE_EMPTY},
    {"torch.randn_like", "input " CREATE_TAIL, helion_do_create_like, HELION_CREATE_RANDN},
    {"torch.rand_like", "input " CREATE_TAIL, helion_do_create_like, HELION_CREATE_RAND},
    {"torch.full_like", "input fill_value " CREATE_TAIL, helion_do_full_like, 0},
};

static const helion_fn functions[] = {
    {"torch.empty", "*sizes size? " CREATE_TAIL, helion_do_create, HELION_CREATE_EMPTY},
    {"torch.zeros", "*sizes size? " CREATE_TAIL, helion_do_create, HELION_CREATE_ZEROS},
    {"torch.ones", "*sizes size? " CREATE_TAIL, helion_do_create, HELION_CREATE_ONES},
    {"torch.randn", "*sizes size? " CREATE_TAIL, helion_do_create, HELION_CREATE_RANDN},
    {"torch.rand", "*sizes size? " CREATE_TAIL, helion_do_create, HELION_CREATE_RAND},
    {"torch.full", "size fill_value " CREATE_TAIL, helion_do_create_full, 0},
    {"torch.randint", "low high? size? " CREATE_TAIL, helion_do_randint, 0},
    {"torch.tensor", "data " CREATE_TAIL, helion_do_scalar_tensor, 0},
    {"torch.scalar_tensor", "s " CREATE_TAIL, helion_do_scalar_tensor, 1},
    {"torch.arange", "start_or_end end? step? | " CREATE_TAIL, helion_do_torch_arange, 1},
    {"torch.broadcast_tensors", "*tensors", helion_do_broadcast_tensors, 0},
    {"torch.promote_types", "type1 type2", helion_do_promote, 0},
    {"torch.device", "*args", helion_do_opaque, 0},
    {"torch.manual_seed", "seed~", helion_do_ignore, 0},
    {"torch.Size", "sizes", helion_do_self, 0},
    {"torch._check", "cond~ message~", helion_do_ignore, 0},
    {"helion.language.tile", "begin_or_end end? block_size?", helion_do_tile_range, 0},
    {"helion.language.grid", "begin_or_end end? step?", helion_do_grid, 0},
    {"helion.language.static_range", "begin_or_end end? step?", helion_do_range, 1},
    {"helion.language.jagged_tile", "parent", helion_do_jagged_tile, 0},
    {"helion.language.arange", "start_or_end end? step? | dtype? device~", helion_do_arange, 0},
    {"helion.language.load", "tensor index extra_mask? eviction_policy~", helion_do_load, 0},
    {"helion.language.store", "tensor index value extra_mask?", helion_do_store, 0},
    {"helion.language.subscript", "tensor index", helion_do_subscript, 0},
    {"helion.language.split", "tensor", helion_do_split, 0},
    {"helion.language.join", "tensor0 tensor1", helion_do_join, 0},
    {"helion.language.associative_scan", "combine_fn input_tensor dim reverse?", helion_do_scan, 0},
    {"torch._higher_order_ops.associative_scan", "combine_fn xs dim reverse? combine_mode~", helion_do_scan, 0},
    {"helion.language.reduce", "combine_fn input_tensor dim? other? keep_dims?", helion_do_fold, 0},
    {"helion.language.cumsum", "input_tensor dim reverse?", helion_do_hl_cumulate, KERNEL_FN_ADD},
    {"helion.language.cumprod", "input_tensor dim reverse?", helion_do_hl_cumulate, KERNEL_FN_MUL},
    {"helion.language.rand", "shape seed device~ offsets?", helion_do_rand, 0},
    {"helion.language.rand4x", "seed offsets device~", helion_do_rand4x, 0},
    {"helion.language.randint", "shape low high seed device~", helion_do_device_randint, 0},
    {"loom.broadcast", "src dim out_shape", helion_do_loom_broadcast, 0},
    {"loom.gather", "tile src", helion_do_loom_gather, 0},
    {"loom.set_memory_space", "src local_mem_kind?", helion_do_loom_memory, 0},
    {"helion.language.float4_e2m1fn_x2_to_float32", "value", helion_do_float4_pair, 0},
    {"loom.host", "function *values", helion_do_loom_host, 0},
    {"loom.lanes", "tile", helion_do_loom_lanes, 0},
    {"loom.mask_to", "tensor value", helion_do_loom_mask_to, 0},
    {"loom.philox", "counter key word", helion_do_loom_philox, 0},
    {"helion.language.atomic_add", "target index value sem~", helion_do_atomic, KERNEL_FN_ADD},
    {"helion.language.atomic_and", "target index value sem~", helion_do_atomic, KERNEL_FN_AND},
    {"helion.language.atomic_or", "target index value sem~", helion_do_atomic, KERNEL_FN_OR},
    {"helion.language.atomic_xor", "target index value sem~", helion_do_atomic, KERNEL_FN_XOR},
    {"helion.language.atomic_max", "target index value sem~", helion_do_atomic, KERNEL_FN_MAX},
    {"helion.language.atomic_min", "target index value sem~", helion_do_atomic, KERNEL_FN_MIN},
    {"helion.language.atomic_xchg", "target index value sem~", helion_do_atomic, KERNEL_FN_XCHG},
    {"helion.language.atomic_cas", "target index expected value sem~", helion_do_atomic_cas, KERNEL_FN_CAS},
    {"helion.language.zeros", "shape dtype? device~", helion_do_device_zeros, 0},
    {"helion.language.full", "shape value dtype? device~", helion_do_create_full, 1},
    {"helion.language.dot", "mat1 mat2 acc? out_dtype?", helion_do_dot, 0},
    {"helion.language.register_block_size", "min_or_max max?", helion_do_register_block, 0},
    {"helion.language.register_tunable", "name fragment", helion_do_tunable, 0},
    {"helion.autotuner.PowerOfTwoFragment", "low high default_val?", helion_do_fragment, 0},
    {"helion.autotuner.IntegerFragment", "low high default_val?", helion_do_fragment, 0},
    {"helion.autotuner.EnumFragment", "choices", helion_do_enum_fragment, 0},
    {"helion.runtime.get_num_sm", "device~ reserved_sms~", helion_do_core_count, 0},
    {"helion.language.tile_begin", "tile", helion_do_tile_part, 0},
    {"helion.language.tile_end", "tile", helion_do_tile_part, 0},
    {"helion.language.tile_id", "tile", helion_do_tile_part, 0},
    {"helion.language.tile_index", "tile", helion_do_tile_part, 0},
    {"helion.language.tile_block_size", "tile", helion_do_tile_part, 0},
    {"helion.language.breakpoint", "", helion_do_ignore, 0},
    {"helion.language.constexpr", "value", helion_do_self, 0},
    {"helion.language.specialize", "value", helion_do_specialize, 0},
    {"helion.language.barrier", "", helion_do_barrier, 0},
    {"helion.language.device_print", "*values~", helion_do_ignore, 0},
    {"helion.language.cdiv", "a b", helion_do_cdiv, 0},
    {"typing.cast", "typ~ val", helion_do_second, 0},
    {"helion.cdiv", "a b", helion_do_cdiv, 0},
    {"helion.next_power_of_2", "n", helion_do_next_power, 0},
    {"triton.cdiv", "a b", helion_do_cdiv, 0},
    {"math.sqrt", "x", helion_do_math, HELION_MATH_SQRT},
    {"math.exp", "x", helion_do_math, HELION_MATH_EXP},
    {"math.log", "x", helion_do_math, HELION_MATH_LOG},
    {"math.log2", "x", helion_do_math, HELION_MATH_LOG2},
    {"math.ceil", "x", helion_do_math, HELION_MATH_CEIL},
    {"math.floor", "x", helion_do_math, HELION_MATH_FLOOR},
    {"math.pow", "x y", helion_do_math, HELION_MATH_POW},
    {"builtins.abs", "x", helion_do_abs, 0},
    {"builtins.bool", "x", helion_do_bool, 0},
    {"builtins.enumerate", "iterable", helion_do_enumerate, 0},
    {"builtins.float", "x", helion_do_float, 0},
    {"builtins.int", "x", helion_do_int, 0},
    {"builtins.isinstance", "object classinfo", helion_do_isinstance, 0},
    {"builtins.len", "object", helion_do_len, 0},
    {"builtins.list", "iterable?", helion_do_sequence, 1},
    {"builtins.max", "*values", helion_do_min_max, 1},
    {"builtins.min", "*values", helion_do_min_max, 0},
    {"builtins.print", "*values~ sep~ end~ file~ flush~", helion_do_ignore, 0},
    {"builtins.range", "start_or_stop stop? step?", helion_do_range, 0},
    {"builtins.slice", "start_or_stop stop? step?", helion_do_slice, 0},
    {"builtins.tuple", "iterable?", helion_do_sequence, 0},
    {"builtins.zip", "*iterables strict~", helion_do_zip, 0},
};

/* Other names of the same thing. */
static const struct { const char *alias, *path; } aliases[] = {
    {"torch.nn.functional.relu", "torch.relu"},       {"torch.nn.functional.silu", "torch.silu"}, {"torch.nn.functional.gelu", "torch.gelu"},
    {"torch.nn.functional.sigmoid", "torch.sigmoid"}, {"torch.nn.functional.tanh", "torch.tanh"}, {"torch.special.erf", "torch.erf"},
    {"helion.autotuner.config_fragment.PowerOfTwoFragment", "helion.autotuner.PowerOfTwoFragment"},
    {"helion.autotuner.config_fragment.IntegerFragment", "helion.autotuner.IntegerFragment"},
    {"helion.autotuner.config_fragment.EnumFragment", "helion.autotuner.EnumFragment"},
    {"helion.cute.get_num_sm", "helion.runtime.get_num_sm"},
    {"torch.nn.functional.softmax", "torch.softmax"}, {"torch.nn.functional.log_softmax", "torch.log_softmax"},
    {"torch.nn.functional.leaky_relu", "torch.leaky_relu"}, {"torch.nn.functional.softplus", "torch.softplus"},
    {"torch.nn.functional.elu", "torch.elu"}, {"torch.nn.functional.hardtanh", "torch.hardtanh"}, {"torch.nn.functional.relu6", "torch.relu6"},
    {"torch.nn.functional.hardsigmoid", "torch.hardsigmoid"}, {"torch.nn.functional.hardswish", "torch.hardswish"},
    {"torch.nn.functional.logsigmoid", "torch.logsigmoid"}, {"torch.nn.functional.mish", "torch.mish"}, {"torch.special.expit", "torch.sigmoid"},
    {"torch.special.logsumexp", "torch.logsumexp"}, {"torch.special.softmax", "torch.softmax"}, {"torch.special.log_softmax", "torch.log_softmax"},
    {"torch.concat", "torch.cat"}, {"torch.concatenate", "torch.cat"}, {"torch.greater", "torch.gt"}, {"torch.greater_equal", "torch.ge"},
    {"torch.less", "torch.lt"}, {"torch.less_equal", "torch.le"}, {"torch.not_equal", "torch.ne"},
    {"torch.sgn", "torch.sign"}, {"torch.fix", "torch.trunc"},
    {"torch.absolute", "torch.abs"}, {"torch.special.expm1", "torch.expm1"}, {"torch.special.log1p", "torch.log1p"},
    {"torch.multiply", "torch.mul"},                  {"torch.subtract", "torch.sub"},            {"torch.divide", "torch.div"},
    {"torch.clip", "torch.clamp"},                    {"torch.swapaxes", "torch.transpose"},      {"torch.cdiv", "helion.cdiv"},
};

typedef struct member { unsigned kinds; helion_fn fn; } member;
#define ON(k) (1u << HELION_##k)
#define TENSORS (ON(TENSOR) | ON(DEVICE) | ON(SPEC))

static const member attributes[] = {
    {TENSORS, {"shape", "self", helion_do_shape, 0}},
    {TENSORS, {"dtype", "self", helion_do_dtype, 0}},
    {TENSORS, {"ndim", "self", helion_do_ndim, 0}},
    {TENSORS, {"device", "self", helion_do_opaque, 0}},
    {ON(TENSOR) | ON(DEVICE), {"T", "self", helion_do_transpose_last, 0}},
    {ON(TENSOR) | ON(DEVICE), {"mT", "self", helion_do_transpose_last, 1}},
    {ON(SEQ), {"values", "self", helion_do_extremum_part, 0}},
    {ON(SEQ), {"indices", "self", helion_do_extremum_part, 1}},
    {ON(DTYPE), {"itemsize", "self", helion_do_itemsize, 0}},
    {ON(TILE), {"begin", "self", helion_do_tile_scalar, KERNEL_TILE_BEGIN}},
    {ON(TILE), {"end", "self", helion_do_tile_scalar, KERNEL_TILE_END}},
    {ON(TILE), {"id", "self", helion_do_tile_scalar, KERNEL_TILE_ID}},
    {ON(TILE), {"index", "self", helion_do_tile_index, 0}},
    {ON(TILE), {"block_size", "self", helion_do_block_size, 0}},
    {ON(TILE), {"count", "self", helion_do_tile_count, 0}},
};

static const member methods[] = {
    {TENSORS, {"size", "self dim?", helion_do_size, 0}},
    {TENSORS, {"dim", "self", helion_do_ndim, 0}},
    {TENSORS, {"numel", "self", helion_do_numel, 0}},
    {TENSORS, {"contiguous", "self memory_format~", helion_do_contiguous, 0}},
    {TENSORS, {"is_contiguous", "self memory_format~", helion_do_true, 0}},
    {TENSORS, {"stride", "self dim?", helion_do_stride, 0}},
    {TENSORS, {"element_size", "self", helion_do_element_size, 0}},
    {TENSORS, {"is_floating_point", "self", helion_do_is_float, 0}},
    {ON(TENSOR), {"item", "self", helion_do_item, 0}},
    {ON(TENSOR), {"clone", "self memory_format~", helion_do_clone, 0}},
    {ON(TENSOR), {"detach", "self", helion_do_self, 0}},
    {ON(TENSOR), {"as_strided", "self size stride storage_offset?", helion_do_as_strided, 0}},
    {ON(TENSOR), {"zero_", "self", helion_do_fill, 0}},
    {ON(TENSOR), {"fill_", "self value", helion_do_fill, 0}},
    {ON(TENSOR), {"copy_", "self src non_blocking~", helion_do_fill, 0}},
    {ON(TENSOR) | ON(DEVICE), {"new_empty", "self *sizes " CREATE_TAIL, helion_do_new, HELION_CREATE_EMPTY}},
    {ON(TENSOR) | ON(DEVICE), {"new_zeros", "self *sizes " CREATE_TAIL, helion_do_new, HELION_CREATE_ZEROS}},
    {ON(TENSOR) | ON(DEVICE), {"new_ones", "self *sizes " CREATE_TAIL, helion_do_new, HELION_CREATE_ONES}},
    {ON(TENSOR) | ON(DEVICE), {"new_full", "self size fill_value " CREATE_TAIL, helion_do_new_full, 0}},
    {ON(DEVICE) | ON(TILE), {"to", "self dtype? other? non_blocking~ copy~", helion_do_cast_to, 0}},
    {ON(DEVICE), {"type", "self dtype", helion_do_cast_to, 0}},
    {ON(DEVICE), {"float", "self", helion_do_cast, DTYPE_F32}},
    {ON(DEVICE), {"half", "self", helion_do_cast, DTYPE_F16}},
    {ON(DEVICE), {"bfloat16", "self", helion_do_cast, DTYPE_BF16}},
    {ON(DEVICE), {"double", "self", helion_do_cast, DTYPE_F64}},
    {ON(DEVICE), {"bool", "self", helion_do_cast, DTYPE_BOOL}},
    {ON(DEVICE), {"int", "self", helion_do_cast, DTYPE_I32}},
    {ON(DEVICE), {"long", "self", helion_do_cast, DTYPE_I64}},
    {ON(DEVICE), {"short", "self", helion_do_cast, DTYPE_I16}},
    {ON(DEVICE), {"char", "self", helion_do_cast, DTYPE_I8}},
    {ON(DEVICE), {"byte", "self", helion_do_cast, DTYPE_U8}},
    {ON(DEVICE), {"bool", "self", helion_do_cast, DTYPE_BOOL}},
    {ON(DEVICE), {"type_as", "self other", helion_do_cast_to, 0}},
    {ON(TENSOR) | ON(DEVICE), {"view", "self *shape | dtype?", helion_do_reshape, 1}},
    {ON(TENSOR) | ON(DEVICE), {"view_as", "self other", helion_do_view_as, 1}},
    {ON(TENSOR) | ON(DEVICE), {"reshape_as", "self other", helion_do_view_as, 0}},
    {ON(TENSOR) | ON(DEVICE), {"expand", "self *sizes", helion_do_expand, 0}},
    {ON(TENSOR) | ON(DEVICE), {"expand_as", "self other", helion_do_expand_as, 0}},
    {ON(SPEC), {"to", "self dtype? other? non_blocking~ copy~", helion_do_spec_to, 0}},
    {ON(SPEC), {"half", "self", helion_do_spec_cast, DTYPE_F16}},
    {ON(SPEC), {"float", "self", helion_do_spec_cast, DTYPE_F32}},
    {ON(SPEC), {"bfloat16", "self", helion_do_spec_cast, DTYPE_BF16}},
    {ON(SPEC), {"cuda", "self device~", helion_do_self, 0}},
    {ON(SPEC), {"cpu", "self", helion_do_self, 0}},
    {ON(SPEC), {"clone", "self", helion_do_self, 0}},
    {ON(SPEC), {"detach", "self", helion_do_self, 0}},
    {ON(SPEC), {"requires_grad_", "self value~", helion_do_self, 0}},
    {ON(INT), {"bit_length", "self", helion_do_bit_length, 0}},
    {ON(STR), {"format", "self *values~", helion_do_self, 0}},
};

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const helion_fn *find_in(const helion_fn *rows, size_t n, const char *path) {
  for (size_t i = 0; i < n; i++)
    if (text_eq(rows[i].path, path))
      return &rows[i];
  return NULL;
}

const helion_fn *helion_find_function(const char *path) {
  for (size_t i = 0; i < COUNT(aliases); i++)
    if (text_eq(aliases[i].alias, path))
      path = aliases[i].path;
  /* Loom's own operations are known by the module they come from, whatever it is called */
  static const char *const own[] = {"loom.broadcast", "loom.gather", "loom.set_memory_space"};
  for (size_t i = 0; i < COUNT(own) && (strstr(path, "custom_op.") || strstr(path, "custome_op.")); i++)
    if (text_eq(strrchr(path, '.'), strchr(own[i], '.')))
      path = own[i];
  const helion_fn *f = find_in(device_functions, COUNT(device_functions), path);
  return f ? f : find_in(functions, COUNT(functions), path);
}

static const helion_fn *find_member(const member *rows, size_t n, helion_kind k, const char *name) {
  for (size_t i = 0; i < n; i++)
    if ((rows[i].kinds >> k & 1) && text_eq(rows[i].fn.path, name))
      return &rows[i].fn;
  return NULL;
}

/* The row of torch.`name`. */
static const helion_fn *find_torch(const char *name) {
  for (size_t i = 0; i < COUNT(device_functions); i++)
    if (text_eq(device_functions[i].path + strlen("torch."), name))
      return &device_functions[i];
  return NULL;
}

const helion_fn *helion_find_method(helion_kind k, const char *name) {
  const helion_fn *f = find_member(methods, COUNT(methods), k, name);
  if (!f && k == HELION_TENSOR)   /* computation on a whole tensor */
    f = find_member(methods, COUNT(methods), HELION_DEVICE, name);
  return f || (k != HELION_DEVICE && k != HELION_TENSOR) ? f : find_torch(name);
}

bool helion_computes(const helion_fn *f) {
  static helion_handler *const shapes[] = {
      helion_do_transpose, helion_do_transpose_last, helion_do_permute, helion_do_unsqueeze, helion_do_reshape, helion_do_expand,
      helion_do_create_like, helion_do_full_like, helion_do_squeeze, helion_do_flatten, helion_do_view_as, helion_do_expand_as};
  for (size_t i = 0; i < COUNT(shapes); i++)
    if (f->run == shapes[i])
      return false;
  if (f >= device_functions && f < device_functions + COUNT(device_functions))
    return true;
  for (size_t i = 0; i < COUNT(methods); i++)
    if (&methods[i].fn == f)
      return (methods[i].kinds & ON(DEVICE)) && !(methods[i].kinds & ON(TENSOR));
  return false;
}

const helion_fn *helion_find_attribute(helion_kind k, const char *name) { return find_member(attributes, COUNT(attributes), k, name); }

/* ---- constants ---- */
bool helion_find_constant(helion_reader *r, const char *path, helion_value *out) {
  static const struct { const char *path; dtype type; } types[] = {
      {"torch.half", DTYPE_F16},  {"torch.float", DTYPE_F32},  {"torch.double", DTYPE_F64}, {"torch.int", DTYPE_I32},
      {"torch.long", DTYPE_I64},  {"torch.short", DTYPE_I16},  {"helion._testing.HALF_DTYPE", DTYPE_F16}};
  static const struct { const char *path; double value;
  } numbers[] = {{"math.pi", 3.14159265358979323846},
                 {"math.e", 2.71828182845904523536},
                 {"math.inf", INFINITY},
                 {"math.nan", NAN},
                 {"torch.inf", INFINITY},
                 {"torch.pi", 3.14159265358979323846}};
  (void)r;
  for (size_t i = 0; i < COUNT(types); i++)
    if (text_eq(types[i].path, path))
      return *out = helion_dtype(types[i].type), true;
  for (size_t i = 0; i < COUNT(numbers); i++)
    if (text_eq(numbers[i].path, path))
      return *out = helion_float(numbers[i].value), true;
  for (int t = 0; text_starts(path, "torch.") && t < DTYPE_COUNT; t++)
    if (text_eq(dtype_torch((dtype)t), path + strlen("torch.")))
      return *out = helion_dtype((dtype)t), true;
  return false;
}

/* ---- did you mean ---- */
/* The part behind the last dot. */
static const char *last_name(const char *path) {
  const char *dot = strrchr(path, '.');
  return dot ? dot + 1 : path;
}

/* The nearest name of the same module, else the function of that name in another one. */
const char *helion_nearest_function(helion_reader *r, const char *path) {
  const char **names = ARENA_NEW_N(r->mem, const char *, COUNT(functions) + COUNT(device_functions)), *elsewhere = NULL;
  size_t n = 0, module = (size_t)(last_name(path) - path);
  for (size_t i = 0; i < COUNT(functions) + COUNT(device_functions); i++) {
    const char *known = i < COUNT(functions) ? functions[i].path : device_functions[i - COUNT(functions)].path;
    if ((size_t)(last_name(known) - known) == module && strncmp(known, path, module) == 0)
      names[n++] = known + module;
    else if (text_eq(last_name(known), last_name(path)) && !elsewhere)
      elsewhere = known;
  }
  const char *near = diag_nearest(path + module, names, n);
  return near ? near - module : elsewhere;
}

const char *helion_nearest_member(helion_reader *r, helion_kind k, const char *name) {
  const char **names = ARENA_NEW_N(r->mem, const char *, COUNT(methods) + COUNT(attributes) + COUNT(device_functions));
  size_t n = 0;
  for (size_t i = 0; i < COUNT(attributes); i++)
    if (attributes[i].kinds >> k & 1)
      names[n++] = attributes[i].fn.path;
  for (size_t i = 0; i < COUNT(methods); i++)
    if (methods[i].kinds >> k & 1)
      names[n++] = methods[i].fn.path;
  for (size_t i = 0; k == HELION_DEVICE && i < COUNT(device_functions); i++)
    names[n++] = device_functions[i].path + strlen("torch.");
  return diag_nearest(name, names, n);
}

/* ---- the tables as a document ---- */
/* "*sizes size? dtype? device~" as a signature: "*sizes, size=, dtype="; parameters that are not looked at are listed behind. */
static const char *signature(arena *m, const char *params, bool is_member) {
  text shown = text_new(m), ignored = text_new(m);
  bool first = true;
  for (const char *p = params; *p;) {
    size_t n = strcspn(p, " ");
    char last = n ? p[n - 1] : 0;
    bool is_self = is_member && first;
    first = false;
    if (n == 1 && *p == '|')
      text_addf(&shown, "%s\\*", shown.size ? ", " : "");
    else if (last == '~')
      text_addf(&ignored, "%s%.*s", ignored.size ? ", " : "", (int)n - 1, p);
    else if (n && !is_self)
      text_addf(&shown, "%s%s%.*s%s", shown.size ? ", " : "", *p == '*' ? "\\" : "", (int)(last == '?' ? n - 1 : n), p, last == '?' ? "=" : "");
    p += n;
    p += strspn(p, " ");
  }
  return ignored.size ? arena_printf(m, "(%s) | %s", text_str(&shown), text_str(&ignored)) : arena_printf(m, "(%s) |", text_str(&shown));
}

static void add_functions(arena *m, text *t, const char *title, const helion_fn *rows, size_t n) {
  text_addf(t, "### %s\n\n| function | parameters | accepted and not looked at |\n|---|---|---|\n", title);
  for (size_t i = 0; i < n; i++)
    text_addf(t, "| `%s` | %s |\n", rows[i].path, signature(m, rows[i].params, false));
  text_add(t, "\n");
}

static const char *kinds_text(arena *m, unsigned kinds) {
  text t = text_new(m);
  for (int k = 0; k < HELION_KIND_COUNT; k++)
    if (kinds >> k & 1)
      text_addf(&t, "%s%s", t.size ? ", " : "", helion_kind_name((helion_kind)k));
  return text_str(&t);
}

static void add_members(arena *m, text *t, const char *title, const member *rows, size_t n, bool calls) {
  text_addf(t, "### %s\n\n| of | %s |%s\n|---|---|%s\n", title, calls ? "method | parameters | accepted and not looked at" : "attribute",
            "", calls ? "---|---|" : "");
  for (size_t i = 0; i < n; i++)
    if (calls)
      text_addf(t, "| %s | `%s` | %s |\n", kinds_text(m, rows[i].kinds), rows[i].fn.path, signature(m, rows[i].fn.params, true));
    else
      text_addf(t, "| %s | `%s` |\n", kinds_text(m, rows[i].kinds), rows[i].fn.path);
  text_add(t, "\n");
}

/* "input dim? | dtype? out~" -> "input, dim?, *, dtype?" */
static const char *plain_signature(arena *m, const char *params) {
  text t = text_new(m);
  for (const char *at = params; *at;) {
    const size_t n = strcspn(at, " ");
    if (n && at[n - 1] != '~')
      text_addf(&t, "%s%.*s", t.size ? ", " : "", *at == '|' ? 1 : (int)n, *at == '|' ? "*" : at);
    at += n + (at[n] == ' ');
  }
  return text_str(&t);
}

const helion_function *helion_functions(arena *m, size_t *out_n) {
  helion_function *all = ARENA_NEW_N(m, helion_function, COUNT(device_functions) + COUNT(functions) + COUNT(aliases));
  size_t n = 0;
  for (size_t i = 0; i < COUNT(device_functions); i++)
    all[n++] = (helion_function){device_functions[i].path, plain_signature(m, device_functions[i].params)};
  for (size_t i = 0; i < COUNT(functions); i++)
    all[n++] = (helion_function){functions[i].path, plain_signature(m, functions[i].params)};
  for (size_t i = 0; i < COUNT(aliases); i++)
    for (size_t k = 0; k < COUNT(device_functions) + COUNT(functions); k++)
      if (text_eq(aliases[i].path, all[k].name)) {
        all[n++] = (helion_function){aliases[i].alias, all[k].arguments};
        break;
      }
  *out_n = n;
  return all;
}

const char *helion_language_tables(arena *m) {
  text t = text_new(m);
  add_functions(m, &t, "Functions of tiles and tensors (each is also a method of device values)", device_functions, COUNT(device_functions));
  add_functions(m, &t, "Other functions", functions, COUNT(functions));
  text_add(&t, "### Other names of the same functions\n\n| name | is |\n|---|---|\n");
  for (size_t i = 0; i < COUNT(aliases); i++)
    text_addf(&t, "| `%s` | `%s` |\n", aliases[i].alias, aliases[i].path);
  text_add(&t, "\n");
  add_members(m, &t, "Attributes", attributes, COUNT(attributes), false);
  add_members(m, &t, "Methods", methods, COUNT(methods), true);
  return text_str(&t);
}
