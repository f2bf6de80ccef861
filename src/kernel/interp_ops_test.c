/* Operations on values and control.  Oracle: what kernel.h and interp.h say they do, worked out by hand for small numbers. */
#include "kernel/kernel_text_testing.h"

#define X "arg x f32[2,3] 1 2 3 4 5 6; v = load x[:,:] : f32[2,3]; "
#define E "arg x f32[3] 1~0.5 2 4~0.25; v = load x[:] : f32[3]; "
#define EXACT {.exact = true, .op_budget = -1}
#define CUTS {.cuts_f32 = true, .op_budget = -1}
#define FLUSHES {.flushes_bf16 = true, .op_budget = -1}

static void test_shapes(void **state) {
  (void)state;
  static const text_row rows[] = {
      {X "alloc o f32[3,2]; p = permute perm=10 v : f32[3,2]; store o[:,:] = p", "o 1 4 2 5 3 6", {0}},
      {X "alloc o f32[6]; p = reshape v : f32[6]; store o[:] = p", "o 1 2 3 4 5 6", {0}},
      {E "alloc o f32[1,3]; p = reshape v : f32[1,3]; store o[:,:] = p", "o 1~0.5 2 4~0.25", {0}},
      {E "alloc o f32[2,3]; p = broadcast v : f32[2,3]; store o[:,:] = p", "o 1~0.5 2 4~0.25 1~0.5 2 4~0.25", {0}},
      {"arg s f32 0.3~0.5; v = load s[] : f32; alloc o f16[2]; p = full v : f16[2]; store o[:] = p", "o 0.3~0.500390625 0.3~0.500390625", {0}},
      {X "alloc o f32[2] 9; e = load x[0:0,:] : f32[0,3]; p = permute perm=10 e : f32[3,0]; q = reduce add axes=1 p : f32[3]; alloc r f32[3] 7; store r[:] = q", "r 0 0 0", {0}},
      /* engines that read f32 as TF32 lose what is behind 11 bits, unless there is nothing */
      {"arg x f32[3] 1 1.000244140625 0; v = load x[:] : f32[3]; alloc o f32[2,3]; p = broadcast v : f32[2,3]; store o[:,:] = p", "o 1 1.000244140625~0.0009768009 0 1 1.000244140625~0.0009768009 0", CUTS},
      {"arg x f32[2] 1 1.000244140625; v = load x[:] : f32[2]; alloc o f32[2]; p = reduce max axes=0 v : f32; store o[:] = p", "o 1.000244140625~0.00097686 1.000244140625~0.00097686", CUTS},
      {"arg x f32[2] 0.5 0.25; v = load x[:] : f32[2]; alloc o f32; p = reduce add axes=0 v : f32; store o[] = p", "o 0.75~5.85615e-06", CUTS},
      {"arg x f32[2] 1 inf; v = load x[:] : f32[2]; alloc o f32[2,2]; p = broadcast v : f32[2,2]; store o[:,:] = p", "o 1 inf 1 inf", CUTS},
      {"arg x f16[2] 1 1.0009765625; v = load x[:] : f16[2]; alloc o f16[2,2]; p = broadcast v : f16[2,2]; store o[:,:] = p", "o 1 1.0009765625 1 1.0009765625", CUTS},
      {"arg x f32[2] 1 1.000244140625; v = load x[:] : f32[2]; alloc o f32[2,2]; p = broadcast v : f32[2,2]; store o[:,:] = p", "o 1 1.000244140625 1 1.000244140625", {.cuts_f32 = true, .exact = true, .op_budget = -1}},
      {"arg x f32[2,1] 1 1.000244140625; v = load x[:,:] : f32[2,1]; w = load x[0:1,:] : f32[1,1]; alloc o f32[2,1]; p = add v w : f32[2,1]; store o[:,:] = p", "o 2 2.000244140625", CUTS},
      {"arg x f32[2] 0x1p-130 1~0.5; v = load x[:] : f32[2]; alloc o f32[2,2]; p = broadcast v : f32[2,2]; store o[:,:] = p", "o 0x1p-130~1.21968e-41 1~0.501464 0x1p-130~1.21968e-41 1~0.501464", CUTS},
      {"arg x f32[2] 1 1.000244140625; v = load x[:] : f32[2]; w = load x[1:2] : f32[1]; alloc o f32[2]; p = max v w : f32[2]; store o[:] = p", "o 1.000244140625~0.00097686 1.000244140625~0.00097686", CUTS},
  };
  text_check_rows(rows, COUNT_OF(rows));
}

static void test_reductions(void **state) {
  (void)state;
  static const text_row rows[] = {
      {X "alloc o f32[2]; p = reduce add axes=1 v : f32[2]; store o[:] = p", "o 6 15", {0}},
      {X "alloc o f32[1,3]; p = reduce mul axes=0 keep v : f32[1,3]; store o[:,:] = p", "o 4 10 18", {0}},
      {X "alloc o f32; p = reduce max axes=01 v : f32; store o[] = p", "o 6", {0}},
      {X "alloc o f32; p = reduce min axes=01 v : f32; store o[] = p", "o 1", EXACT},
      {E "alloc o f32; p = reduce add axes=0 v : f32; store o[] = p", "o 7~0.75000125", {0}},
      {E "alloc o f32; p = reduce max axes=0 v : f32; store o[] = p", "o 4~0.5", {0}},
      {E "alloc o f32; p = reduce mul axes=0 v : f32; store o[] = p", "o 8~4.7500032", {0}},
      {"arg x f32[2] 1048576 0.5; v = load x[:] : f32[2]; alloc o f32; p = reduce add axes=0 v : f32; store o[] = p", "o 1048576.5~0.1875", {0}},
      {"arg x f32[2] 0x1p127 0x1p127; v = load x[:] : f32[2]; alloc o f32; p = reduce add axes=0 v : f32; store o[] = p", "o 0x1p128~inf", {0}},
      {"arg x f64[2] 0.5 0.25; v = load x[:] : f64[2]; alloc o f64; p = reduce add axes=0 v : f64; store o[] = p", "o 0.75~?", {0}},
      {"arg x f64[2] 0.5 0.25; v = load x[:] : f64[2]; alloc o f64; p = reduce mul axes=0 v : f64; store o[] = p", "o 0.125~?", {0}},
      {"arg x f32[2] 0x1p-100 0x1p-100; v = load x[:] : f32[2]; alloc o f32; p = reduce mul axes=0 v : f32; store o[] = p", "o 0x1p-200~2.3509886e-38", {0}},
      {"arg x f32[1] inf~1; v = load x[:] : f32[1]; alloc o f32; p = reduce add axes=0 v : f32; store o[] = p", "o inf~inf", {0}},
      {"arg x i32[3] 3 -2 5; v = load x[:] : i32[3]; alloc o i32; p = reduce mul axes=0 v : i32; store o[] = p", "o -30", {0}},
      {"arg x i32[3] 3 -2 5; v = load x[:] : i32[3]; alloc o i32; p = reduce add axes=0 v : i32; store o[] = p", "o 6", CUTS},
      {"arg x i32[2] 65536 65536; v = load x[:] : i32[2]; alloc o i32; p = reduce mul axes=0 v : i32; store o[] = p", "o 0", {0}},
      {"arg x i32[2] 3~1 2; v = load x[:] : i32[2]; alloc o i32; alloc q i32; p = reduce mul axes=0 v : i32; r = reduce add axes=0 v : i32; store o[] = p; store q[] = r", "o 6~2; q 5~1", {0}},
      {"arg x i32[2] 70000~1 70000; v = load x[:] : i32[2]; alloc o i32; p = reduce mul axes=0 v : i32; store o[] = p", "o 605032704~inf", {0}},
      {"arg x i1[2,2] 1 0 1 1; v = load x[:,:] : i1[2,2]; alloc o i1[2]; p = reduce mul axes=1 v : i1[2]; store o[:] = p", "o 0 1", {0}},
      {"arg x f32[2] 1 2; v = load x[:] : f32[2]; alloc o f32; p = reduce add axes=0 v : f32; store o[] = p", "o 3", CUTS},
      {"arg x f32[2] 0.5 2; v = load x[:] : f32[2]; alloc o f32; p = reduce add axes=0 v : f32; store o[] = p", "o 2.5", {.cuts_f32 = true, .exact = true, .op_budget = -1}},
      {"arg x f32[2] 0 inf; v = load x[:] : f32[2]; alloc o f32; p = reduce mul axes=0 v : f32; store o[] = p", "o nan~inf", {0}},
      {"arg x i1[2,2] 1 0 1 1; v = load x[:,:] : i1[2,2]; alloc o i1[2]; alloc q i1[2]; p = reduce max axes=1 v : i1[2]; r = reduce min axes=1 v : i1[2]; store o[:] = p; store q[:] = r", "o 1 1; q 0 1", {0}},
      {"arg x i1[2,2] 1 0 1 1; v = load x[:,0:0] : i1[2,0]; alloc o i1[2]; alloc q i1[2]; p = reduce max axes=1 v : i1[2]; r = reduce min axes=1 v : i1[2]; store o[:] = p; store q[:] = r", "o 0 0; q 1 1", {0}},
      {"arg x f32[2,2] 1 0 1 1; v = load x[:,0:0] : f32[2,0]; alloc o f32[2]; alloc q f32[2]; p = reduce max axes=1 v : f32[2]; r = reduce min axes=1 v : f32[2]; store o[:] = p; store q[:] = r",
       "o -inf -inf; q inf inf", {0}},
      /* the first of equals; a NaN wins; what another could win within its bound has none */
      {X "alloc o i64[2]; p = reduce argmax axes=1 v : i64[2]; store o[:] = p", "o 2 2", {0}},
      {X "alloc o i64[1,3]; p = reduce argmin axes=0 keep v : i64[1,3]; store o[:,:] = p", "o 0 0 0", {0}},
      {"arg x f32[4] 1 7 7 2; v = load x[:] : f32[4]; alloc o i64; p = reduce argmax axes=0 v : i64; store o[] = p", "o 1", EXACT},
      {"arg x f32[4] 1 nan 7 nan; v = load x[:] : f32[4]; alloc o i64[2]; p = reduce argmax axes=0 v : i64; q = reduce argmin axes=0 v : i64; r = stack axis=0 p q : i64[2]; store o[:] = r", "o 1 1", {0}},
      {"arg x f32[3] 1 3~0.5 2~0.75; v = load x[:] : f32[3]; alloc o i64; p = reduce argmax axes=0 v : i64; store o[] = p", "o 1~inf", {0}},
      {"arg x f32[3] 1 3~0.5 2~0.25; v = load x[:] : f32[3]; alloc o i64; p = reduce argmax axes=0 v : i64; store o[] = p", "o 1", {0}},
      {X "alloc o i64[2] 5; e = load x[0:0,1:1] : f32[0,0]; p = reduce argmax axes=1 e : i64[0]; store o[0:0] = p", "o 5 5", {0}},
      {X "alloc o i64[2] 5; e = load x[0:0,:] : f32[0,3]; p = reduce argmax axes=1 e : i64[0]; store o[0:0] = p", "o 5 5", {0}},
  };
  text_check_rows(rows, COUNT_OF(rows));
}

