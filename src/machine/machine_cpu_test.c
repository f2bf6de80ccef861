/* What the system tells of the CPU, from files of the test's making (this program's fopen and sysinfo stand before those of libc); guesses and measurements of CPUs of every kind.
 * Oracles: the files; the formulas of machine_cpu.h in plain C; of the loops that are measured, what they compute. */
#include "base/file.h"
#include "base/threads.h"
#include "machine/machine_calibrate.h"
#include "machine/machine_measure.h"
#include "machine/machine_template.h"
#include "machine/machine_testing.h"
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define SYSTEM __attribute__((visibility("default")))
typedef struct system_file { const char *path, *text; } system_file;
static const system_file *files;      /* NULL: the system's own */
static bool no_sysinfo;
static int mappings_until_failure, threads_until_failure, barriers_until_failure;      /* 0: none fails */

SYSTEM FILE *fopen(const char *path, const char *mode) {
  static FILE *(*real)(const char *, const char *);
  if (!real) {
    void *address = dlsym(RTLD_NEXT, "fopen");
    memcpy(&real, &address, sizeof real);
  }
  if (!files || (strncmp(path, "/sys/", 5) != 0 && strncmp(path, "/proc/cpuinfo", 13) != 0))
    return real(path, mode);
  for (const system_file *f = files; f->path; f++)
    if (strstr(path, f->path))
      return *f->text ? fmemopen((void *)(uintptr_t)f->text, strlen(f->text), "r") : real("/dev/null", "r");
  return NULL;
}
SYSTEM int sysinfo(struct sysinfo *s) { return no_sysinfo ? -1 : (int)syscall(SYS_sysinfo, s); }
SYSTEM void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
  if (mappings_until_failure && --mappings_until_failure == 0) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);      /* NOLINT: an address is a number here */
}
SYSTEM int pthread_create(pthread_t *out, const pthread_attr_t *attributes, void *(*fn)(void *), void *data) {
  static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
  void *address = dlsym(RTLD_NEXT, "pthread_create");
  memcpy(&real, &address, sizeof real);
  return threads_until_failure && --threads_until_failure == 0 ? EAGAIN : real(out, attributes, fn, data);
}
SYSTEM int pthread_barrier_init(pthread_barrier_t *b, const pthread_barrierattr_t *attributes, unsigned n) {
  static int (*real)(pthread_barrier_t *, const pthread_barrierattr_t *, unsigned);
  void *address = dlsym(RTLD_NEXT, "pthread_barrier_init");
  memcpy(&real, &address, sizeof real);
  return barriers_until_failure && --barriers_until_failure == 0 ? EAGAIN : real(b, attributes, n);
}

/* ---- facts ---- */

#define CACHE(i, level, type, size) {"index" #i "/level", level}, {"index" #i "/type", type}, {"index" #i "/size", size}
#define CPUINFO(text) {"/proc/cpuinfo", text}

static void test_what_the_system_tells(void **state) {
  loom_ctx *ctx = *state;
  static const struct { system_file files[16]; double l1, l2, l3, hz; bool l1_assumed, l3_assumed, hz_may_be_cpuid; const char *name; } rows[] = {
      {{CACHE(0, "1\n", "Data\n", "48K\n"), CACHE(1, "1\n", "Instruction\n", "32K\n"), CACHE(2, "2\n", "Unified\n", "2M\n"), CACHE(3, "3\n", "Unified\n", "1000\n"), {"cpuinfo_max_freq", "3000000\n"}, CPUINFO("model name\t: A \"B\" $C\\D\tE\n")},
       49152, 2097152, 1000, 3e9, false, false, false, "A _B_ _C_D_E, "},
      {{CACHE(0, "0\n", "Data\n", "48K\n"), CACHE(1, "4\n", "Unified\n", "48K\n"), CACHE(2, "x\n", "Unified\n", "48K\n"), {"index4/level", ""}, {"index3/level", "1\n"}, {"index3/type", "Data\n"}, {"cpuinfo_max_freq", "3\n"}, CPUINFO("other: 1\ncpu MHz\t\t: 1234.5\nmodel name no colon\n")},
       32768, 524288, 524288, 1234.5e6, true, true, true, "unknown CPU, "},
      {{CPUINFO("cpu MHz\t\t: 7\n")}, 32768, 524288, 524288, 2.5e9, true, true, true, "unknown CPU, "},
      {{CPUINFO("")}, 32768, 524288, 524288, 2.5e9, true, true, true, "unknown CPU, "},
      {{{"no such file", ""}}, 32768, 524288, 524288, 2.5e9, true, true, true, "unknown CPU, "},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    files = rows[i].files;
    no_sysinfo = i % 2;
    const machine_cpu *c = machine_cpu_find(&ctx->mem);
    files = NULL;
    no_sysinfo = false;
    const machine_cpu_value *at = c->at;
    if (at[MACHINE_CPU_l1_bytes].value != rows[i].l1 || at[MACHINE_CPU_l2_bytes].value != rows[i].l2 || at[MACHINE_CPU_l3_bytes].value != rows[i].l3 || at[MACHINE_CPU_l1_bytes].is_assumed != rows[i].l1_assumed ||
        at[MACHINE_CPU_l3_bytes].is_assumed != rows[i].l3_assumed)
      fail_msg("row %zu: caches of %g, %g and %g", i, at[MACHINE_CPU_l1_bytes].value, at[MACHINE_CPU_l2_bytes].value, at[MACHINE_CPU_l3_bytes].value);
    const bool by_cpuid = at[MACHINE_CPU_clock_hz].source && strstr(at[MACHINE_CPU_clock_hz].source, "cpuid, ");
    if (at[MACHINE_CPU_clock_hz].value != rows[i].hz && !(by_cpuid && rows[i].hz_may_be_cpuid))
      fail_msg("row %zu: a clock of %g", i, at[MACHINE_CPU_clock_hz].value);
    if (!text_starts(c->name, rows[i].name))
      fail_msg("row %zu: '%s'", i, c->name);
    assert_int_equal(at[MACHINE_CPU_memory_bytes].is_assumed, i % 2);
    assert_true(at[MACHINE_CPU_scratch_bytes].value <= at[MACHINE_CPU_l2_bytes].value * 3 / 4 && at[MACHINE_CPU_scratch_bytes].value > at[MACHINE_CPU_l2_bytes].value * 3 / 4 - 4096);
    assert_true(at[MACHINE_CPU_cores].value == threads_available());
  }
}

