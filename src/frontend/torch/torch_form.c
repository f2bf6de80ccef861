/* The custom forms of operations, as words that torch_op.c follows from left to right:
 *   v  one value              vs  values, maybe none        vt  values with their types, maybe none
 *   =NAME  an attribute       k   attribute dictionaries and `word(attribute)`, any number
 *   d  an attribute dictionary, if one is there             'WORD  this word or sign
 *   t  operand types          r   result types              f  a functional type that says both
 *   <TYPE  the next operand's type, unsaid     *TYPE  that of all operands left      >TYPE  the result's type, unsaid
 *   ~WORD  the operand has the result's type with WORD for vtensor or tensor
 *   R  a region   R*  regions, separated by commas, maybe none
 *   V  values in front of keys   K  `, key = attribute`, any number, as strings     WNAME  a word, a number or a piece in brackets, as a string
 *   S  one type of all, or a functional type    CNAME  an attribute and the result's type   ?WORD:X  X behind the word, if it stands there   Rr  a reducer
 *   io ins(values : types) outs(values : types), each optional, as two segments;     o-> result types behind an arrow, if there is one */
#include "frontend/torch/torch_private.h"

static const struct { const char *name, *words; } forms[] = {
    {"torch.constant.int", "=value d >!torch.int"},
    {"torch.constant.float", "=value d >!torch.float"},
    {"torch.constant.bool", "=value d >!torch.bool"},
    {"torch.constant.str", "=value d >!torch.str"},
    {"torch.constant.number", "=value d >!torch.number"},
    {"torch.constant.device", "=value d >!torch.Device"},
    {"torch.constant.none", "d >!torch.none"},
    {"torch.vtensor.literal", "'( =value ') d ': r"},
    {"torch.tensor.literal", "'( =value ') d ': r"},
    {"torch.tensor", "'( =value ') d ': r"},
    {"torch.copy.to_vtensor", "v d ': r ~tensor"},
    {"torch.copy.to_tensor", "v d ': r ~vtensor"},
    {"torch.overwrite.tensor.contents", "v 'overwrites v d ': t"},
    {"torch.derefine", "v d ': t 'to r"},
    {"torch.tensor_static_info_cast", "v d ': t 'to r"},
    {"torch.symbolic_int", "=symbol_name d ': r"},
    {"torch.bind_symbolic_shape", "v ', '[ vs '] ', =shape_expressions d ': t *!torch.int"},
    {"torch.runtime.assert", "v ', =message d <!torch.bool"},
    {"torch.prim.Print", "'( vs ') d ': t"},
    {"torch.prim.If", "v <!torch.bool '-> r R 'else R d"},
    {"torch.prim.Loop", "v ', v ', 'init '( vs ') R d ': f"},
    {"torch.prim.Loop.condition", "v <!torch.bool ', 'iter '( vt ') d"},
    {"torch.operator", "=name '( vs ') d ': f R*"},
    {"torch_c.to_i1", "v d <!torch.bool >i1"},
    {"torch_c.from_i1", "v d <i1 >!torch.bool"},
    {"torch_c.to_i64", "v d <!torch.int >i64"},
    {"torch_c.from_i64", "v d <i64 >!torch.int"},
    {"torch_c.to_f64", "v d <!torch.float >f64"},
    {"torch_c.from_f64", "v d <f64 >!torch.float"},
    {"tm_tensor.scan", "k io R o->"},
    {"tm_tensor.scatter", "k io R o->"},
    {"tm_tensor.sort", "k io R o->"},
    {"tm_tensor.topk", "k io R o->"},
    {"tm_tensor.attention", "k io o->"},
};

/* StableHLO: what is read of it.  Operations on each element have one form. */
static const struct { const char *name, *words; } stablehlo_forms[] = {
    {"constant", "Cvalue d"}, {"iota", "'dim '= Wiota_dimension d ': r"}, {"broadcast_in_dim", "V K d ': S"}, {"reshape", "V d ': S"}, {"transpose", "V K d ': S"},
    {"convert", "V d ': S"}, {"select", "V d ': S"}, {"compare", "Wcomparison_direction ', V ?,:Wcompare_type d ': S"}, {"dot_general", "V K d ': S"}, {"dot", "V K d ': S"},
    {"reduce", "'( v 'init ': v ') ?applies:Wapplies 'across 'dimensions '= Wdimensions d ': f Rr"}, {"concatenate", "V K d ': S"}, {"slice", "V Wranges d ': S"},
    {"pad", "V K d ': S"}, {"return", "V d ': t"}};
static const char *const stablehlo_elements[] = {
    "abs", "add", "and", "atan2", "cbrt", "ceil", "clamp", "cosine", "divide", "exponential", "exponential_minus_one", "floor", "is_finite", "log", "log_plus_one", "logistic",
    "maximum", "minimum", "multiply", "negate", "not", "or", "power", "remainder", "round_nearest_afz", "round_nearest_even", "rsqrt", "shift_left",
    "shift_right_arithmetic", "shift_right_logical", "sign", "sine", "sqrt", "subtract", "tan", "tanh", "xor"};

static const char *stablehlo_form(const char *name) {
  for (size_t i = 0; i < sizeof stablehlo_forms / sizeof *stablehlo_forms; i++)
    if (text_eq(stablehlo_forms[i].name, name))
      return stablehlo_forms[i].words;
  for (size_t i = 0; i < sizeof stablehlo_elements / sizeof *stablehlo_elements; i++)
    if (text_eq(stablehlo_elements[i], name))
      return "V d ': S";
  return NULL;
}

const char *torch_form(const char *name) {
  if (text_starts(name, "stablehlo."))
    return stablehlo_form(name + strlen("stablehlo."));
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
    if (text_eq(forms[i].name, name))
      return forms[i].words;
  return NULL;
}

bool torch_is_name(const char *name) {
  static const char *const dialects[] = {"torch.", "torch_c.", "tm_tensor."};
  for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++)
    if (text_starts(name, dialects[i]) && name[strlen(dialects[i])])
      return true;
  return text_starts(name, "stablehlo.") && stablehlo_form(name + strlen("stablehlo."));
}
