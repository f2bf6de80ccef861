/* LOAD, STORE and ATOMIC.  Oracle: what kernel.h says they do, worked out by hand for small whole numbers. */
#include "kernel/kernel_text_testing.h"

#define X "arg x f32[2,3] 1 2 3 4 5 6; "
#define LAST "block m 5 by 4; alloc o f32[5]; "
#define EXACT {.exact = true, .op_budget = -1}
#define UNSURE {.takes_unsure_indices = true, .op_budget = -1}

static void test_loads_take_what_their_index_names(void **state) {
  (void)state;
  static const text_row rows[] = {
      {X "alloc o f32[3]; a = load x[=1,:] : f32[3]; store o[:] = a", "o 4 5 6", {0}},
      {X "alloc o f32[2]; c = constant value=1 : i64; a = load x[c,1:3] : f32[2]; store o[:] = a", "o 5 6", {0}},
      {X "alloc o f32[2,1,1]; a = load x[:,None,1:2] : f32[2,1,1]; store o[:,:,:] = a", "o 2 5", {0}},
      {"arg x f32 7~1; alloc o f32; a = load x[] : f32; store o[] = a", "o 7~1", {0}},
      {X "arg i i64[2] 1 0; alloc o f32[2,3]; t = load i[:] : i64[2]; a = load x[t@0,:] : f32[2,3]; store o[:,:] = a", "o 4 5 6 1 2 3", {0}},
      {X "arg i i64[4] 2 0 0 1; alloc o f32[4,2]; t = load i[:] : i64[4]; a = load x[:,t@0] : f32[4,2]; store o[:,:] = a", "o 3 6 1 4 1 4 2 5", {0}},
      {X "arg i i64[2] 1 0; alloc o f32[3,2]; t = load i[:] : i64[2]; a = load x[t@1,:] : f32[3,2]; store o[:,:] = a", "o 4 1 5 2 6 3", {0}},
      {X "arg i i64[2] 1 0; arg j i32[2] 2 1; alloc o f32[2]; t = load i[:] : i64[2]; u = load j[:] : i32[2]; a = load x[t@0,u@0] : f32[2]; store o[:] = a", "o 6 2", {0}},
      {X "arg i i64[2,1] 1 0; arg j i64[3] 2 1 0; alloc o f32[2,3]; t = load i[:,:] : i64[2,1]; u = load j[:] : i64[3]; a = load x[t@0,u@0/2] : f32[2,3]; store o[:,:] = a", "o 6 5 4 3 2 1", {0}},
      {X "alloc o f32[2,3]; arg k i1[3] 1 0 1; m = load k[:] : i1[3]; a = load x[:,:] where m : f32[2,3]; store o[:,:] = a", "o 1 0 3 4 0 6", {0}},
      {"arg x f32[3] 4~1 5 6; arg k i1[3] 1~1 0~1 0; alloc o f32[3]; m = load k[:] : i1[3]; a = load x[:] where m : f32[3]; store o[:] = a", "o 4~5 0~5 0", {0}},
      {"arg x f32[2] 4 5; arg i i64[3] 0 7 9; arg k i1[3] 1 0~1 0; alloc o f32[3]; m = load k[:] : i1[3]; t = load i[:] : i64[3]; a = load x[t@0] where m : f32[3]; store o[:] = a",
       "o 4 0 0", {0}},
      {"arg x f32[2] 4 5; arg i i64[2] 0~1 1; alloc o f32[2]; t = load i[:] : i64[2]; a = load x[t@0] : f32[2]; store o[:] = a", "o 4~inf 5~inf", UNSURE},
      {"arg x f32[2] 4 5; arg i i64 1~1; alloc o f32; t = load i[] : i64; a = load x[t] : f32; store o[] = a", "o 5~inf", UNSURE},
      {X "alloc o f32[2] 9; a = load x[:,2:2] : f32[2,0]; b = reduce add axes=1 a : f32[2]; store o[:] = b", "o 0 0", {0}},
      {"arg x f32[2] 4 5; arg i i64[3] 0~1 1 0~1; alloc o f32[3]; t = load i[:] : i64[3]; a = load x[t@0] : f32[3]; store o[:] = a", "o 4~inf 5~inf 4~inf", UNSURE},
      {"arg i i64[2] 1~1 0; arg x f32[2] 4 5; n = load i[=1] : i64; alloc o f32; a = load x[n] : f32; store o[] = a", "o 4", {0}},
      {X "alloc o f32[2,3]; a = load x[:,:] : f32[2,3]; store o[:,:] = a", "o 1 2 3 4 5 6", EXACT},
      /* tiles: the last one is smaller, in pad mode it reads 0 behind the end; an offset moves the tile */
      {"arg x f32[5] 1 2 3 4 5; block m 5 by 4; alloc o f32[5]; parallel i 0..5 by m {; a = load x[i] : f32[m]; store o[i] = a; }", "o 1 2 3 4 5", {0}},
      {"arg x f32[5] 1 2 3 4 5; block m 4 by 3; alloc o f32[4]; parallel i 0..4 by m {; a = load x[i+1] : f32[m]; store o[i] = a; }", "o 2 3 4 5", {0}},
      {"arg x f32[5] 1 2 3 4 5; block m 5 by 4 padded; alloc o f32[5] 9; alloc s f32[2]; parallel i 0..5 by m {; a = load x[i] : f32[m]; store o[i] = a; n = tile_id i : i64;"
       " b = reduce add axes=0 a : f32; store s[n] = b; }", "o 1 2 3 4 5; s 10 5", {0}},
      {"arg x f32[5] 1 2 3 4 5; block m 5 by 4 padded; alloc o i64[2]; parallel i 0..5 by m {; n = tile_id i : i64; k = tile_mask i : i1[m]; c = cast k : i64[m]; b = reduce add axes=0 c : i64; store o[n] = b; }",
       "o 4 1", {0}},
      {"arg x f32[2] 1~0.5 2; view v f32[2,2] of x at 1 step 0 -1; alloc o f32[2,2]; a = load v[:,:] : f32[2,2]; store o[:,:] = a", "v 2 1~0.5 2 1~0.5; o 2 1~0.5 2 1~0.5", {0}},
  };
  text_check_rows(rows, COUNT_OF(rows));
}