static void test_each_number_has_a_name_and_a_unit(void **state) {
  (void)state;
  for (int i = 0; i < MACHINE_CPU_NAMES; i++)
    assert_true(*machine_cpu_label((machine_cpu_name)i) && machine_cpu_unit((machine_cpu_name)i) && *machine_cpu_what((machine_cpu_name)i));
  assert_string_equal(machine_cpu_label(MACHINE_CPU_mac_f32), "mac_f32");
  assert_string_equal(machine_cpu_unit(MACHINE_CPU_dram_latency), "cycles");
}

/* ---- guesses ---- */

static void test_guesses_follow_the_vectors(void **state) {
  loom_ctx *ctx = *state;
  static const struct { machine_cpu cpu; double per_cycle, cores, bytes, columns, f32, f64, bf16, i8, dot_bf16, dot_i8, dram_all; const char *name; } rows[] = {
      {{0}, 2, 1, 16, 8, 8, 4, 4, 4, 8, 4, 12, "M, 128-bit vectors"},
      {{.has_avx2 = true}, 2, 2, 32, 16, 16, 8, 8, 8, 16, 8, 24, "M, AVX2"},
      {{.has_avx2 = true, .has_avx512 = true}, 2, 4, 64, 64, 32, 16, 16, 16, 32, 16, 48, "M, AVX-512"},
      {{.has_avx2 = true, .has_avx512 = true, .has_bf16 = true, .has_vnni = true}, 2, 64, 64, 64, 32, 16, 32, 128, 32, 128, 48, "M, AVX-512, bf16, VNNI"},
      {{.has_avx2 = true, .has_avx512 = true, .has_bf16 = true, .has_vnni = true}, 1, 3, 64, 64, 16, 8, 32, 64, 32, 64, 36, "M, AVX-512, bf16, VNNI"},
      {{.has_avx2 = true, .has_avx512 = true, .has_bf16 = true, .has_vnni = true, .has_amx_bf16 = true, .has_amx_i8 = true}, 2, 3, 64, 64, 32, 16, 32, 128, 512, 1024, 36, "M, AVX-512, bf16, VNNI, AMX"},
      {{.has_avx2 = true, .has_avx512 = true, .has_amx_i8 = true}, 2, 3, 64, 64, 32, 16, 16, 16, 32, 1024, 36, "M, AVX-512, AMX"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    machine_cpu c = rows[i].cpu;
    c.at[MACHINE_CPU_clock_hz].value = 1e9;      /* a GB/s is a byte a cycle */
    c.at[MACHINE_CPU_cores].value = rows[i].cores;
    machine_cpu_tell_vectors(&ctx->mem, "M", &c);
    machine_cpu_guess_rates(&c, rows[i].per_cycle);
    machine_cpu_settle_dots(&c);
    const struct { machine_cpu_name name; double is; } want[] = {
        {MACHINE_CPU_vector_bytes, rows[i].bytes}, {MACHINE_CPU_lanes, rows[i].bytes / 4}, {MACHINE_CPU_product_columns, rows[i].columns}, {MACHINE_CPU_mac_f32, rows[i].f32}, {MACHINE_CPU_mac_f64, rows[i].f64},
        {MACHINE_CPU_mac_bf16, rows[i].bf16}, {MACHINE_CPU_mac_i8, rows[i].i8}, {MACHINE_CPU_dot_bf16, rows[i].dot_bf16}, {MACHINE_CPU_dot_i8, rows[i].dot_i8}, {MACHINE_CPU_dram_read_all, rows[i].dram_all}};
    for (size_t k = 0; k < COUNT_OF(want); k++)
      if (c.at[want[k].name].value != want[k].is)
        fail_msg("row %zu: %s is %g, expected %g", i, machine_cpu_label(want[k].name), c.at[want[k].name].value, want[k].is);
    assert_string_equal(c.name, rows[i].name);
    assert_true(c.at[MACHINE_CPU_mac_f32].is_assumed && !c.at[MACHINE_CPU_lanes].is_assumed);
  }
}

/* ---- measuring ---- */

static void test_the_loops_compute_what_they_are_named_for(void **state) {
  loom_ctx *ctx = *state;
  enum { N = 256 };
  const machine_cpu *here = machine_cpu_find(&ctx->mem);
  for (int width = 0; width < 3; width++) {
    const machine_cpu cpu = {.has_avx2 = width > 0, .has_avx512 = width > 1};
    if ((cpu.has_avx2 && !here->has_avx2) || (cpu.has_avx512 && !here->has_avx512))
      continue;
    float *memory = aligned_alloc(64, 3 * N * sizeof(float));      /* streams want whole lines */
    const measure_arrays m = {memory, memory + N, memory + 2 * N, N * sizeof(float)};
    const struct { measure_loop loop; int what; } rows[] = {{measure_vector_loop(&cpu, MACHINE_CPU_add), '+'}, {measure_vector_loop(&cpu, MACHINE_CPU_div), '/'}, {measure_vector_loop(&cpu, MACHINE_CPU_exp), 'e'},
                                                            {measure_copy_loop(&cpu), '='}, {measure_stream_loop(&cpu), '='}, {measure_read_loop(&cpu), 's'}};
    for (size_t r = 0; r < COUNT_OF(rows); r++) {
      double sum = 0, got = 0;
      for (int i = 0; i < N; i++) {
        m.a[i] = 0;
        m.b[i] = (float)(i % 17) / 8;
        m.c[i] = (float)(i % 5 + 1);
        sum += (double)m.b[i];
      }
      rows[r].loop(&m, 2);
      for (int i = 0; i < N; i++) {
        const double b = (double)m.b[i], c = (double)m.c[i], want = rows[r].what == '+' ? b + c : rows[r].what == '/' ? b / c : rows[r].what == 'e' ? exp(b) : b;
        got += (double)m.a[i];
        if (rows[r].what != 's' && fabs((double)m.a[i] - want) > 1e-3 * fabs(want) + 1e-6)
          fail_msg("width %d, loop %zu: a[%d] is %g, expected %g", width, r, i, (double)m.a[i], want);
      }
      assert_true(rows[r].what != 's' || fabs(got - sum) < 1e-3 * sum);
    }
    measure_latency_loop(&m, 3);
    measure_clock_loop(&m, 3);
    assert_null(measure_vector_loop(&cpu, MACHINE_CPU_dram_latency));
    free(memory);
  }
}

static void test_each_multiply_add_has_a_loop_where_the_cpu_has_it(void **state) {
  loom_ctx *ctx = *state;
  static const struct { machine_cpu cpu; machine_cpu_name name; double work; } rows[] = {
      {{0}, MACHINE_CPU_mac_f32, 0}, {{.has_avx2 = true}, MACHINE_CPU_mac_f32, 96}, {{.has_avx2 = true}, MACHINE_CPU_mac_f64, 48}, {{.has_avx2 = true, .has_avx512 = true}, MACHINE_CPU_mac_f32, 192},
      {{.has_avx2 = true, .has_avx512 = true}, MACHINE_CPU_mac_f64, 96}, {{.has_avx512 = true}, MACHINE_CPU_mac_bf16, 0}, {{.has_bf16 = true}, MACHINE_CPU_mac_bf16, 384}, {{.has_vnni = true}, MACHINE_CPU_mac_i8, 768},
      {{.has_amx_bf16 = true}, MACHINE_CPU_mac_amx_bf16, 32768}, {{.has_amx_i8 = true}, MACHINE_CPU_mac_amx_i8, 65536}, {{.has_avx512 = true}, MACHINE_CPU_add, 0}};
  const machine_cpu *here = machine_cpu_find(&ctx->mem);
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    double work = 0;
    measure_loop loop = measure_fma_loop(&rows[i].cpu, rows[i].name, &work);
#ifndef __x86_64__
    assert_null(loop);
#else
    if (work != rows[i].work || (loop != NULL) != (work > 0))
      fail_msg("row %zu: %g multiply-adds", i, work);
    const machine_cpu *c = &rows[i].cpu;
    const bool runs = loop && (!c->has_avx2 || here->has_avx2) && (!c->has_avx512 || here->has_avx512) && (!c->has_bf16 || here->has_bf16) && (!c->has_vnni || here->has_vnni) && (!c->has_amx_bf16 || here->has_amx_bf16) &&
                      (!c->has_amx_i8 || here->has_amx_i8);
    if (runs)
      loop(&(measure_arrays){0}, 2);
#endif
  }
}

