/* loom report of a model, for people: kernels, memory over time, what was fused, what tuning pays. */
#include "cli/worker_network.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BAR = 40, TUNING_SHOWN = 10, NAME_MAX_SHOWN = 44 };

static bool is_ms(const data_value *report) { return text_eq(data_get_string(report, "unit", ""), "ms"); }

static const char *time_text(arena *m, const data_value *report, double t) { return is_ms(report) ? arena_printf(m, "%.3f ms", t) : text_thousands(m, (int64_t)llround(t)); }

static int name_width(const data_value *kernels) {
  size_t n = 6;
  for (size_t i = 0; i < kernels->n; i++)
    if (strlen(data_get_string(kernels->items[i], "name", "")) > n)
      n = strlen(data_get_string(kernels->items[i], "name", ""));
  return n < NAME_MAX_SHOWN ? (int)n : NAME_MAX_SHOWN;
}

static void print_kernels(arena *m, const data_value *report) {
  const data_value *kernels = data_get(report, "kernels");
  const int w = name_width(kernels);
  printf("\n%-*s %14s %6s %9s  %-8s %-10s %s\n", w, "kernel", is_ms(report) ? "time" : "cycles", "share", "of limit", "bound by", "plan", "made of");
  for (size_t i = 0; i < kernels->n; i++) {
    const data_value *k = kernels->items[i], *parts = data_get(k, "parts");
    const char *same = data_get_string(k, "same_as", NULL), *proof = data_get_string(k, "proof", NULL);
    printf("%-*s %14s %5.1f%% %8.0f%%  %-8s %-10s ", w, data_get_string(k, "name", ""), time_text(m, report, data_get_real(k, "time")), 100 * data_get_real(k, "share"),
           100 * data_get_real(k, "of_limit"), data_get_string(k, "bound_by", ""), same ? "as before" : proof ? proof : "-");
    for (size_t p = 0; p < parts->n && p < 4; p++)
      printf("%s%s", p ? ", " : "", data_get_string(parts->items[p], "op", ""));
    printf("%s (line %.0f)\n", parts->n > 4 ? arena_printf(m, ", %zu more", parts->n - 4) : parts->n ? "" : data_get_string(k, "op", ""), data_get_real(k, "line"));
  }
}

static void print_bar(double part, double whole, char c) {
  for (int k = 0, n = whole > 0 ? (int)lround((double)BAR * part / whole) : 0; k < n; k++)
    putchar(c);
}

/* DRAM '#', L1 '+'. */
static void print_memory(arena *m, const data_value *report) {
  const data_value *memory = data_get(report, "memory"), *time = data_get(memory, "over_time"), *l1 = data_get(memory, "l1");
  const double peak = data_get_real(memory, "peak_bytes");
  double most = 0;
  for (size_t i = 0; i < time->n; i++)
    most = fmax(most, data_get_real(time->items[i], "bytes") + data_get_real(time->items[i], "l1_bytes"));
  if (most <= 0)
    return;
  printf("\nmemory between kernels: %s bytes at most, %s; %.2f of the most that is alive at once\n", text_thousands(m, (int64_t)peak),
         text_eq(data_get_string(memory, "proof", NULL), "optimal") ? "optimal, proved" : arena_printf(m, "best found, bound %s", text_thousands(m, (int64_t)data_get_real(memory, "lower_bound"))),
         peak > 0 ? peak / fmax(1, data_get_real(memory, "lower_bound")) : 1);
  if (l1 && data_get_real(l1, "tensors") > 0)
    printf("in L1: %.0f tensors of %s bytes, up to %s bytes of each core; predicted %s cycles, %s with all in DRAM\n", data_get_real(l1, "tensors"), text_thousands(m, (int64_t)data_get_real(l1, "bytes")),
           text_thousands(m, (int64_t)data_get_real(l1, "peak_bytes")), text_thousands(m, (int64_t)data_get_real(l1, "predicted_cycles")),
           text_thousands(m, (int64_t)data_get_real(l1, "predicted_cycles_in_dram")));
  const int w = name_width(data_get(report, "kernels"));
  printf("%-*s %14s %14s\n", w, "", "DRAM", l1 ? "L1" : "");
  for (size_t i = 0; i < time->n; i++) {
    const double dram = data_get_real(time->items[i], "bytes"), on_chip = data_get_real(time->items[i], "l1_bytes");
    printf("%-*s %14s %14s ", w, data_get_string(time->items[i], "kernel", ""), text_thousands(m, (int64_t)dram), l1 ? text_thousands(m, (int64_t)on_chip) : "");
    print_bar(dram, most, '#');
    print_bar(on_chip, most, '+');
    putchar('\n');
  }
}

