/* Facts of the running CPU from /sys, /proc and cpuid, and guesses of what cannot be asked for. */
#include "machine/machine_cpu.h"
#include "base/number.h"
#include "base/text.h"
#include "base/threads.h"
#include "base/tiles.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysinfo.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

static const struct { const char *label, *unit, *what; } names[] = {
#define X(name, parts, unit, what) {#name, unit, what},
    MACHINE_CPU_LIST(X)
#undef X
};

const char *machine_cpu_label(machine_cpu_name name) { return names[name].label; }
const char *machine_cpu_unit(machine_cpu_name name) { return names[name].unit; }
const char *machine_cpu_what(machine_cpu_name name) { return names[name].what; }

static void told(machine_cpu *c, machine_cpu_name name, double value, const char *source) { c->at[name] = (machine_cpu_value){.value = value, .source = source}; }
static void guessed(machine_cpu *c, machine_cpu_name name, double value, const char *note) {
  c->at[name] = (machine_cpu_value){.value = value, .note = note, .is_assumed = true};
}

/* ---- files of the system ---- */

static bool read_line(const char *path, char *out, int size) {
  FILE *f = fopen(path, "re");
  bool ok = f && fgets(out, size, f);
  if (f)
    fclose(f);
  return ok;
}

/* The value of the first line of `path` that begins with `key`. */
static bool find_line(const char *path, const char *key, char *out, int size) {
  FILE *f = fopen(path, "re");
  char line[4096];
  bool found = false;
  while (f && !found && fgets(line, sizeof line, f))
    if (strncmp(line, key, strlen(key)) == 0 && strchr(line, ':')) {
      const char *value = strchr(line, ':') + 1;
      snprintf(out, (size_t)size, "%s", value + strspn(value, " \t"));
      out[strcspn(out, "\n")] = 0;
      found = true;
    }
  if (f)
    fclose(f);
  return found;
}

/* "48K" */
static double size_of(const char *s) {
  char *end;
  double n = (double)strtoll(s, &end, 10);
  return *end == 'K' ? n * 1024 : *end == 'M' ? n * 1048576 : n;
}

/* Data caches of the first processor: by level; a cache that more than one core reaches is no private one. */
static void find_caches(machine_cpu *c) {
  static const machine_cpu_name by_level[] = {MACHINE_CPU_l1_bytes, MACHINE_CPU_l2_bytes, MACHINE_CPU_l3_bytes};
  for (int i = 0; i < 8; i++) {
    char path[96], level[16], type[32], size[32];
    const struct { const char *file; char *to; int room; } read[] = {{"level", level, sizeof level}, {"type", type, sizeof type}, {"size", size, sizeof size}};
    bool ok = true;
    for (int k = 0; k < 3; k++) {
      snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", i, read[k].file);
      ok = ok && read_line(path, read[k].to, read[k].room);
    }
    const char *digits = level;
    int at = ok ? number_take(&digits) : 0;
    if (at >= 1 && at <= 3 && !text_starts(type, "Instruction"))
      told(c, by_level[at - 1], size_of(size), "sysfs");
  }
  if (!(c->at[MACHINE_CPU_l1_bytes].value > 0))
    guessed(c, MACHINE_CPU_l1_bytes, 32768, "the system does not tell its caches");
  if (!(c->at[MACHINE_CPU_l2_bytes].value > 0))
    guessed(c, MACHINE_CPU_l2_bytes, 524288, "the system does not tell its caches");
  if (!(c->at[MACHINE_CPU_l3_bytes].value > 0))
    guessed(c, MACHINE_CPU_l3_bytes, c->at[MACHINE_CPU_l2_bytes].value, "no third level is told");
}

