/* Objects: relocations against what the program then reads and jumps to, diagnostics of what cannot be loaded, faults of what cannot be run, and damaged objects. */
#include "sim/rvv/rvv_testing.h"
#include <elf.h>

static rvv_fault_kind call(loom_ctx *ctx, const rvv_image *image, const char *name, const int64_t *args, int n, int64_t *out, rvv_fault *fault) {
  rvv_core *core = rvv_core_new(&ctx->mem, image);
  uint32_t words[3 * 4] = {0};
  rvv_window w = {.address = TESTING_SPAD, .lane_bytes = 16, .words = words};
  uint8_t bytes[16] = {0};
  rvv_tensor t = {0x100000, sizeof bytes, bytes, false, "X"};
  rvv_job job = {.entry = rvv_find(image, name), .args = args, .n_args = n, .windows = &w, .n_windows = 1, .tensors = &t, .n_tensors = 1, .budget = 10000};
  assert_true(job.entry != 0);
  rvv_fault_kind kind = rvv_call(core, &job, NULL, fault);
  *out = rvv_result(core);
  return kind;
}

/* ---- relocations ---- */

static void test_relocations_reach_what_they_name(void **state) {
  (void)state;
  static const char program[] =
      ".globl far\nfar: addi a0, a0, 1000\n ret\n"
      ".globl by_call\nby_call: mv s2, ra\n call far\n jr s2\n"
      ".globl by_tail\nby_tail: tail far\n"
      ".globl by_pc\nby_pc: la t0, table\n ld a0, 8(t0)\n ret\n"
      ".globl by_got\nby_got: .option pic\n la a0, dram_1\n .option nopic\n ret\n"
      ".globl by_got2\nby_got2:\n.L1: auipc a0, %got_pcrel_hi(dram_0)\n ld a0, %pcrel_lo(.L1)(a0)\n.L2: auipc a1, %got_pcrel_hi(dram_1)\n ld a1, %pcrel_lo(.L2)(a1)\n"
          " sub a0, a1, a0\n ret\n"
      ".globl by_address\nby_address: lui t0, %hi(table)\n ld a0, %lo(table)(t0)\n ret\n"
      ".globl by_store\nby_store:\n.L3: auipc t0, %pcrel_hi(cell)\n sd a0, %pcrel_lo(.L3)(t0)\n lui t1, %hi(cell)\n ld a0, %lo(cell)(t1)\n addi a0, a0, 1\n"
          " sd a0, %lo(cell)(t1)\n ld a0, %lo(cell)(t1)\n ret\n"
      ".globl by_pointer\nby_pointer: la t0, pointer\n ld t0, 0(t0)\n jr t0\n"
      ".globl by_distance\nby_distance: la t0, distance\n lw a0, 0(t0)\n la t1, mixed\n lhu a1, 0(t1)\n lbu a2, 2(t1)\n slli a1, a1, 32\n slli a2, a2, 48\n or a0, a0, a1\n"
          " or a0, a0, a2\n ret\n"
      ".globl by_branch\nby_branch: li a1, 3\n1: addi a0, a0, 10\n addi a1, a1, -1\n bnez a1, 1b\n beq a1, zero, 2f\n li a0, 0\n2: j 3f\n li a0, 0\n3: ret\n"
      ".globl by_absolute\nby_absolute: la t0, words\n lwu a0, 0(t0)\n ld a1, 8(t0)\n add a0, a0, a1\n ret\n"
      ".globl by_zero\nby_zero: la t0, zeros\n ld a0, 2040(t0)\n ret\n"
      ".section .rodata\n .balign 8\ntable: .dword 11, 22, 33\n .balign 8\npointer: .dword far\ndistance: .word by_pc - far\nmixed: .half by_pc - far\n .byte by_pc - far\n"
          " .balign 8\nwords: .word dram_0\n .balign 8\n .dword dram_1 + 5\n"
      ".data\n .balign 8\ncell: .dword 7\n.bss\n .balign 8\nzeros: .zero 8192\n";
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const rvv_symbol symbols[] = {{"dram_0", 0x12345678}, {"dram_1", UINT64_C(0x7fff0000cafe1230)}};
  rvv_image *image = testing_load(&ctx, program, symbols, 2, 3, 128);
  int64_t distance = (int64_t)(rvv_find(image, "by_pc") - rvv_find(image, "far"));
  const struct { const char *name; int64_t arg, expected; } cases[] = {
      {"by_call", 5, 1005}, {"by_tail", 6, 1006}, {"by_pc", 0, 22}, {"by_got", 0, INT64_C(0x7fff0000cafe1230)}, {"by_got2", 0, INT64_C(0x7fff0000cafe1230) - 0x12345678},
      {"by_address", 0, 11},
      {"by_store", 41, 42}, {"by_pointer", 7, 1007}, {"by_distance", 0, distance | distance << 32 | distance << 48}, {"by_branch", 0, 30},
      {"by_absolute", 0, INT64_C(0x7fff0000cafe1235) + 0x12345678}, {"by_zero", 0, 0}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    rvv_fault fault;
    int64_t got;
    if (call(&ctx, image, cases[i].name, &cases[i].arg, 1, &got, &fault) != RVV_FINE)
      fail_msg("%s: %s", cases[i].name, fault.text);
    if (got != cases[i].expected)
      fail_msg("%s is %llx, not %llx", cases[i].name, (unsigned long long)got, (unsigned long long)cases[i].expected);
  }
  assert_true(rvv_find(image, "nobody") == 0);
  assert_true(rvv_find(image, ".L1") == 0);
  loom_ctx_done(&ctx);
}