static void test_scans_and_folds(void **state) {
  (void)state;
#define ADD "as a b : f32[3] {; c = add a b : f32; yield c; }; store o[:] = r"
  static const text_row rows[] = {
      {E "alloc o f32[3]; r = scan axis=0 v " ADD, "o 1~0.5 3~0.50000018 7~0.75000059", {0}},
      {E "alloc o f32[3]; r = scan axis=0 reverse v " ADD, "o 7~0.7500009 6~0.2500003 4~0.25", {0}},
      {E "alloc o f32[3]; r = scan axis=0 reverse v " ADD, "o 7 6 4", EXACT},
      {"arg x i32[3] 1 2 4; v = load x[:] : i32[3]; alloc o i32[3]; r = scan axis=0 reverse v as a b : i32[3] {; c = add a b : i32; yield c; }; store o[:] = r", "o 7 6 4", {0}},
      {"arg x f32[3] 1 2 4; v = load x[:] : f32[3]; alloc o f32[3]; r = scan axis=0 reverse v as a b : f32[3] {; c = mul a b : f32; yield c; }; store o[:] = r", "o 8 8 4", {0}},
      /* machines multiply in any order: (x0 * x2) * x1 in f32 is 0.77950841, more than two roundings from here */
      {"arg x f32[3] 1.46002221 -0.34740910 -1.53680980; v = load x[:] : f32[3]; alloc o f32[3]; r = scan axis=0 v as a b : f32[3] {; c = mul a b : f32; yield c; }; store o[:] = r", "o 1.46002221 -0.50722497701644897~8.54056e-08 0.77950831548365351~1.77714e-07", {0}},
      {"arg x f32[3] 1 2 4; v = load x[:] : f32[3]; alloc o f32[3]; r = scan axis=0 reverse v as a b : f32[3] {; d = neg b : f32; c = sub a d : f32; yield c; }; store o[:] = r", "o 7 6 4", {0}},
      {"arg x f32[3] 1 2 4; v = load x[:] : f32[3]; alloc o f32[3]; r = scan axis=0 reverse v as a b : f32[3] {; d = neg b : f32; yield d; }; store o[:] = r", "o -1 -2 4", {0}},
      {X "alloc o f32[2,3]; r = scan axis=0 v as a b : f32[2,3] {; c = max a b : f32; yield c; }; store o[:,:] = r", "o 1 2 3 4 5 6", {0}},
      {X "alloc o f32[2]; r = fold axis=1 v as a b : f32[2] {; c = mul a b : f32; yield c; }; store o[:] = r", "o 6 120", {0}},
      {X "alloc o f32[1,3]; r = fold axis=0 keep v as a b : f32[1,3] {; c = sub a b : f32; yield c; }; store o[:,:] = r", "o -3 -3 -3", {0}},
      {"arg x f32[3] 1 3 2; arg i i32[3] 7 8 9; v = load x[:] : f32[3]; w = load i[:] : i32[3]; alloc o f32; alloc p i32;"
       " r,q = fold axis=0 v w as a i b j : f32 i32 {; k = gt b a : i1; c = select k b a : f32; l = select k j i : i32; yield c l; }; store o[] = r; store p[] = q", "o 3; p 8", {0}},
      {"arg x f32[3] 1 3 2; arg i i32[3] 7 8 9; v = load x[:] : f32[3]; w = load i[:] : i32[3]; alloc p i32[3];"
       " r,q = scan axis=0 reverse v w as a i b j : f32[3] i32[3] {; c = add a b : f32; l = add i j : i32; yield c l; }; store p[:] = q", "p 24 17 9", {0}},
      {X "alloc o f32[2] 5; e = load x[0:0,:] : f32[0,3]; r = fold axis=1 e as a b : f32[0] {; c = add a b : f32; yield c; }; store o[0:0] = r", "o 5 5", {0}},
      {X "alloc o f32[2] 5; e = load x[0:0,1:1] : f32[0,0]; r = fold axis=1 e as a b : f32[0] {; c = add a b : f32; yield c; }; store o[0:0] = r", "o 5 5", {0}},
      {E "alloc o f32[2,3]; s = neg v : f32[3]; r = stack axis=0 v s : f32[2,3]; store o[:,:] = r", "o 1~0.5 2 4~0.25 -1~0.5 -2 -4~0.25", {0}},
      {E "alloc o f32[3,2]; s = full value=7 : f32[3]; r = stack axis=1 s v : f32[3,2]; store o[:,:] = r", "o 7 1~0.5 7 2 7 4~0.25", {0}},
      {X "size s 2; alloc o f32[2]; r = extract axis=1 expr=s-1 v : f32[2]; store o[:] = r", "o 2 5", {0}},
      {X "alloc o f32[3]; r = extract axis=0 expr=1 v : f32[3]; store o[:] = r", "o 4 5 6", {0}},
      {E "alloc o f32; r = extract axis=0 expr=2 v : f32; store o[] = r", "o 4~0.25", {0}},
  };
  text_check_rows(rows, COUNT_OF(rows));
}