static void find_clock(machine_cpu *c) {
  char line[64];
  double khz = read_line("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq", line, sizeof line) ? strtod(line, NULL) : 0;
  if (khz > 1e5) {
    told(c, MACHINE_CPU_clock_hz, khz * 1e3, "sysfs, the highest");
    return;
  }
#if defined(__x86_64__)
  unsigned a = 0, b = 0, x = 0, d = 0;
  if (__get_cpuid(0x16, &a, &b, &x, &d) && b >= 100) {
    told(c, MACHINE_CPU_clock_hz, b * 1e6, "cpuid, the highest");
    return;
  }
#endif
  double mhz = find_line("/proc/cpuinfo", "cpu MHz", line, sizeof line) ? strtod(line, NULL) : 0;
  if (mhz > 100)
    told(c, MACHINE_CPU_clock_hz, mhz * 1e6, "/proc/cpuinfo");
  else
    guessed(c, MACHINE_CPU_clock_hz, 2.5e9, "the system does not tell it");
}

/* ---- instructions ---- */

static void find_vectors(arena *mem, machine_cpu *c) {
  char model[128] = "unknown CPU";
  (void)find_line("/proc/cpuinfo", "model name", model, sizeof model);
#if defined(__x86_64__)
  __builtin_cpu_init();
#define HAS(isa) (__builtin_cpu_supports(isa) != 0)
  c->has_avx2 = HAS("avx2") & HAS("fma");
  c->has_avx512 = c->has_avx2 & HAS("avx512f") & HAS("avx512vl") & HAS("avx512dq") & HAS("avx512bw");
  c->has_bf16 = c->has_avx512 & HAS("avx512bf16");
  c->has_vnni = c->has_avx512 & HAS("avx512vnni");
  unsigned a = 0, b = 0, x = 0, d = 0;
  const unsigned has_tiles = (unsigned)tiles_may_use() & (unsigned)__get_cpuid_count(7, 0, &a, &b, &x, &d);
  c->has_amx_bf16 = has_tiles & d >> 22 & 1;
  c->has_amx_i8 = has_tiles & d >> 25 & 1;
#endif
  machine_cpu_tell_vectors(mem, model, c);
}

void machine_cpu_tell_vectors(arena *mem, const char *model, machine_cpu *c) {
  const double bytes = c->has_avx512 ? 64 : c->has_avx2 ? 32 : 16;
  char *said = arena_strdup(mem, model);
  told(c, MACHINE_CPU_vector_bytes, bytes, "cpuid");
  told(c, MACHINE_CPU_lanes, bytes / 4, "vector_bytes / 4");
  told(c, MACHINE_CPU_product_rows, 6, "rows and columns of sums in registers");
  told(c, MACHINE_CPU_product_columns, bytes / 4 * (bytes == 64 ? 4 : 2), "rows and columns of sums in registers");
  for (char *p = said; *p; p++)      /* the name goes into YAML */
    if (*p == '"' || *p == '\\' || *p == '$' || (unsigned char)*p < ' ')
      *p = '_';
  c->name = arena_printf(mem, "%s, %s%s%s%s", said, c->has_avx512 ? "AVX-512" : c->has_avx2 ? "AVX2" : "128-bit vectors", c->has_bf16 ? ", bf16" : "", c->has_vnni ? ", VNNI" : "",
                         c->has_amx_bf16 || c->has_amx_i8 ? ", AMX" : "");
}

/* ---- guesses ---- */

/* Two vectors of multiply-adds a cycle; CPUs of family 0x19 (Zen 3 and 4) do 64-byte vectors in two halves. */
static double vectors_per_cycle(const machine_cpu *c) {
#if defined(__x86_64__)
  unsigned a = 0, b = 0, x = 0, d = 0;
  const int told = __get_cpuid(0, &a, &b, &x, &d);
  const bool is_amd = (told != 0) & (x == 0x444d4163);      /* "cAMD" of AuthenticAMD */
  const int tells_family = __get_cpuid(1, &a, &b, &x, &d);
  const unsigned family = ((a >> 8) & 15) + ((a >> 20) & 255);
  return (c->has_avx512 & is_amd & (tells_family != 0) & (family == 0x19)) != 0 ? 1 : 2;
#else
  (void)c;
  return 2;
#endif
}