static void test_arguments_beyond_eight_are_on_the_stack(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  rvv_image *image = testing_load(&ctx, ".globl f\nf: ld t0, 0(sp)\n ld t1, 8(sp)\n ld t2, 16(sp)\n sub a0, a7, t0\n mul a0, a0, t1\n add a0, a0, t2\n ret\n", NULL, 0, 3, 128);
  int64_t args[] = {0, 0, 0, 0, 0, 0, 0, 70, 50, 9, 3, 0}, got;
  rvv_fault fault;
  assert_int_equal(call(&ctx, image, "f", args, 12, &got, &fault), RVV_FINE);
  assert_true(got == 183);
  loom_ctx_done(&ctx);
}

/* ---- what cannot be loaded ---- */

static loom_status load(loom_ctx *ctx, const char *bytes, size_t size, const rvv_symbol *symbols, size_t n) {
  rvv_image *image;
  return rvv_load(ctx, "test.o", bytes, size, symbols, n, &(rvv_config){.lanes = 3, .vlen_bits = 128}, &image);
}

static void test_objects_that_cannot_be_loaded_say_why(void **state) {
  (void)state;
  static const struct { const char *program; loom_status status; const char *part; } cases[] = {
      {"f: call sqrtf\n la a0, y\n call memset\n ret\n", LOOM_EUNSUP, "the object needs what is not there: sqrtf, y, memset"},
      {"f: lui a0, %tprel_hi(x)\n ret\n.section .tbss,\"awT\",@nobits\nx: .zero 4\n", LOOM_EUNSUP, "needs R_RISCV_TPREL_HI20, which is not supported"},
      {"f: lui a0, %hi(wide)\n ret\n", LOOM_EINPUT, "the reference to wide at byte 0 of section"},
      {"f: lui a0, %hi(edge)\n ret\n", LOOM_EINPUT, "the reference to edge at byte 0 of section"},
      {"f: call wide\n ret\n", LOOM_EINPUT, "the reference to wide at byte 0 of section"},
      {"f: j wide\n ret\n", LOOM_EINPUT, "the reference to wide at byte 0 of section"},
      {"f: .option norvc\n nop\n .reloc f, R_RISCV_BRANCH, near\n ret\n", LOOM_EINPUT, "the reference to near at byte 0 of section"},
      {"f: ret\n .data\n .word wide\n", LOOM_EINPUT, "does not reach"},
      {"f: .option norvc\n nop\n .reloc f, R_RISCV_PCREL_LO12_I, f\n ret\n", LOOM_EINPUT, "the reference to f at byte 0 of section 2 is the lower part of nothing"},
      {"f: ret\n .comm shared, 8\n", LOOM_EINPUT, "shared is a common symbol"},
      {"f: ret\n.data\n.balign 8192\nx: .zero 4\n", LOOM_EINPUT, "is aligned to 8192"},
      {"f: ret\n.bss\nx: .zero 100000000\n", LOOM_EINPUT, "it needs more than 64 MiB"},
  };
  const rvv_symbol symbols[] = {{"wide", UINT64_C(1) << 40}, {"edge", 0x7ffff800}, {"near", RVV_IMAGE_ADDRESS - 0x1010}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    size_t size;
    char *bytes = testing_assemble(&ctx, cases[i].program, &size);
    assert_int_equal(load(&ctx, bytes, size, symbols, COUNT_OF(symbols)), cases[i].status);
    testing_expect_error(&ctx, cases[i].status, cases[i].part, 0, 0);
    loom_ctx_done(&ctx);
  }
}