static void test_elementwise_operations(void **state) {
  (void)state;
  static const text_row rows[] = {
      {"arg k i1[3] 1 0~1 1~1; arg x f32[3] 1 2~0.5 3; m = load k[:] : i1[3]; v = load x[:] : f32[3]; c = constant value=3 : f32; alloc o f32[3]; r = select m v c : f32[3]; store o[:] = r", "o 1 3~1.5 3", {0}},
      {"arg k i1[2] 1~1 1~1; arg x f32[2] inf~1 3~1; m = load k[:] : i1[2]; v = load x[:] : f32[2]; c = full value=inf : f32[2]; d = select m v c : f32[2]; alloc o f32[2]; store o[:] = d", "o inf~inf inf~inf", {0}},
      {"arg x i64[2] 16777217 3; v = load x[:] : i64[2]; alloc o f32[2]; c = constant value=1 : f32; r = mul v c : f32[2]; store o[:] = r", "o 16777216~2 3", {0}},
      {"arg x f32[5] 2.5~0.6 -2.5 3e9 nan 0.5~0.25; v = load x[:] : f32[5]; alloc o i32[5]; r = cast v : i32[5]; store o[:] = r", "o 2~1 -2 -1294967296~inf 0~inf 0", {0}},
      {"arg x f32[3] -1 300 200; v = load x[:] : f32[3]; alloc o ui8[3]; r = cast v : ui8[3]; store o[:] = r", "o 255~inf 44~inf 200", {0}},
      {"arg x f32[3] 0 0.5~0.5 -2~1; v = load x[:] : f32[3]; alloc o i1[3]; r = cast v : i1[3]; store o[:] = r", "o 0 1~1 1", {0}},
      {"arg x f32[3] 1 2~0.5 nan; v = load x[:] : f32[3]; alloc o i32[3]; r = bitcast v : i32[3]; store o[:] = r", "o 1065353216 1073741824~inf 2143289344~inf", {0}},
      {"arg x f32[2] 1 2; arg y i32[2] 1 3; v = load x[:] : f32[2]; w = load y[:] : i32[2]; alloc o i1[2]; r = eq v w : i1[2]; store o[:] = r", "o 1 0", {0}},
      {"arg x f32[2] 0 0; arg y f32[2] 1 inf~1; v = load x[:] : f32[2]; w = load y[:] : f32[2]; alloc o f32[2]; r = mul v w : f32[2]; store o[:] = r", "o 0 nan", {0}},
      {X "alloc o f32[2] 5; e = load x[0:0,:] : f32[0,3]; f = neg e : f32[0,3]; r = reduce add axes=1 f : f32[0]; store o[0:0] = r", "o 5 5", {0}},
      {"arg k i1 1~1; arg x f32 3; arg y f32 3~1; m = load k[] : i1; v = load x[] : f32; w = load y[] : f32; d = select m v w : f32; alloc o f32; store o[] = d", "o 3~1.0000002", {0}},
      {"arg x i32[5] 1 -8 5 3 -8; arg y i32[5] 33 1 -1 2 40; v = load x[:] : i32[5]; w = load y[:] : i32[5]; alloc o i32[5]; alloc p i32[5]; r = shl v w : i32[5]; s = shr v w : i32[5]; store o[:] = r; store p[:] = s",
       "o 0 -16 0 12 0; p 0 -4 0 0 -1", {0}},
      {"arg x i32[3] 4~1 4 4; arg y i32[3] 1 1~1 1; v = load x[:] : i32[3]; w = load y[:] : i32[3]; alloc o i32[3]; r = shl v w : i32[3]; store o[:] = r", "o 8~inf 8~inf 8", {0}},
      {"arg x i1[3] 1 0 1~1; v = load x[:] : i1[3]; alloc o i1[3]; alloc p i1[3]; r = not v : i1[3]; s = invert v : i1[3]; store o[:] = r; store p[:] = s", "o 0 1 0~1; p 0 1 0~1", {0}},
      {"arg x i32[2] 5 -1~1; v = load x[:] : i32[2]; alloc o i32[2]; alloc p i32[2]; r = not v : i32[2]; s = invert v : i32[2]; store o[:] = r; store p[:] = s", "o -6 0~1; p -6 0~1", {0}},
      {"arg x f32[4] nan -2 0 3; v = load x[:] : f32[4]; alloc o f32[4]; alloc p f32[4]; alloc q i1[4]; r = sign v : f32[4]; s = relu v : f32[4]; u = isnan v : i1[4]; store o[:] = r; store p[:] = s; store q[:] = u",
       "o nan -1 0 1; p nan 0 0 3; q 1 0 0 0", {0}},
      {"arg x f32[3] inf 1~inf 1~1; v = load x[:] : f32[3]; alloc o i1[3]; r = isinf v : i1[3]; store o[:] = r", "o 1 0~1 0", {0}},
      {"arg x f32[3] nan 1 1; arg y f32[3] 1 nan 2; v = load x[:] : f32[3]; w = load y[:] : f32[3]; alloc o f32[3]; alloc p f32[3]; r = max v w : f32[3]; s = min v w : f32[3]; store o[:] = r; store p[:] = s", "o nan nan 2; p nan nan 1", {0}},
      {"arg x i32[2] 100000 -2147483648; v = load x[:] : i32[2]; alloc o i32[2]; r = mul v v : i32[2]; store o[:] = r", "o 1410065408 0", {0}},
      {"arg x i64[2] 100000 -3; v = load x[:] : i64[2]; alloc o i64[2]; r = mul v v : i64[2]; store o[:] = r", "o 10000000000 9", {0}},
      {"arg x i64[6] 3 -1 1 2 -1 10; arg y i64[6] 4 -3 -5 -1 -2 10; v = load x[:] : i64[6]; w = load y[:] : i64[6]; alloc o i64[6]; r = pow v w : i64[6]; store o[:] = r", "o 81 -1 1 0 1 10000000000", {0}},
      {"arg x i32[3] 3 2 3~1; arg y i32[3] 4 3~1 2; v = load x[:] : i32[3]; w = load y[:] : i32[3]; alloc o i32[3]; r = pow v w : i32[3]; store o[:] = r", "o 81 8~? 9~?", {0}},
      {"arg x f32[2] 0 0; arg y f32[2] 1 2~inf; v = load x[:] : f32[2]; w = load y[:] : f32[2]; alloc o f32[2]; r = mul v w : f32[2]; store o[:] = r", "o 0 0~inf", {0}},
      {"arg x f32[2] 1 inf~1; arg y f32[2] 1 inf~1; v = load x[:] : f32[2]; w = load y[:] : f32[2]; alloc o f32[2]; r = mod v w : f32[2]; store o[:] = r", "o 0 nan~inf", {0}},
      {"alloc o i64[3]; r = iota value=2 step=3 : i64[3]; store o[:] = r", "o 2 5 8", {0}},
      {"alloc o f16[2]; r = full value=0.1 : f16[2]; store o[:] = r", "o 0.0999755859375~? 0.0999755859375~?", {0}},
      {"alloc o f16[2]; r = full value=0.1 : f16[2]; store o[:] = r", "o 0.0999755859375 0.0999755859375", EXACT},
  };
  text_check_rows(rows, COUNT_OF(rows));
}