void machine_cpu_guess_rates(machine_cpu *c, double vectors_per_cycle) {
  static const char note[] = "guessed from the vectors; 'loom machine calibrate' measures it";
  const double lanes = c->at[MACHINE_CPU_lanes].value, cores = c->at[MACHINE_CPU_cores].value, cycle_ns = 1e9 / c->at[MACHINE_CPU_clock_hz].value, two = vectors_per_cycle;
  const double gb = cycle_ns;      /* bytes a cycle of 1 GB/s */
  const struct { machine_cpu_name name; double value; } all[] = {
      {MACHINE_CPU_mac_f32, lanes * two}, {MACHINE_CPU_mac_f64, lanes * two / 2}, {MACHINE_CPU_mac_bf16, c->has_bf16 ? lanes * two * (two > 1 ? 1 : 2) : lanes * two / 2},
      {MACHINE_CPU_mac_amx_bf16, c->has_amx_bf16 ? 512 : 0}, {MACHINE_CPU_mac_i8, c->has_vnni ? lanes * 4 * two : lanes * two / 2},
      {MACHINE_CPU_mac_amx_i8, c->has_amx_i8 ? 1024 : 0}, {MACHINE_CPU_add, lanes * 0.75}, {MACHINE_CPU_sum, lanes * 1.5}, {MACHINE_CPU_div, lanes / 12},
      {MACHINE_CPU_exp, lanes / 7}, {MACHINE_CPU_l1_read, lanes * 8}, {MACHINE_CPU_l2_read, lanes * 2.5}, {MACHINE_CPU_l2_copy, lanes * 2}, {MACHINE_CPU_l3_read, 20 * gb},
      {MACHINE_CPU_l3_read_all, 20 * gb * cores}, {MACHINE_CPU_l3_copy, 20 * gb}, {MACHINE_CPU_dram_read, 12 * gb}, {MACHINE_CPU_dram_read_all, 12 * gb * (cores < 4 ? cores : 4)},
      {MACHINE_CPU_dram_copy, 12 * gb}, {MACHINE_CPU_dram_copy_all, 12 * gb * (cores < 4 ? cores : 4)}, {MACHINE_CPU_dram_stream, 14 * gb},
      {MACHINE_CPU_dram_stream_all, 14 * gb * (cores < 4 ? cores : 4)}, {MACHINE_CPU_dram_latency, 100 / cycle_ns}};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    guessed(c, all[i].name, all[i].value, note);
}

void machine_cpu_settle_dots(machine_cpu *c) {
  static const machine_cpu_name ways[][4] = {{MACHINE_CPU_dot_bf16, MACHINE_CPU_mac_f32, MACHINE_CPU_mac_bf16, MACHINE_CPU_mac_amx_bf16},
                                             {MACHINE_CPU_dot_i8, MACHINE_CPU_mac_i8, MACHINE_CPU_mac_i8, MACHINE_CPU_mac_amx_i8}};
  for (int i = 0; i < 2; i++) {
    c->at[ways[i][0]] = c->at[ways[i][1]];
    for (int k = 2; k < 4; k++)
      if (c->at[ways[i][k]].value > c->at[ways[i][0]].value)
        c->at[ways[i][0]] = c->at[ways[i][k]];
  }
}

const machine_cpu *machine_cpu_find(arena *mem) {
  machine_cpu *c = ARENA_NEW(mem, machine_cpu);
  struct sysinfo system;
  told(c, MACHINE_CPU_cores, threads_available(), "sched_getaffinity");
  find_vectors(mem, c);
  find_clock(c);
  find_caches(c);
  /* a cache keeps no buffer whole that fills all of it: other data goes through it */
  const double page = 4096, part = c->at[MACHINE_CPU_l2_bytes].value * 3 / 4;
  told(c, MACHINE_CPU_scratch_bytes, page * (double)(int64_t)(part / page), "three quarters of l2_bytes");
  if (sysinfo(&system) == 0)
    told(c, MACHINE_CPU_memory_bytes, (double)system.totalram * system.mem_unit, "sysinfo");
  else
    guessed(c, MACHINE_CPU_memory_bytes, 4294967296, "the system does not tell it");
  machine_cpu_guess_rates(c, vectors_per_cycle(c));
  machine_cpu_settle_dots(c);
  return c;
}