static void test_stores_write_what_their_index_names(void **state) {
  (void)state;
  static const text_row rows[] = {
      {"alloc o f32[3] 7; arg x f32[3] 1 2 3; arg k i1[3] 1 0 1; m = load k[:] : i1[3]; a = load x[:] : f32[3]; store o[:] = a where m", "o 1 7 3", {0}},
      {"alloc o f32[3] 7; arg x f32[3] 1 2~0.5 3; arg k i1[3] 1~1 0~1 0; m = load k[:] : i1[3]; a = load x[:] : f32[3]; store o[:] = a where m", "o 1~6 7~5.5 7", {0}},
      {"arg o f32[2] 7~8 7~1; arg x f32[2] 1 1; arg k i1[2] 1~1 0~1; m = load k[:] : i1[2]; a = load x[:] : f32[2]; store o[:] = a where m", "o 1~14 7~7", {0}},
      {"alloc o f32[2,2]; arg x f32[2] 1 2; a = load x[:] : f32[2]; store o[:,:] = a", "o 1 2 1 2", {0}},
      {"alloc o f32[2]; arg i i64[3] 1 1 0; arg x f32[3] 1 2 3; t = load i[:] : i64[3]; a = load x[:] : f32[3]; store o[t@0] = a", "o 3 1", {0}},
      {"alloc o f32[3] 5; arg i i64 1~1; arg x f32 2; t = load i[] : i64; a = load x[] : f32; store o[t] = a", "o 5~inf 2~inf 5~inf", UNSURE},
      {"alloc o f16[2]; arg x f32[2] 1 0.1; a = load x[:] : f32[2]; store o[:] = a", "o 1 0.0999755859375~4.8828125e-05", {0}},
      {"alloc o f16[2]; arg x f32[2] 1 0.1; a = load x[:] : f32[2]; store o[:] = a", "o 1 0.0999755859375", EXACT},
      {"alloc o i32[3]; arg x f32[3] 2.5 -2.5 3~1.5; a = load x[:] : f32[3]; store o[:] = a", "o 2 -2 3~2", {0}},
      {"alloc o i32[1]; arg x f32[1] 3e9; a = load x[:] : f32[1]; store o[:] = a", "o -1294967296", EXACT},
      {"alloc o f8E4M3FN[3]; arg x f32[3] 1 -1000 0~1000; a = load x[:] : f32[3]; store o[:] = a", "o 1 nan 0~inf", {0}},
      {"arg x f32[2] 1 2; view v f32[0,2] of x at 9 step 1 1; view w f32[2] of v at 1 step -1; c = constant value=7 : f32; store w[:] = c", "x 7 7; v; w 7 7", {0}},
      {"alloc o i8[2]; arg x i32[2] 127 300; a = load x[:] : i32[2]; store o[:] = a", "o 127 44", {0}},
      {"alloc o f32[2] 0.1; arg x f32[2] 1~1 2; a = load x[:] : f32[2]; store o[:] = a; b = constant value=3 : f32; store o[=0] = b", "o 3 2", {0}},
  };
  text_check_rows(rows, COUNT_OF(rows));
}