static void test_products(void **state) {
  (void)state;
#define AB(type) "arg a " type "[2,2] 1 2 3 4; arg b " type "[2,2] 5 6 7 8; p = load a[:,:] : " type "[2,2]; q = load b[:,:] : " type "[2,2]; "
#define STORED "alloc o f32[2,2]; store o[:,:] = r"
  static const text_row rows[] = {
      {AB("f32") "r = matmul p q : f32[2,2]; " STORED, "o 19 22 43 50", {0}},
      {AB("f32") "r = matmul p q p : f32[2,2]; " STORED, "o 20 24 46 54", {0}},
      {AB("f32") "r = matmul p q p : f32[2,2]; " STORED, "o 20 24 46 54", EXACT},
      {AB("f64") "r = matmul p q : f64[2,2]; alloc o f64[2,2]; store o[:,:] = r", "o 19 22 43 50", {0}},
      {AB("i32") "r = matmul p q p : i32[2,2]; alloc o i32[2,2]; store o[:,:] = r", "o 20 24 46 54", {0}},
      {"arg a f32[1,1] 3~0.5; arg b f32[1,1] 2; p = load a[:,:] : f32[1,1]; q = load b[:,:] : f32[1,1]; r = matmul p q : f32[1,1]; alloc o f32[1,1]; store o[:,:] = r", "o 6~1.0000003", {0}},
      {"arg a f32[1,1] 3; arg b f32[1,1] 2~0.5; p = load a[:,:] : f32[1,1]; q = load b[:,:] : f32[1,1]; r = matmul p q : f32[1,1]; alloc o f32[1,1]; store o[:,:] = r", "o 6~1.5000003", {0}},
      {"arg a f32[1,1] 3~0.5; arg b f32[1,1] 2~0.5; arg c f32[1,1] 1~1; p = load a[:,:] : f32[1,1]; q = load b[:,:] : f32[1,1]; s = load c[:,:] : f32[1,1]; r = matmul p q s : f32[1,1]; alloc o f32[1,1]; store o[:,:] = r",
       "o 7~3.75", {0}},
      {"arg a f32[1,1] 0; arg b f32[1,1] 2~inf; p = load a[:,:] : f32[1,1]; q = load b[:,:] : f32[1,1]; r = matmul p q : f32[1,1]; alloc o f32[1,1]; store o[:,:] = r", "o 0~inf", {0}},
      {"arg a f32[1,1] 0x1p126; arg b f32[1,1] 8; p = load a[:,:] : f32[1,1]; q = load b[:,:] : f32[1,1]; r = matmul p q : f32[1,1]; alloc o f32[1,1]; store o[:,:] = r", "o 0x1p129~inf", {0}},
      {"arg a f32[1,1] 1.000244140625; arg b f32[1,1] 1; p = load a[:,:] : f32[1,1]; q = load b[:,:] : f32[1,1]; r = matmul p q : f32[1,1]; alloc o f32[1,1]; store o[:,:] = r", "o 1.000244140625~0.00097686", CUTS},
      {"arg a f32[1,1] 1; arg b f32[1,1] 1.0009765625; p = load a[:,:] : f32[1,1]; q = load b[:,:] : f32[1,1]; r = matmul p q : f32[1,1]; alloc o f32[1,1]; store o[:,:] = r", "o 1.0009765625~0.0019550918", CUTS},
      {"arg a f16[1,1] 1; arg b f32[1,1] 2; p = load a[:,:] : f16[1,1]; q = load b[:,:] : f32[1,1]; r = matmul p q : f32[1,1]; alloc o f32[1,1]; store o[:,:] = r", "o 2", CUTS},
      {"arg a bf16[1,1] 0x1p-130; arg b bf16[1,1] 0.5; p = load a[:,:] : bf16[1,1]; q = load b[:,:] : bf16[1,1]; r = matmul p q : f32[1,1]; alloc o f32[1,1]; store o[:,:] = r", "o 0x1p-131~?", FLUSHES},
      {"arg a bf16[1,1] 0x1p-130; arg b f32[1,1] 0.5; p = load a[:,:] : bf16[1,1]; q = load b[:,:] : f32[1,1]; r = matmul p q : f32[1,1]; alloc o f32[1,1]; store o[:,:] = r", "o 0x1p-131~?", FLUSHES},
      {"arg a bf16[1,1] 1; arg b bf16[1,1] 2; p = load a[:,:] : bf16[1,1]; q = load b[:,:] : bf16[1,1]; r = matmul p q : f32[1,1]; alloc o f32[1,1]; store o[:,:] = r", "o 2", FLUSHES},
      {"arg a bf16[1,1] 0.5; arg b bf16[1,1] 2; p = load a[:,:] : bf16[1,1]; q = load b[:,:] : bf16[1,1]; r = matmul p q : f32[1,1]; alloc o f32[1,1]; store o[:,:] = r", "o 1", {.flushes_bf16 = true, .exact = true, .op_budget = -1}},
      {"arg a bf16[1,1] 0.5; arg b bf16[1,1] 2~0.5; p = load a[:,:] : bf16[1,1]; q = load b[:,:] : bf16[1,1]; r = matmul p q : f32[1,1]; alloc o f32[1,1]; store o[:,:] = r", "o 1~0.25", FLUSHES},
      {"arg a f32[1,1] 4097; p = load a[:,:] : f32[1,1]; r = matmul p p : f32[1,1]; alloc o f32[1,1]; store o[:,:] = r", "o 16785409~1.00048", {0}},
      {"arg a f32[1,1] 2; arg c f32[1,1] 1~1; p = load a[:,:] : f32[1,1]; s = load c[:,:] : f32[1,1]; r = matmul p p s : f32[1,1]; alloc o f32[1,1]; store o[:,:] = r", "o 5~1", {0}},
      {"arg a f32[2,1] 2 4097; arg c f32[2,1] 1~1 1; arg b f32[1,1] 4097; p = load a[:,:] : f32[2,1]; q = load b[:,:] : f32[1,1]; s = load c[:,:] : f32[2,1]; r = matmul p q s : f32[2,1]; alloc o f32[2,1]; store o[:,:] = r", "o 8195~1 16785410~2.00097", {0}},
      {"arg a f32[1,1] 1~1; p = load a[:,0:0] : f32[1,0]; q = load a[0:0,:] : f32[0,1]; r = matmul p q : f32[1,1]; alloc o f32[1,1]; store o[:,:] = r", "o 0", {0}},
      {"arg a f32[1,1] 1; arg b f32[1,1] 0.5; p = load a[:,:] : f32[1,1]; q = load b[:,:] : f32[1,1]; r = matmul p q : f32[1,1]; alloc o f32[1,1]; store o[:,:] = r", "o 0.5~2.980232e-08", {0}},
      {"arg a f64[1,1] 0.5; p = load a[:,:] : f64[1,1]; r = matmul p p : f64[1,1]; alloc o f64[1,1]; store o[:,:] = r", "o 0.25~5.5511e-17", {0}},
      {"arg a f32[1,1] 1; arg b bf16[1,1] 0.5; p = load a[:,:] : f32[1,1]; q = load b[:,:] : bf16[1,1]; r = matmul p q : f32[1,1]; alloc o f32[1,1]; store o[:,:] = r", "o 0.5~2.980232e-08", FLUSHES},
      {"arg a bf16[1,2] 0 0.5; arg b bf16[2,1] 1 1; p = load a[:,:] : bf16[1,2]; q = load b[:,:] : bf16[2,1]; r = matmul p q : f32[1,1]; alloc o f32[1,1]; store o[:,:] = r", "o 0.5~5.960465e-08", FLUSHES},
      {"arg a f32[2,1,1] 2 3; p = load a[:,:,:] : f32[2,1,1]; r = matmul p p p : f32[2,1,1]; s = matmul p p : f32[2,1,1]; alloc o f32[2,1,1]; alloc u f32[2,1,1]; store o[:,:,:] = r; store u[:,:,:] = s", "o 6 12; u 4 9", {0}},
      /* f16 rounds at the end of the loop, not where it starts again; exact runs carry open sums too */
      {"arg a f16[1,1] 2; alloc o f16[1,1]; z = full value=1 : f16[1,1]; t = load a[:,:] : f16[1,1]; r = loop i 0..2 carry s=z : f16[1,1] {; m = matmul t t s : f16[1,1]; yield m; }; store o[:,:] = r", "o 9", EXACT},
      {"arg a f16[1,1] 2; alloc o f16[1,1]; z = full value=1 : f16[1,1]; t = load a[:,:] : f16[1,1]; r = loop i 0..2 carry s=z : f16[1,1] {; q = loop j 0..3 carry v=s : f16[1,1] {; m = matmul t t v : f16[1,1]; yield m; }; yield q; }; store o[:,:] = r",
       "o 25", EXACT},
      {"arg a f16[1,1] 2; alloc o f16[1,1]; z = full value=1 : f16[1,1]; t = load a[:,:] : f16[1,1]; r = loop i 0..2 carry s=z : f16[1,1] {; m = matmul t t s : f16[1,1]; yield m; }; q = matmul t t r : f16[1,1]; store o[:,:] = q", "o 13", {0}},
      {"arg a f16[1,1] 2; alloc o f16[1,1]; z = full value=1 : f16[1,1]; t = load a[:,:] : f16[1,1]; r = loop i 0..2 carry s=z : f16[1,1] {; m = matmul t t s : f16[1,1]; yield m; }; q = loop i 0..2 carry u=r : f16[1,1] {; n = neg u : f16[1,1]; yield n; };"
       " store o[:,:] = q", "o 9", {0}},
      {"arg a f16[1,1] 2; alloc o f16[1,1]; t = load a[:,:] : f16[1,1]; r = loop i 0..2 carry s=t : f16[1,1] {; m = matmul s t : f16[1,1]; yield m; }; store o[:,:] = r", "o 8", {0}},
      {"arg a f16[1,1] 2; alloc o f16[1,1]; z = full value=1 : f16[1,1]; t = load a[:,:] : f16[1,1]; r = loop i 0..2 carry s=z : f16[1,1] {; q = loop j 0..3 carry v=s : f16[1,1] {; m = neg v : f16[1,1]; yield m; }; yield q; }; store o[:,:] = r", "o 1", {0}},
      /* a sum of 2^24 terms and more has no bound */
      {"alloc o f32[1,1]; z = full value=0 : f32[1,1]; a = full value=0.5 : f32[1,4096]; b = full value=0.5 : f32[4096,1]; r = loop i 0..4096 carry s=z : f32[1,1] {; m = matmul a b s : f32[1,1]; yield m; }; store o[:,:] = r", "o 4194304~inf", {0}},
      /* one sum over a loop, and a carried accumulator that is none: used twice, rounded in between */
      {"arg a f16[1,2] 1 2; arg b f16[2,1] 3 4; alloc o f16[1,1]; z = full value=0 : f16[1,1]; r = loop i 0..2 carry s=z : f16[1,1] {; p = load a[:,i] : f16[1]; t = reshape p : f16[1,1]; q = load b[i,:] : f16[1]; u = reshape q : f16[1,1];"
       " m = matmul t u s : f16[1,1]; yield m; }; store o[:,:] = r", "o 11", {0}},
      {"arg a f16[1,2] 1 2; arg b f16[2,1] 3 4; alloc o f16[1,1]; z = full value=1 : f16[1,1]; r = loop i 0..2 carry s=z : f16[1,1] {; p = load a[:,i] : f16[1]; t = reshape p : f16[1,1]; q = load b[i,:] : f16[1]; u = reshape q : f16[1,1];"
       " m = matmul t u s : f16[1,1]; n = add m s : f16[1,1]; yield n; }; store o[:,:] = r", "o 18", {0}},
      {"arg a f16[1,1] 2; alloc o f16[1,1]; z = full value=1 : f16[1,1]; t = load a[:,:] : f16[1,1]; r = loop i 0..2 carry s=z : f16[1,1] {; q = loop j 0..3 carry v=s : f16[1,1] {; m = matmul t t v : f16[1,1]; yield m; }; yield q; }; store o[:,:] = r",
       "o 25", {0}},
      {"arg a f16[1,1] 2; alloc o f16[1,1]; z = full value=1 : f16[1,1]; t = load a[:,:] : f16[1,1]; r = loop i 0..2 carry s=z : f16[1,1] {; q,w = loop j 0..3 carry y=z v=s : f16[1,1] f16[1,1] {; m = matmul t t v : f16[1,1]; yield y m; }; yield w; };"
       " store o[:,:] = r", "o 25", {0}},
      {"arg a f16[1,1] 2; alloc o f16[1,1]; z = full value=1 : f16[1,1]; t = load a[:,:] : f16[1,1]; r = loop i 0..2 carry s=z : f16[1,1] {; q,w = loop j 0..3 carry y=z v=s : f16[1,1] f16[1,1] {; m = matmul t t v : f16[1,1]; yield m y; }; yield q; };"
       " store o[:,:] = r", "o 17", {0}},
      {"arg a f16[1,1] 2; alloc o f16[1,1]; z = full value=1 : f16[1,1]; t = load a[:,:] : f16[1,1]; r = loop i 0..2 carry s=z : f16[1,1] {; m = matmul s t t : f16[1,1]; yield m; }; store o[:,:] = r", "o 10", {0}},
      {"arg a f16[1,1] 2; alloc o f16[1,1]; z = full value=1 : f16[1,1]; t = load a[:,:] : f16[1,1]; r = loop i 0..2 carry s=z : f16[1,1] {; m = neg s : f16[1,1]; yield m; }; store o[:,:] = r", "o 1", {0}},
      {"arg a f16[1,1] 2; alloc o f16[1,1]; z = full value=1 : f16[1,1]; t = load a[:,:] : f16[1,1]; r = loop i 0..2 carry s=z : f16[1,1] {; m = matmul t t s : f16[1,1]; n = neg m : f16[1,1]; yield m; }; store o[:,:] = r", "o 9", {0}},
      {"arg a f16[1,1] 2; alloc o f16[1,1]; z = full value=1 : f16[1,1]; t = load a[:,:] : f16[1,1]; r = loop i 0..2 carry s=z : f16[1,1] {; yield s; }; store o[:,:] = r", "o 1", {0}},
      {"arg a f16[1,1] 2; alloc o f16[1,1]; z = full value=1 : f16[1,1]; t = load a[:,:] : f16[1,1]; r = loop i 0..2 carry s=z : f16[1,1] {; yield t; }; store o[:,:] = r", "o 2", {0}},
  };
  text_check_rows(rows, COUNT_OF(rows));
}