static void test_a_calibration_is_a_machine(void **state) {
  loom_ctx *ctx = *state;
  const machine_cpu *cpu;
  expect_ok(ctx, machine_calibrate(ctx, true, &cpu));
  static const machine_cpu_name measured[] = {MACHINE_CPU_clock_hz, MACHINE_CPU_add, MACHINE_CPU_sum, MACHINE_CPU_div, MACHINE_CPU_exp, MACHINE_CPU_l1_read, MACHINE_CPU_l2_copy, MACHINE_CPU_l3_read_all, MACHINE_CPU_dram_read,
                                              MACHINE_CPU_dram_stream_all, MACHINE_CPU_dram_latency};
  for (size_t i = 0; i < COUNT_OF(measured); i++) {
    const machine_cpu_value *v = &cpu->at[measured[i]];
    if (!(v->value > 0) || v->is_assumed || !text_starts(v->source, "measured: best of 3 runs") || v->spread < 0 || v->spread > 1)
      fail_msg("%s: %g, %s", machine_cpu_label(measured[i]), v->value, v->source);
  }
  const char *yaml;
  machine *m;
  expect_ok(ctx, machine_calibrated_yaml(ctx, cpu, &yaml));
  assert_non_null(strstr(yaml, cpu->name));
  expect_ok(ctx, machine_from_yaml(ctx, "host.yaml", yaml, strlen(yaml), &m));
  assert_string_equal(m->host_cpu, cpu->name);
  assert_int_equal(machine_cores(m), (int64_t)cpu->at[MACHINE_CPU_cores].value);
  assert_non_null(strstr(machine_describe(&ctx->mem, m), cpu->name));
  machine_set_path(NULL, 0);
  assert_int_equal(machine_calibrated_yaml(ctx, cpu, &yaml), LOOM_EIO);
  testing_expect_error(ctx, LOOM_EIO, "machines/host.yaml, which the numbers go into, is not on the search path", 0, 0);
}