/* Bytes of a good object changed: {offset, bytes, value}; size 0: as it is. */
static void test_damaged_objects_say_what_is_wrong(void **state) {
  (void)state;
  static const struct { size_t size; size_t at; int bytes; uint64_t value; const char *part; } cases[] = {
      {1, 0, 0, 0, "it is shorter than an ELF header"},
      {0, 0, 1, 'X', "it is no ELF file"},
      {0, EI_CLASS, 1, ELFCLASS32, "it is not 64-bit little-endian"},
      {0, offsetof(Elf64_Ehdr, e_machine), 2, EM_X86_64, "it is for another processor (ELF machine 62)"},
      {0, offsetof(Elf64_Ehdr, e_type), 2, ET_EXEC, "it is linked already"},
      {0, offsetof(Elf64_Ehdr, e_shoff), 8, UINT64_MAX - 10, "its section table does not fit"},
      {0, offsetof(Elf64_Ehdr, e_shentsize), 2, 3, "its section table does not fit"},
      {0, offsetof(Elf64_Ehdr, e_shnum), 2, 1, "it has no symbol table"},
  };
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  size_t size;
  char *good = testing_assemble(&ctx, ".globl f\nf: la a0, x\n ret\n.data\nx: .dword f\n", &size);
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx one;
    loom_ctx_init(&one);
    char *bytes = arena_alloc(&one.mem, size);
    memcpy(bytes, good, size);
    memcpy(bytes + cases[i].at, &cases[i].value, (size_t)cases[i].bytes);
    assert_int_equal(load(&one, bytes, cases[i].size ? cases[i].size : size, NULL, 0), LOOM_EINPUT);
    testing_expect_error(&one, LOOM_EINPUT, cases[i].part, 0, 0);
    loom_ctx_done(&one);
  }
  assert_int_equal(load(&ctx, good, size, NULL, 0), LOOM_OK);
  loom_ctx_done(&ctx);
}

static void test_other_misuse_is_refused(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  size_t size, n;
  rvv_image *image;
  const char *const *names;
  char *bytes = testing_assemble(&ctx, "f: la a0, x\n la a1, dram_0\n ret\n", &size);
  assert_int_equal(rvv_undefined(&ctx, "test.o", bytes, size, &names, &n), LOOM_OK);
  assert_int_equal(n, 2);
  assert_string_equal(names[0], "x");
  assert_string_equal(names[1], "dram_0");
  const rvv_symbol inside[] = {{"x", RVV_IMAGE_ADDRESS + 8}, {"dram_0", 0}};
  assert_int_equal(load(&ctx, bytes, size, inside, 2), LOOM_EBUG);
  testing_expect_error(&ctx, LOOM_EBUG, "x is at 0x60000008, where code, data and the stack of an object are", 0, 0);
  static const rvv_config configs[] = {{0, 256, 0}, {RVV_LANES_MAX + 1, 256, 0}, {8, 96, 0}, {8, 32, 0}, {8, 2048, 0}, {8, 256, 24}, {8, 256, RVV_STACK_BYTES_MAX + 16}};
  for (size_t i = 0; i < COUNT_OF(configs); i++) {
    loom_ctx one;
    loom_ctx_init(&one);
    assert_int_equal(rvv_load(&one, "test.o", bytes, size, inside, 0, &configs[i], &image), LOOM_EINPUT);
    testing_expect_error(&one, LOOM_EINPUT, "no core has", 0, 0);
    loom_ctx_done(&one);
  }
  loom_ctx_done(&ctx);
}

/* ---- what cannot be run ---- */