static void test_control(void **state) {
  (void)state;
  static const text_row rows[] = {
      {"alloc o f32[5]; c = constant value=1 : f32; r = loop i 0..9 step 2 carry s=c : f32 {; n = tile_id i : i64; e = add s c : f32; yield e; }; store o[:] = r", "o 6 6 6 6 6", {0}},
      {"alloc o f32[2]; c = constant value=1 : f32; d = constant value=2 : f32; r,q = loop i 0..3 carry s=c t=d : f32 f32 {; yield t s; }; u = stack axis=0 r q : f32[2]; store o[:] = u", "o 2 1", {0}},
      {"alloc o f32[2]; c = constant value=1 : f32; d = constant value=2 : f32; r,q = loop i 0..3 carry s=c t=d : f32 f32 {; e = add s t : f32; yield e e; }; u = stack axis=0 r q : f32[2]; store o[:] = u", "o 12 12", {0}},
      {"alloc o f32 7; c = constant value=1 : f32; r = loop i 5..3 carry s=c : f32 {; e = add s c : f32; yield e; }; store o[] = r", "o 1", {0}},
      {"alloc o f32[4]; loop i 0..4 {; c = constant value=3 : f32; store o[i] = c; yield; }", "o 3 3 3 3", {0}},
      {"alloc o f32[4]; loop i 0..4 {; c = constant value=3 : f32; store o[i] = c; }", "o 3 3 3 3", {0}},
      {"alloc o f32[4] 1; parallel i 3..3 {; c = constant value=3 : f32; store o[i] = c; }; barrier; parallel i 0..4 step 3 {; c = constant value=5 : f32; store o[i] = c; }", "o 5 1 1 5", {0}},
      {"block m 5 by 2; alloc b i64[3]; alloc e i64[3]; alloc x i32[5]; parallel i 0..5 by m {; n = tile_id i : i64; p = tile_begin i : i64; q = tile_end i : i64; store b[n] = p; store e[n] = q; t = tile_index i : i32[m]; store x[i] = t; }",
       "b 0 2 4; e 2 4 5; x 0 1 2 3 4", {0}},
      {"runtime %r; arg n i64 3; alloc o f32; c = constant value=1 : f32; v = load n[] : i64; bind expr=%r v; r = loop i 0..%r carry s=c : f32 {; e = add s s : f32; yield e; }; store o[] = r", "o 8", {0}},
      {"runtime %q; runtime %r; arg n i64[2] 3~1 2; alloc o f32; c = constant value=1 : f32; v = load n[=1] : i64; bind expr=%r v; r = loop i 0..%r carry s=c : f32 {; e = add s s : f32; yield e; }; store o[] = r", "o 4", {0}},
      {"arg k i1[2] 1~1 1; alloc o f32 4; b = load k[=1] : i1; c = constant value=9 : f32; if b {; store o[] = c; } else {; }", "o 9", {0}},
      {"arg k i1[2] 1~1 0; alloc o f32 4; while {; b = load k[=1] : i1; yield b; } do {; }", "o 4", {0}},
      {"size s 6; alloc o i64; v = index expr=s*2 : i64; store o[] = v", "o 12", {0}},
      {"arg k i1[2] 1 0; arg x f32 3~1; alloc o f32[2]; v = load x[] : f32; loop i 0..2 {; b = load k[i] : i1; r = if b : f32 {; d = neg v : f32; yield d; } else {; yield v; }; store o[i] = r; }", "o -3~1 3~1", {0}},
      {"arg k i1[2] 1 0; alloc o f32[2] 4; loop i 0..2 {; b = load k[i] : i1; c = constant value=9 : f32; if b {; store o[i] = c; } else {; }; }", "o 9 4", {0}},
      {"arg k i1[2] 1 0; alloc o f32[2] 4; loop i 0..2 {; b = load k[i] : i1; c = constant value=9 : f32; if b {; store o[i] = c; yield; } else {; yield; }; }", "o 9 4", {0}},
      {"alloc o f32[2]; a = constant value=1 : f32; l = constant value=100 : f32; r,q = while carry s=a t=l : f32 f32 {; k = lt s t : i1; yield k; } do p u {; d = add p p : f32; yield d u; }; w = stack axis=0 r q : f32[2]; store o[:] = w",
       "o 128 100", {0}},
      {"arg n f32 0; alloc o f32 3; c = constant value=0 : f32; while {; v = load n[] : f32; k = lt v c : i1; yield k; } do {; }; store o[] = c", "o 0", {0}},
      {"arg n i32[1] 0; alloc o i32 3; one = constant value=1 : i32; while {; v = load n[=0] : i32; c = constant value=4 : i32; k = lt v c : i1; yield k; } do {; atomic add n[=0] = one; yield; }; v = load n[=0] : i32; store o[] = v", "o 4", {0}},
  };
  text_check_rows(rows, COUNT_OF(rows));
}