#define TWO(type) "arg i i64[3] 0 0 1; t = load i[:] : i64[3]; alloc o " type "[2]; "
static void test_atomics_update_each_element_in_turn(void **state) {
  (void)state;
  static const text_row rows[] = {
      {TWO("f32") "arg v f32[3] 1 2 4; alloc r f32[3]; a = load v[:] : f32[3]; b = atomic add o[t@0] = a : f32[3]; store r[:] = b", "o 3 4; r 0 1 0", {0}},
      {TWO("f32") "arg v f32[3] 0.5 0.25 4; a = load v[:] : f32[3]; atomic add o[t@0] = a", "o 0.75~8.940696716e-08 4", {0}},
      {TWO("f64") "arg v f64[3] 0.5 0.25 4; a = load v[:] : f64[3]; atomic add o[t@0] = a", "o 0.75~3.330669e-16 4", {0}},
      {TWO("f32") "arg v f32[3] 0.5 0.25 4; a = load v[:] : f32[3]; atomic add o[t@0] = a", "o 0.75 4", EXACT},
      {TWO("f16") "arg v f16[3] 40000 40000 4; a = load v[:] : f16[3]; atomic add o[t@0] = a", "o 80000~inf 4", {0}},
      {TWO("i32") "arg v i32[3] 1 2 4~1; a = load v[:] : i32[3]; atomic add o[t@0] = a", "o 3 4~1", {0}},
      {TWO("i32") "arg v f32[3] 1.5 2.5 -4; a = load v[:] : f32[3]; atomic add o[t@0] = a", "o 3 -4", {0}},
      {"arg o f32[2] 1~0.25 0.5; arg v f32[2] 2 2; alloc r f32[2]; a = load v[:] : f32[2]; b = atomic add o[:] = a : f32[2]; store r[:] = b", "o 3~0.25 2.5~1.4901161e-07; r 1~0.25 0.5", {0}},
      {"alloc o f32 16777216; arg v f32[2] 1 1; arg i i64[2] 0 0; alloc p f32[1] 16777216; t = load i[:] : i64[2]; a = load v[:] : f32[2]; atomic add p[t@0] = a", "p 16777218~2", {0}},
      /* something else in between ends the sum */
      {"alloc o f32[1]; c = constant value=0.5 : f32; atomic add o[=0] = c; store o[=0] = c; atomic add o[=0] = c", "o 1~5.9604644775390625e-08", {0}},
      {"alloc o f32[1]; c = constant value=0.5 : f32; atomic add o[=0] = c; atomic xchg o[=0] = c; atomic add o[=0] = c", "o 1~5.9604644775390625e-08", {0}},
      {TWO("i32") "arg v i32[3] 6 3 4; arg k i1[3] 1 0 1; m = load k[:] : i1[3]; alloc r i32[3] 9; a = load v[:] : i32[3]; b = atomic or o[t@0] = a where m : i32[3]; store r[:] = b", "o 6 4; r 0 0 0", {0}},
      {"alloc o i32[2] 12; arg v i32[2] 10 3; a = load v[:] : i32[2]; atomic and o[:] = a", "o 8 0", {0}},
      {"alloc o i32[2] 12; arg v i32[2] 10 3; a = load v[:] : i32[2]; atomic xor o[:] = a", "o 6 15", {0}},
      {"alloc o f32[2] 12; arg v f32[2] 10 13~1; alloc r f32[2]; a = load v[:] : f32[2]; b = atomic max o[:] = a : f32[2]; store r[:] = b", "o 12 13~1; r 12 12", {0}},
      {"alloc o f32[2] 12; arg v f32[2] 10 13~1; a = load v[:] : f32[2]; atomic min o[:] = a", "o 10 12~1", {0}},
      {"alloc o i32[3] 5; arg v i32[3] 1 2 3; arg e i32[3] 5 4 5; alloc r i32[3]; a = load v[:] : i32[3]; c = load e[:] : i32[3]; b = atomic cas o[:] = a where - expect c : i32[3]; store r[:] = b",
       "o 1 5 3; r 5 5 5", {0}},
      {"arg o f32[2] 5 5~1; arg v f32[2] 1 2; arg e f32 9~1; a = load v[:] : f32[2]; c = load e[] : f32; atomic cas o[:] = a where - expect c", "o 5 5~1", {0}},
      {"alloc o f32[2] 5; a = load o[0:0] : f32[0]; atomic add o[0:0] = a", "o 5 5", {0}},
      {"alloc o f32[2,2] 5; arg k i1[2] 1 0; m = load k[:] : i1[2]; c = constant value=2 : f32; atomic add o[:,:] = c where m", "o 7 5 7 5", {0}},
      {"arg o f32[2] 5~1 5; arg k i1[2] 0 1; m = load k[:] : i1[2]; c = constant value=2 : f32; alloc r f32[2] 9; b = atomic add o[:] = c where m : f32[2]; store r[:] = b", "o 5~1 7; r 0 5", {0}},
      {"arg o f32[3] 5~1 5 6~1; arg k i1[3] 1 0 1; m = load k[:] : i1[3]; c = constant value=2 : f32; alloc r f32[3] 9; b = atomic add o[:] = c where m : f32[3]; store r[:] = b", "o 7~1 5 8~1; r 5~1 0 6~1", {0}},
      {"alloc o f32[3] 5; arg i i64 1~1; t = load i[] : i64; a = constant value=2 : f32; atomic add o[t] = a", "o 5~inf 7~inf 5~inf", UNSURE},
      {"alloc o f32[3] 5; arg i i64 1~1; alloc r f32; t = load i[] : i64; a = constant value=2 : f32; b = atomic add o[t] = a : f32; store r[] = b", "o 5~inf 7~inf 5~inf; r 5~inf", UNSURE},
  };
  text_check_rows(rows, COUNT_OF(rows));
}