static void test_faults_say_what_and_where(void **state) {
  (void)state;
  static const struct { const char *program; rvv_fault_kind kind; const char *part; } cases[] = {
      {"f: nop\n .word 0x0000007f\n", RVV_BAD_INSTRUCTION, "an instruction that this core does not have: 0x0000007f; unknown (0x0000007f) at f+0x2"},
      {"f: .half 0\n", RVV_BAD_INSTRUCTION, "0x0000; unknown"},
      {"f: csrr a0, cycle\n", RVV_BAD_INSTRUCTION, "control register 0xc00; csrrs"},
      {"f: csrw vl, a0\n", RVV_BAD_INSTRUCTION, "control register 0xc20 is not written"},
      {"f: sf.vc.vv 1, 0, v1, v2\n", RVV_BAD_INSTRUCTION, "unknown"},
      {"f: li t0, 0x12344\n jr t0\n", RVV_BAD_PC, "a jump to where there is no code: 0x12344; no instruction"},
      {"f: ebreak\n", RVV_TRAP, "the program stops itself: a0 is 7; ebreak"},
      {"f: unimp\n", RVV_BAD_INSTRUCTION, "0x0000"},
      {"f: ld a0, 0(zero)\n", RVV_NO_MEMORY, "an address where there is no memory: 8 bytes at 0x0; ld"},
      {"f: li t0, 0x100000\n lw a0, 0(t0)\n", RVV_NO_MEMORY, "0x100000 is in a tensor, which only transfers reach"},
      {"f: li t0, 20000\n sub sp, sp, t0\n sd a0, 0(sp)\n", RVV_STACK, "more stack than a lane has: 3616 bytes below the stack of 16384; sd"},
      {"f: li t0, 0xd0000010\n lb a0, 0(t0)\n", RVV_NO_MEMORY, "1 bytes at 0xd0000010"},
      {"f: li t0, 0xd000000c\n ld a0, 0(t0)\n", RVV_MISALIGNED, "an address that is no multiple of the access: 8 bytes at 0xd000000c"},
      {"f: li t0, 0xd0000001\n lh a0, 0(t0)\n", RVV_MISALIGNED, "2 bytes at 0xd0000001"},
      {"f: la t0, x\n sw zero, 0(t0)\n.section .rodata\nx: .word 1\n", RVV_READ_ONLY, "a write to what may only be read: 4 bytes at"},
      {"f: la t0, f\n sw zero, 0(t0)\n", RVV_READ_ONLY, "a write"},
      {"f: vadd.vv v1, v2, v3\n", RVV_BAD_VTYPE, "there is no vector type; vadd.vv"},
      {"f: li t1, 0xdf\n vsetvl t0, t1, t1\n vadd.vv v1, v2, v3\n", RVV_BAD_VTYPE, "there is no vector type"},
      {"f: vsetivli t0, 2, e32, m2, ta, ma\n vadd.vv v1, v2, v4\n", RVV_BAD_VTYPE, "vd is v1, in groups of 2"},
      {"f: vsetivli t0, 2, e32, m2, ta, ma\n vadd.vv v2, v5, v4\n", RVV_BAD_VTYPE, "vs2 is v5"},
      {"f: vsetivli t0, 2, e32, m8, ta, ma\n vwadd.vv v8, v16, v24\n", RVV_BAD_VTYPE, "vd is a group of 2^4 registers; vwadd.vv"},
      {"f: vsetivli t0, 2, e64, m1, ta, ma\n vwadd.vv v8, v16, v24\n", RVV_BAD_VTYPE, "elements of 64 bits"},
      {"f: vsetivli t0, 2, e8, m1, ta, ma\n vfadd.vv v8, v16, v24\n", RVV_BAD_VTYPE, "elements of 8 bits"},
      {"f: vsetivli t0, 2, e32, m4, ta, ma\n li t0, 0xd0000000\n vlseg3e32.v v8, (t0)\n", RVV_BAD_VTYPE, "3 fields of 4 registers from v8 on"},
      {"f: vsetivli t0, 2, e32, m1, ta, ma\n .word 0x3a80b457\n", RVV_BAD_VTYPE, "vd is vs2"},
      {"f: li t0, 3\n csrw vstart, t0\n", RVV_BAD_VTYPE, "vstart is 3"},
      {"f: fsrmi 1\n fadd.s fa0, fa0, fa0\n", RVV_ROUNDING, "a rounding mode other than to nearest even: mode 1; fadd.s"},
      {"f: fmul.d fa0, fa0, fa0, rup\n", RVV_ROUNDING, "mode 3; fmul.d"},
      {"f: fsrmi 2\n vsetivli t0, 2, e32, m1, ta, ma\n vfadd.vv v1, v2, v3\n", RVV_ROUNDING, "mode 2; vfadd.vv"},
      {"f: fsrmi 3\n vsetivli t0, 2, e32, m1, ta, ma\n vfcvt.f.x.v v1, v2\n", RVV_ROUNDING, "mode 3; vfcvt.vv"},
      {"f: j f\n", RVV_BUDGET, "more instructions than were allowed: 10000 of them"},
      {"f: li t0, 1\n .insn r CUSTOM_1, 0x3, 2, x0, t0, t0\n", RVV_BAD_TRANSFER, "DMA words that make no transfer: a move without CONFIG (word 2, 0x1, 0x1); dma"},
      {"f: li t0, 0\n .insn r CUSTOM_1, 0x3, 4, x0, t0, t0\n ret\n", RVV_BAD_TRANSFER, "CONFIG words that no move took"},
      {"f: vsetivli t0, 2, e32, m1, ta, ma\n sf.vc.iv 0, 0, v8, 0\n", RVV_ARRAY_QUEUE, "there is no array"},
      {"f: vsetivli t0, 2, e32, m1, ta, ma\n sf.vc.v.i 0, 0, v8, 0\n li t0, 0xd0000000\n vse32.v v8, (t0)\n lw a0, 0(t0)\n", RVV_LANES_DIFFER,
       "a scalar register would get another value in every lane: lane 0 has 0x0 and lane 1 0x1; lw"},
      {"f: vsetivli t0, 2, e32, m1, ta, ma\n sf.vc.v.i 0, 0, v8, 0\n la t0, x\n vse32.v v8, (t0)\n.data\nx: .zero 8\n", RVV_LANES_DIFFER, "lane 0 has 0x0 and lane 1 0x1; vse32.v"},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    rvv_fault fault;
    int64_t arg = 7, got;
    rvv_image *image = testing_load(&ctx, arena_printf(&ctx.mem, ".globl f\n%s", cases[i].program), NULL, 0, 3, 128);
    call(&ctx, image, "f", &arg, 1, &got, &fault);
    if (fault.kind != cases[i].kind || !strstr(fault.text, cases[i].part))
      fail_msg("case %zu: %s: %s", i, rvv_fault_name(fault.kind), fault.text);
    loom_ctx_done(&ctx);
  }
}