static void test_gathers(void **state) {
  (void)state;
#define TILES "arg x f32[4] 1 2 3~0.5 4; block m 4 by 2; block n 2 by 1; "
  static const text_row rows[] = {
      {TILES "alloc o f32[2,2,2]; parallel i 0..4 by m {; v = load x[i] : f32[m]; g = gather v i : f32[2,m]; n = tile_id i : i64; store o[n,:,0:m] = g; }", "o 1 2 3~0.5 4 1 2 3~0.5 4", {0}},
      {TILES "alloc o f32[2,2,2]; parallel i 0..4 by m {; v = load x[i] : f32[m]; g = gather v i : f32[2,m]; n = tile_id i : i64; store o[n,:,0:m] = g; }", "o 1 2 3 4 1 2 3 4", EXACT},
      /* the second gather gives what the first one made; another range stays as it is */
      {TILES "alloc o f32[2,2]; alloc p f32[2,2]; parallel i 0..4 by m j 0..2 {; v = load x[i] : f32[m]; s = reduce add axes=0 v : f32; g = gather s i : f32[2]; t = reduce add axes=0 g : f32; c = index expr=1 : i64; d = add t c : f32; h = gather d j : f32[2];"
             " u = reduce add axes=0 h : f32; n = tile_id i : i64; store o[n,j] = u; store p[n,j] = s; }", "o 22~? 22~? 22~? 22~?; p 3 3 7~? 7~?", {0}},
      {TILES "alloc o f32[4]; parallel i 0..4 {; v = load x[i] : f32; if0 = constant value=1 : i1; if if0 {; yield; } else {; yield; }; g = gather v i : f32[4]; w = load x[i] : f32; e = extract axis=0 expr=1 g : f32; r = add e w : f32; store o[i] = r; }",
       "o 3 4 5~0.5000003 6", {0}},
  };
  text_check_rows(rows, COUNT_OF(rows));
}