static void test_refusals_of_accesses_name_what_is_wrong(void **state) {
  (void)state;
  static const text_refusal rows[] = {
      {X "a = load x[=2,:] : f32[3]", LOOM_EINPUT, "this load touches index 2 of dim 0 of x, which has 2 elements", .line = 2},
      {X "c = constant value=-1 : i64; a = load x[0:2,c] : f32[2]", LOOM_EINPUT, "this load touches index -1 of dim 1 of x, which has 3 elements", .line = 3},
      {X "a = load x[0:3,:] : f32[3,3]", LOOM_EINPUT, "touches index 2 of dim 0", .line = 2},
      {X "arg i i64[2] 1 2; t = load i[:] : i64[2]; a = load x[t@0,:] : f32[2,3]", LOOM_EINPUT, "touches index 2 of dim 0", .line = 4},
      {X "arg i i64[2] 1 -1; t = load i[:] : i64[2]; c = constant value=1 : f32; store x[t@0,:] = c", LOOM_EINPUT, "this store touches index -1 of dim 0", .line = 5},
      {X "arg i i64[2] 1 3; t = load i[:] : i64[2]; c = constant value=1 : f32; atomic add x[t@0,:] = c", LOOM_EINPUT, "this atomic touches index 3 of dim 0", .line = 5},
      {X "arg i i64[2] 1~1 0; t = load i[:] : i64[2]; a = load x[t@0,:] : f32[2,3]", LOOM_EUNSUP, "this index depends on rounding", .line = 4},
      {X "arg i i64 1~1; t = load i[] : i64; a = load x[t,:] : f32[3]", LOOM_EUNSUP, "this index depends on rounding", .line = 4},
      {X "arg i i64 1~1; t = load i[] : i64; c = constant value=1 : f32; store x[t,:] = c", LOOM_EUNSUP, "this index depends on rounding", .line = 5},
      {X "arg k i1 1~1; m = load k[] : i1; c = constant value=1 : f32; atomic add x[:,:] = c where m", LOOM_EUNSUP, "the mask of this atomic depends on rounding", .line = 5},
      {"arg o f32 5~1; arg e f32 5.5; a = load e[] : f32; b = atomic cas o[] = a where - expect a : f32", LOOM_EUNSUP, "this comparison of an atomic_cas depends on rounding", .line = 4},
      {"arg o f32 5; arg e f32 5~1; a = load e[] : f32; b = atomic cas o[] = a where - expect a : f32", LOOM_EUNSUP, "this comparison of an atomic_cas depends on rounding", .line = 4},
      {"size s 6; size z 0; " X "a = load x[0:s/z,:] : f32[2,3]", LOOM_EINPUT, "divisor", .line = 0, .is_broken = true},
      {"size s 6; size z 0; " X "a = load x[0:2,s/z:3] : f32[2,3]", LOOM_EINPUT, "divisor", .line = 0, .is_broken = true},
      {"size s 6; size z 0; " X "a = load x[:,=s/z] : f32[2]", LOOM_EINPUT, "divisor", .line = 0},
      {"size s 6; size z 0; block m 2 by 2; " X "parallel i 0..2 by m {; a = load x[i+s/z,:] : f32[m,3]; }", LOOM_EINPUT, "divisor", .line = 0},
      {"arg x f32[4] 1 2 3 4; view v f32[3] of x at 0 step 2; a = load v[:] : f32[3]", LOOM_EINPUT, "view v reaches elements 0..4 of its base, which has 4", .line = 2},
      {"arg x f32[4] 1 2 3 4; view v f32[3] of x at 1 step -1; a = load v[:] : f32[3]", LOOM_EINPUT, "view v reaches elements -1..1 of its base, which has 4", .line = 2},
      {"size s -3; alloc o f32[s]", LOOM_EINPUT, "size", .line = 0},
      {"size s 3; alloc o f32[s-6]", LOOM_EINPUT, "dim 0 of o has the negative size -3", .line = 2},
      {"size s 3; size z 0; alloc o f32[s/z]", LOOM_EINPUT, "divisor", .line = 0},
      {"size s 3; size z 0; " X "view o f32[2] of x at s/z step 1", LOOM_EINPUT, "divisor", .line = 0},
      {"size s 3; size z 0; " X "view o f32[2] of x at 0 step s/z", LOOM_EINPUT, "divisor", .line = 0},
      /* a value that was made outside does not shrink with the last tile */
      {LAST "c = full value=1 : f32[m]; parallel i 0..5 by m {; store o[i] = c; }", LOOM_EUNSUP, "an operand of store has 4 elements in a dim where the result has 1", .line = 5},
      {LAST "c = full value=1 : f32[m]; parallel i 0..5 by m {; atomic add o[i] = c; }", LOOM_EUNSUP, "an operand of atomic has 4 elements in a dim where the result has 1", .line = 5},
      {LAST "c = full value=1 : f32[m]; d = constant value=1 : f32; parallel i 0..5 by m {; atomic cas o[i] = d where - expect c; }", LOOM_EUNSUP,
       "an operand of atomic has 4 elements in a dim where the result has 1", .line = 6},
      {LAST "c = full value=1 : i1[m]; parallel i 0..5 by m {; a = load o[i] where c : f32[m]; }", LOOM_EUNSUP, "an operand of load has 4 elements in a dim where the result has 1", .line = 5},
      {LAST "c = full value=1 : i1[m]; d = constant value=1 : f32; parallel i 0..5 by m {; store o[i] = d where c; }", LOOM_EUNSUP, "an operand of store has 4 elements in a dim where the result has 1", .line = 6},
      {LAST "c = full value=1 : i1[m]; d = constant value=1 : f32; parallel i 0..5 by m {; atomic add o[i] = d where c; }", LOOM_EUNSUP, "an operand of atomic has 4 elements", .line = 6},
      /* graphs that the verifier would not pass */
      {X "arg i i64[1,2] 1 2; t = load i[:,:] : i64[1,2]; a = load x[t@0/1,:] : f32[2,3]", LOOM_EBUG, "an index tensor of rank 2 stands for 1 dims", .line = 4, .is_broken = true},
      {X "arg i i64[2] 1 0; t = load i[:] : i64[2]; a = load x[t@4/1,:] : f32[2,3]", LOOM_EBUG, "an index tensor of rank 1 stands for 1 dims", .line = 4, .is_broken = true},
      {X "a = load x[:,:] : f32[2,2]", LOOM_EBUG, "this load selects 6 elements of x and its type has 4", .line = 2, .is_broken = true},
      {X "c = full value=1 : f32[1,2,3]; store x[:,:] = c", LOOM_EUNSUP, "an operand of store has 1 elements in a dim where the result has 0", .line = 3, .is_broken = true},
  };
  text_check_refusals(rows, COUNT_OF(rows));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_loads_take_what_their_index_names), cmocka_unit_test(test_stores_write_what_their_index_names),
                                     cmocka_unit_test(test_atomics_update_each_element_in_turn), cmocka_unit_test(test_refusals_of_accesses_name_what_is_wrong)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