static void test_a_calibration_without_memory_or_threads_ends(void **state) {
  loom_ctx *ctx = *state;
  const machine_cpu *cpu;
  int n = 1;
  for (loom_status st = LOOM_EMEM; st != LOOM_OK; n++) {      /* each measurement fails once */
    const diag_mark mark = diag_save(ctx);
    mappings_until_failure = n;
    st = machine_calibrate(ctx, true, &cpu);
    const bool struck = mappings_until_failure == 0;
    mappings_until_failure = 0;
    assert_int_equal(st, struck ? LOOM_EMEM : LOOM_OK);
    if (struck)
      testing_expect_error(ctx, LOOM_EMEM, "no memory for arrays of", 0, 0);
    diag_drop(ctx, mark);
    if (n >= 24)
      break;
  }
  assert_true(n > 15);
  for (int which = 0; which < 2; which++) {
    *(which ? &threads_until_failure : &barriers_until_failure) = 1;
    const diag_mark mark = diag_save(ctx);
    const loom_status st = machine_calibrate(ctx, true, &cpu);
    const bool struck = (which ? threads_until_failure : barriers_until_failure) == 0;
    threads_until_failure = barriers_until_failure = 0;
    assert_int_equal(st, struck ? LOOM_EIO : LOOM_OK);
    if (struck)
      testing_expect_error(ctx, LOOM_EIO, "threads cannot be started", 0, 0);
    diag_drop(ctx, mark);
  }
}

int main(void) {
#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
  const struct CMUnitTest tests[] = {T(test_what_the_system_tells), T(test_each_number_has_a_name_and_a_unit), T(test_guesses_follow_the_vectors), T(test_the_loops_compute_what_they_are_named_for),
                                     T(test_each_multiply_add_has_a_loop_where_the_cpu_has_it), T(test_a_calibration_is_a_machine), T(test_a_calibration_without_memory_or_threads_ends)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