static void test_refusals_of_operations_name_what_is_wrong(void **state) {
  (void)state;
#define UNSURE_BOOL "arg k i1 1~1; b = load k[] : i1; "
  static const text_refusal rows[] = {
      {UNSURE_BOOL "if b {; } else {; }", LOOM_EUNSUP, "this condition depends on rounding: engines may rightly take different branches", .line = 3},
      {UNSURE_BOOL "while {; yield b; } do {; }", LOOM_EUNSUP, "this condition depends on rounding", .line = 3},
      {"runtime %r; arg n i64 3~1; v = load n[] : i64; bind expr=%r v", LOOM_EUNSUP, "this bound depends on rounding: engines may rightly run different rounds", .line = 4},
      {"runtime %r; arg n i64 0; v = load n[] : i64; bind expr=%r v; loop i 0..9 step %r {; }", LOOM_EINPUT, "the step of this loop is 0", .line = 5},
      {"runtime %r; arg n i64 -2; v = load n[] : i64; bind expr=%r v; w = full value=1 : f32[%r]", LOOM_EINPUT, "a size of this full is negative (-2)", .line = 5},
      {"runtime %r; arg n i64 400000000000; v = load n[] : i64; bind expr=%r v; w = full value=1 : f32[%r,%r]", LOOM_ELIMIT, "a tile of this full has too many elements", .line = 5},
      {"runtime %r; arg n i64 3000000000; v = load n[] : i64; bind expr=%r v; w = full value=1 : f32[%r,%r]", LOOM_ELIMIT, "a tile of this full has too many elements", .line = 5},
      {"size s 1; size z 0; v = index expr=s/z : i64", LOOM_EINPUT, "divisor", .line = 0},
      {"size s 1; size z 0; loop i s/z..3 {; }", LOOM_EINPUT, "divisor", .line = 0},
      {"size s 1; size z 0; loop i 0..s/z {; }", LOOM_EINPUT, "divisor", .line = 0},
      {"size s 1; size z 0; loop i 0..3 step s/z {; }", LOOM_EINPUT, "divisor", .line = 0},
      {"size s 1; size z 0; parallel i 0..s/z {; }", LOOM_EINPUT, "divisor", .line = 0},
      {"size s 1; size z 0; v = full value=1 : f32[3]; e = extract axis=0 expr=s/z v : f32", LOOM_EINPUT, "divisor", .line = 0},
      {"size s 3; v = full value=1 : f32[3]; e = extract axis=0 expr=s v : f32", LOOM_EINPUT, "position 3 of a dim of 3 elements", .line = 3},
      {"size s 3; v = full value=1 : f32[3]; e = extract axis=0 expr=s-4 v : f32", LOOM_EINPUT, "position -1 of a dim of 3 elements", .line = 3},
      {"arg x f32[2] 1 2; v = load x[0:0] : f32[0]; e = fold axis=0 v as a b : f32 {; yield a; }", LOOM_EINPUT, "a reduction of no elements", .line = 3},
      {"arg x f32[2] 1 2; v = load x[0:0] : f32[0]; e = reduce argmin axes=0 v : i64", LOOM_EINPUT, "argmin of no elements", .line = 3},
      {"v = full value=1e18 : i64[1]", LOOM_ELIMIT, "an integer of this full exceeds 2^53", .line = 1},
      {"arg x i64[1,2] 2e9 2e9; v = load x[:,:] : i64[1,2]; w = reshape v : i64[2,1]; p = matmul v w : i64[1,1]; alloc o f32[1]", LOOM_ELIMIT, "an integer sum of this matmul may exceed 2^53", .line = 4},
      {"block m 5 by 4; v = full value=1 : f32[m]; parallel i 0..5 by m {; w = reshape v : f32[m]; }", LOOM_EUNSUP, "this reshape has 1 elements and its operand 4 in this tile", .line = 4},
      {"block m 5 by 4; v = full value=1 : f32[m]; parallel i 0..5 by m {; w = full value=1 : f32[m]; s = stack axis=0 w v : f32[2,m]; }", LOOM_EUNSUP, "the values of this stack have different shapes in this tile", .line = 5},
      {"block m 5 by 4; v = full value=1 : f32[m]; parallel i 0..5 by m {; w = broadcast v : f32[2,m]; }", LOOM_EUNSUP, "an operand of broadcast has 4 elements in a dim where the result has 1", .line = 4},
      {"block m 5 by 4; v = full value=1 : f32[m]; parallel i 0..5 by m {; w = neg v : f32[m]; }", LOOM_EUNSUP, "an operand of unary has 4 elements in a dim where the result has 1", .line = 4},
      {"block m 5 by 4; v = full value=1 : f32[m,m]; parallel i 0..5 by m {; w = permute perm=10 v : f32[m,m]; }", LOOM_EUNSUP, "in this tile dim 0 of this permute has another size than its operand's dim 1", .line = 4},
      {"block m 5 by 4; v = full value=1 : f32[m,2]; w = full value=1 : f32[2,m]; parallel i 0..5 by m {; x = full value=1 : f32[m,m]; p = matmul v w x : f32[m,m]; }", LOOM_EUNSUP, "the operands of matmul do not fit together in this tile", .line = 6},
      {"block m 5 by 4; v = full value=1 : f32[2,m]; parallel i 0..5 by m {; w = full value=1 : f32[m,2]; p = matmul v w : f32[2,2]; }", LOOM_EUNSUP, "the operands of matmul do not fit together in this tile", .line = 5},
      {"block m 5 by 4; z = full value=1 : f32[m,2]; parallel i 0..5 by m {; v = full value=1 : f32[m,3]; w = full value=1 : f32[3,2]; p = matmul v w z : f32[m,2]; }", LOOM_EUNSUP, "the operands of matmul do not fit together", .line = 6},
      {"block m 5 by 4; z = full value=1 : f32[2,m]; parallel i 0..5 by m {; v = full value=1 : f32[2,3]; w = full value=1 : f32[3,m]; p = matmul v w z : f32[2,m]; }", LOOM_EUNSUP, "the operands of matmul do not fit together", .line = 6},
      {"block m 5 by 4; z = full value=1 : f32[m,2,2]; parallel i 0..5 by m {; v = full value=1 : f32[m,2,2]; p = matmul v z : f32[m,2,2]; }", LOOM_EUNSUP, "the operands of matmul do not fit together", .line = 5},
      {"block m 5 by 4; z = full value=1 : f32[m,2,2]; parallel i 0..5 by m {; v = full value=1 : f32[m,2,2]; p = matmul v v z : f32[m,2,2]; }", LOOM_EUNSUP, "the operands of matmul do not fit together", .line = 5},
      {"block m 5 by 4; arg x f32[5] 1 2 3 4 5; parallel i 0..5 by m {; v = load x[i] : f32[m]; g = gather v i : f32[2,m]; }", LOOM_EUNSUP, "the gathered tiles have different sizes; choose a block size that divides the extent", .line = 5},
      {"arg x f32[4] 1 2 3 4; block m 4 by 2; parallel i 0..4 by m {; v = load x[i] : f32[m]; store x[i] = v; g = gather v i : f32[2,m]; }", LOOM_EUNSUP, "a gather behind a store of the same loop", .line = 6},
      {"arg x f32[4] 1 2 3 4; block m 4 by 2; parallel i 0..4 by m {; v = load x[i] : f32[m]; loop j 0..2 {; atomic add x[i] = v; }; g = gather v i : f32[2,m]; }", LOOM_EUNSUP, "a gather behind a store of the same loop", .line = 8},
      {"arg x f32[4] 1 2 3 4; block m 4 by 2; parallel i 0..4 by m {; v = load x[i] : f32[m]; loop j 0..2 {; g = gather v i : f32[2,m]; }; }", LOOM_EUNSUP, "a gather inside of a loop or branch", .line = 6},
      {"arg x f32[4] 1 2 3 4; block m 4 by 2; loop i 0..4 by m {; v = load x[i] : f32[m]; g = gather v i : f32[2,m]; }", LOOM_EUNSUP, "a gather inside of a loop or branch", .line = 5},
      {"arg x f32[4] 1 2 3 4; block m 4 by 2; parallel i 0..4 by m {; v = load x[i] : f32[m]; h = gather v i : f32[2,m]; loop j 0..2 {; g = gather v i : f32[2,m]; }; }", LOOM_EUNSUP, "a gather inside of a loop or branch", .line = 7},
      {"v = full value=1 : f32[2]; parallel i 0..2 {; g = gather v i : f32[2,2]; w = neg g : f32[2,2]; }", LOOM_ELIMIT, "budget is spent", .line = 2, .o = {.op_budget = 1}},
      {"v = full value=1 : f32[2]; w = reduce add axes=0 v : f32", LOOM_ELIMIT, "budget is spent", .line = 2, .o = {.op_budget = 3}},
      {"v = full value=1 : f32[1,2]; w = reshape v : f32[2,1]; p = matmul v w : f32[1,1]", LOOM_ELIMIT, "budget is spent", .line = 3, .o = {.op_budget = 4}},
      {"while {; k = constant value=1 : i1; yield k; } do {; }", LOOM_ELIMIT, "budget is spent", .line = 1, .o = {.op_budget = 100}},
      {"arg x i64[1] 2e10; v = load x[:] : i64[1]; w = mul v v : i64[1]", LOOM_ELIMIT, "an integer of this binary exceeds 2^53", .line = 3},
      {"arg x f32[1] 1; v = load x[:] : f32[1]; s = scan axis=0 v as a b : f32[1] {; q = index expr=1 : i64; yield a; }; w = full value=1 : f32[2]; r = scan axis=0 w as a b : f32[2] {; q = constant value=1e17 : i64; yield a; }", LOOM_ELIMIT, "exceeds 2^53", .line = 9},
      {"alloc o f32[2]; block m 2 by 1; parallel i 0..2 by m {; z = constant value=1e17 : i64; g = gather z i : i64[2]; }", LOOM_ELIMIT, "exceeds 2^53", .line = 4},
      {"c = constant value=1 : i1; loop i 0..2 {; z = constant value=1e17 : i64; }", LOOM_ELIMIT, "exceeds 2^53", .line = 3},
      {"c = constant value=1 : i1; if c {; z = constant value=1e17 : i64; } else {; }", LOOM_ELIMIT, "exceeds 2^53", .line = 3},
      {"c = constant value=1 : i1; while {; z = constant value=1e17 : i64; yield c; } do {; }", LOOM_ELIMIT, "exceeds 2^53", .line = 3},
      {"c = constant value=1 : i1; while {; yield c; } do {; z = constant value=1e17 : i64; }", LOOM_ELIMIT, "exceeds 2^53", .line = 5},
      /* not sound */
      {"block m 5 by 4; parallel i 0..5 by q {; }", LOOM_EBUG, "block \"q\" of a parallel is not a symbol of the kernel", .line = 2, .is_broken = true},
      {"v = full value=1 : f32[1,1,1,1,1,1,1,1]; parallel i 0..2 {; g = gather v i : f32[2]; }", LOOM_ELIMIT, "a gather of a value of rank 8", .line = 3, .is_broken = true},
      {"v = full value=1 : f32[2]; parallel i 0..2 {; loop j 0..2 {; }; g = gather v j : f32[2,2]; }", LOOM_EBUG, "a gather over a range that is not one of its grid", .line = 5, .is_broken = true},
      {"v = full value=1 : f32[2]; s = scan axis=0 v v v v v v v v v v v v v v v v v : f32[2] {; }", LOOM_ELIMIT, "a scan of more than 16 values", .line = 2, .is_broken = true},
  };
  text_check_refusals(rows, COUNT_OF(rows));
}

/* A run-time size that turns negative between an operand and the operation that has it. */
static void test_each_result_has_a_size(void **state) {
  (void)state;
  static const char *const ops[] = {
      "w = neg v : f32[%r]", "w = broadcast v : f32[3,%r]", "w = reshape v : f32[%r,1]", "w = permute perm=0 v : f32[%r]", "w = scan axis=0 v as a b : f32[%r] {; yield a; }", "w = stack axis=0 v v : f32[2,%r]",
      "u = full value=1 : i1[%r]", "u = iota step=1 : i64[%r]", "w = load x[0:%r] : f32[%r]", "w = atomic add x[0:%r] = c : f32[%r]", "w = extract axis=0 expr=0 z : f32[%r]", "w = reduce argmax axes=0 z : i64[%r]",
      "w = fold axis=0 z as a b : f32[%r] {; yield a; }", "w = reduce max axes=0 z : f32[%r]"};
  for (size_t i = 0; i < COUNT_OF(ops); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    text_kernel t = text_kernel_read(&ctx, arena_printf(&ctx.mem, "runtime %%r; arg n i64[2] 2 -2; arg x f32[2] 1 2; p = load n[=0] : i64; bind expr=%%r p; c = constant value=1 : f32; v = full value=1 : f32[%%r]; z = full value=1 : f32[1,%%r];"
                                                                  " q = load n[=1] : i64; bind expr=%%r q; %s", ops[i]));
    interp_tensor *got;
    const loom_status st = text_kernel_run(&t, NULL, false, &got);
    if (st != LOOM_EINPUT || ctx.diag.first->span.line != 11 || !strstr(ctx.diag.first->text, "is negative (-2)"))
      fail_msg("%s: status %d: %s", ops[i], (int)st, ctx.diag.first ? ctx.diag.first->text : "");
    loom_ctx_done(&ctx);
  }
}