/* Constants of the object are the same in all lanes, and a vector load of them is no fault. */
static void test_constants_are_one_for_all_lanes(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  rvv_image *image = testing_load(&ctx, ".globl f\nf: vsetivli t0, 4, e32, m1, ta, ma\n la t0, x\n vle32.v v8, (t0)\n vid.v v9\n vsll.vi v9, v9, 2\n vrsub.vi v9, v9, 12\n"
      " vluxei32.v v10, (t0), v9\n vadd.vv v8, v8, v10\n"
                                        " addi sp, sp, -16\n vse32.v v8, (sp)\n ld a0, 8(sp)\n ret\n.section .rodata\n.balign 4\nx: .word 1, 2, 3, 4\n", NULL, 0, 3, 128);
  rvv_fault fault;
  int64_t got;
  if (call(&ctx, image, "f", NULL, 0, &got, &fault) != RVV_FINE)
    fail_msg("%s", fault.text);
  assert_true(got == (INT64_C(5) << 32 | 5));
  loom_ctx_done(&ctx);
}

static loom_status load_for_sweep(loom_ctx *ctx, void *data) {
  const struct { const char *bytes; size_t size; } *o = data;
  const rvv_symbol symbols[] = {{"x", 0x1000}};
  LOOM_TRY(load(ctx, o->bytes, o->size, symbols, 1));
  return LOOM_OK;
}

static void test_out_of_memory_unwinds(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  struct { const char *bytes; size_t size; } o;
  o.bytes = testing_assemble(&ctx, ".globl f\nf: .option pic\n la a0, x\n ret\n", &o.size);
  testing_sweep_memory(load_for_sweep, &o);
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_relocations_reach_what_they_name), cmocka_unit_test(test_arguments_beyond_eight_are_on_the_stack),
      cmocka_unit_test(test_objects_that_cannot_be_loaded_say_why),
      cmocka_unit_test(test_damaged_objects_say_what_is_wrong), cmocka_unit_test(test_other_misuse_is_refused), cmocka_unit_test(test_faults_say_what_and_where),
      cmocka_unit_test(test_constants_are_one_for_all_lanes), cmocka_unit_test(test_out_of_memory_unwinds)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