/* Which tensors are where, and why. */
static void print_places(arena *m, const data_value *report) {
  const data_value *tensors = data_get(data_get(report, "memory"), "tensors");
  bool any = false;
  for (size_t i = 0; i < tensors->n; i++) {
    const data_value *t = tensors->items[i];
    const char *space = data_get_string(t, "space", ""), *why = data_get_string(t, "why", NULL), *of = data_get_string(t, "in_place_of", NULL);
    if (!why && !of)
      continue;
    printf("%s  %-12s %12s bytes %s%s%s\n", any ? "" : "\ntensors\n", data_get_string(t, "name", ""), text_thousands(m, (int64_t)data_get_real(t, "bytes")), text_eq(space, "l1") ? "in L1: " : "in DRAM: ",
           why ? why : "", of ? arena_printf(m, "%sin place of %s", why ? "; " : "", of) : "");
    any = true;
  }
}

/* Where several operations became one kernel, and why the next did not join. */
static void print_fusion(const data_value *report) {
  const data_value *kernels = data_get(report, "kernels");
  bool any = false;
  for (size_t i = 0; i < kernels->n; i++) {
    const data_value *k = kernels->items[i], *parts = data_get(k, "parts");
    const char *ends = data_get_string(k, "ends", NULL);
    if (data_get_string(k, "same_as", NULL) || (parts->n < 2 && !ends))
      continue;
    printf("%s%s\n", any ? "" : "\nfused\n", data_get_string(k, "name", ""));
    any = true;
    for (size_t p = 0; p < parts->n; p++)
      printf("  %-24s line %-6.0f %s\n", data_get_string(parts->items[p], "op", ""), data_get_real(parts->items[p], "line"), data_get_string(parts->items[p], "why", NULL));
    if (ends)
      printf("  ends: %s\n", ends);
  }
}

static void print_tuning(arena *m, const data_value *report) {
  const data_value *tuning = data_get(report, "tuning");
  const int w = name_width(data_get(report, "kernels"));
  printf("\nwhat tuning could gain at most\n");
  for (size_t i = 0; i < tuning->n && i < TUNING_SHOWN; i++) {
    const data_value *t = tuning->items[i];
    printf("%-*s x%-3.0f %14s of %s (%.1f %% of all): %s\n", w, data_get_string(t, "kernel", ""), data_get_real(t, "calls"), time_text(m, report, data_get_real(t, "gain")),
           time_text(m, report, data_get_real(t, "time")), 100 * data_get_real(t, "share"), data_get_string(t, "advice", ""));
  }
  if (tuning->n > TUNING_SHOWN)
    printf("and %zu more (--json has all)\n", tuning->n - TUNING_SHOWN);
}

void worker_program_report_print(arena *m, const data_value *report) {
  const double total = data_get_real(report, "time"), limit = data_get_real(report, "limit");
  printf("program      @%s on %s: %zu kernels, %.0f compiled\n", data_get_string(report, "program", ""), data_get_string(report, "machine", ""),
         data_get(report, "kernels")->n, data_get_real(report, "compiled"));
  printf("%-12s %s%s, %.0f %% of the machine's limit (%s)\n", data_get(report, "measured")->boolean ? is_ms(report) ? "measured" : "simulated" : "predicted", time_text(m, report, total),
         is_ms(report) ? "" : " cycles", total > 0 ? 100 * limit / total : 0, time_text(m, report, limit));
  print_kernels(m, report);
  print_memory(m, report);
  print_places(m, report);
  print_fusion(report);
  print_tuning(m, report);
}