/* ---- who looks on ---- */

static void note(void *data, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const size_t used = strlen(data);
  vsnprintf((char *)data + used, 4000 - used, format, args);
  va_end(args);
}
static void made(void *d, const interp_seen *v) {
  note(d, "%s%d:", kernel_op_name(v->op->kind), v->op->span.line);
  for (int64_t i = 0; i < v->elems; i++)
    note(d, i ? ",%g" : "%g", v->x[i]);
  note(d, v->e ? "~ " : " ");
}
static void touched(void *d, const kernel_op *op, kernel_tensor root, int64_t element, bool is_write) { note(d, "%s%d[%d] ", is_write ? "w" : "r", (int)root, (int)element), (void)op; }
static void passed(void *d, const kernel_op *op, const interp_seen *v, kernel_value from, kernel_value to) { note(d, "%s>%g ", kernel_op_name(op->kind), v->x[0]), (void)from, (void)to; }
static void entered(void *d, const kernel_op *op, int n, const int64_t *numbers) { note(d, "%s(%d ", kernel_op_name(op->kind), (int)numbers[n - 1]); }
static void left(void *d) { note(d, ") "); }
static void gave(void *d, const kernel_op *op, int64_t number, kernel_value from) { note(d, "gave%d ", (int)number), (void)op, (void)from; }
static void got(void *d, const kernel_op *op, int64_t number) { note(d, "got%d ", (int)number), (void)op; }

static void test_who_looks_on_is_told_in_order(void **state) {
  (void)state;
  static const struct { const char *text, *told; } rows[] = {
      {"arg x f32[2] 1 2~0.5; alloc o f32[2]; v = load x[:] : f32[2]; store o[:] = v", "r0[0] r0[1] load3:1,2~ w1[1] w1[0] store4:1,2~ "},
      {"arg x f32[2] 1 2; arg k i1[2] 1 0; m = load k[:] : i1[2]; v = load x[:] where m : f32[2]; atomic add x[:] = v where m", "r1[0] r1[1] load3:1,0 r0[0] load4:1,0 w0[0] atomic5:1,0 "},
      {"c = constant value=2 : f32; r = loop i 0..2 carry s=c : f32 {; yield s; }", "constant1:2 loop>2 loop(0 yield>2 ) loop(1 yield>2 ) loop>2 "},
      {"c = constant value=2 : f32; r = while carry s=c : f32 {; k = gt s c : i1; yield k; } do p {; yield p; }", "constant1:2 while>2 while>2 binary3:0 while>2 "},
      {"v = full value=1 : f32[2]; r = scan axis=0 v as a b : f32[2] {; c = add a b : f32; yield c; }", "full1:1,1 scan2:1,2 "},
      {"v = full value=1 : f32[2]; r = fold axis=0 v as a b : f32 {; c = add a b : f32; yield c; }", "full1:1,1 fold2:2 "},
      {"parallel i 0..2 {; v = index expr=3 : i64; g = gather v i : i64[2]; }", "parallel(0 index2:3 gave0 ) parallel(1 index2:3 gave1 ) parallel(0 index2:3 got0 got1 gather3:3,3 ) parallel(1 index2:3 got0 got1 gather3:3,3 ) "},
      {"a = full value=2 : f32[1,1]; r = loop i 0..2 carry s=a : f32[1,1] {; m = matmul a a s : f32[1,1]; yield m; }", "full1:2 loop>2 loop(0 matmul3:6 yield>6 ) loop(1 matmul3:10 yield>10 ) loop>10 "},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    char told[4000] = "";
    const interp_watch watch = {told, made, touched, passed, entered, left, gave, got};
    text_kernel t = text_kernel_read(&ctx, rows[i].text);
    interp_tensor *out;
    assert_int_equal(text_kernel_run(&t, &(interp_options){.op_budget = -1, .watch = &watch}, false, &out), LOOM_OK);
    assert_string_equal(told, rows[i].told);
    loom_ctx_done(&ctx);
  }
}

/* ---- made-up arguments ---- */

static void test_made_up_arguments_are_of_their_kind(void **state) {
  (void)state;
  static const struct { kernel_init init; const char *type; double lo, hi, least, most; bool whole; } rows[] = {
      {KERNEL_INIT_RANDN, "f32[99]", 0, 0, -9, 9, false}, {KERNEL_INIT_RAND, "f32[99]", 0, 0, 0, 1, false}, {KERNEL_INIT_RANDN, "f32[99]", 0, 0, -2, 2, true}, {KERNEL_INIT_RAND, "f32[99]", 0, 0, -2, 2, true},
      {KERNEL_INIT_RANDN, "i32[99]", 0, 0, -2, 2, true}, {KERNEL_INIT_RAND, "i32[99]", 0, 0, -2, 2, true}, {KERNEL_INIT_RANDN, "ui8[99]", 0, 0, 0, 2, true}, {KERNEL_INIT_RANDN, "i1[99]", 0, 0, 0, 1, true},
      {KERNEL_INIT_RANDINT, "i64[99]", -3, 4, -3, 3, true}, {KERNEL_INIT_RANDINT, "i64[99]", 5, 5, 5, 5, true}, {KERNEL_INIT_ONES, "f32[9]", 0, 0, 1, 1, true}, {KERNEL_INIT_FULL, "f32[9]", 2.5, 0, 2.5, 2.5, false},
      {KERNEL_INIT_ZEROS, "f32[9]", 7, 0, 0, 0, true}, {KERNEL_INIT_EMPTY, "f32[9]", 7, 0, 0, 0, true}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    kernel_graph *k = kernel_new(&ctx.mem, "k");
    kernel_add_tensor(&ctx.mem, k, "x", KERNEL_ARG, parts_type(&ctx.mem, rows[i].type));
    k->tensors.at[0].init = rows[i].init;
    k->tensors.at[0].init_lo = rows[i].lo;
    k->tensors.at[0].init_hi = rows[i].hi;
    interp_tensor x;
    assert_int_equal(interp_make_input(&ctx, k, 0, 3, rows[i].whole, &x), LOOM_OK);
    bool all_whole = true, reaches[2] = {false};
    for (int64_t e = 0; e < x.elems; e++) {
      assert_true(x.value[e] >= rows[i].least && x.value[e] <= rows[i].most);
      all_whole = all_whole && x.value[e] == nearbyint(x.value[e]);
      reaches[0] |= x.value[e] == rows[i].least;
      reaches[1] |= x.value[e] == rows[i].most;
    }
    assert_int_equal(all_whole, rows[i].whole);
    assert_true(!rows[i].whole || (reaches[0] && reaches[1]));
    loom_ctx_done(&ctx);
  }
  static const struct { const char *size; loom_status status; const char *text; } bad[] = {
      {"s", LOOM_EINPUT, "\"s\""}, {"0 - 4", LOOM_EINPUT, "argument x has no sensible shape: dim 0 is -4"}, {"9000000000000000000", LOOM_EINPUT, "argument x has no sensible shape: dim 1 is 3"}};
  for (size_t i = 0; i < COUNT_OF(bad); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    kernel_graph *k = kernel_new(&ctx.mem, "k");
    kernel_add_symbol(&ctx.mem, k, "s", KERNEL_SYM_SIZE);
    const kernel_type t = {DTYPE_F32, 2, {parts_expr(&ctx, bad[i].size), sym_const(&ctx.mem, 3)}};
    kernel_add_tensor(&ctx.mem, k, "x", KERNEL_ARG, t);
    interp_tensor x;
    if (interp_make_input(&ctx, k, 0, 3, false, &x) != bad[i].status || (i && !strstr(ctx.diag.first->text, bad[i].text)))
      fail_msg("%s: %s", bad[i].size, ctx.diag.first ? ctx.diag.first->text : "nothing");
    loom_ctx_done(&ctx);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_shapes), cmocka_unit_test(test_reductions), cmocka_unit_test(test_scans_and_folds), cmocka_unit_test(test_elementwise_operations), cmocka_unit_test(test_products),
      cmocka_unit_test(test_control), cmocka_unit_test(test_gathers), cmocka_unit_test(test_each_result_has_a_size), cmocka_unit_test(test_refusals_of_operations_name_what_is_wrong), cmocka_unit_test(test_who_looks_on_is_told_in_order),
      cmocka_unit_test(test_made_up_arguments_are_of_their_kind)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
