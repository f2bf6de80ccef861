#include "cli/cli_calibration.h"
#include "base/data.h"
#include "base/text.h"
#include <stdio.h>

/* People know gigabytes and operations a second; files count cycles. */
typedef struct shown { double value; const char *unit; } shown;

static shown per_second(const machine_cpu *cpu, machine_cpu_name name) {
  const double v = cpu->at[name].value, giga = cpu->at[MACHINE_CPU_clock_hz].value * 1e-9;
  const char *unit = machine_cpu_unit(name);
  if (text_eq(unit, "bytes/cycle"))
    return (shown){v * giga, "GB/s"};
  if (text_eq(unit, "multiply-adds/cycle"))
    return (shown){2 * v * giga, "GFLOP/s"};
  if (text_eq(unit, "elements/cycle"))
    return (shown){v * giga, "Gelem/s"};
  return (shown){0, ""};
}

static data_value *row_data(arena *m, const machine_cpu *cpu, machine_cpu_name name) {
  const machine_cpu_value *v = &cpu->at[name];
  const shown s = per_second(cpu, name);
  data_value *row = data_object(m);
  data_set_string(m, row, "name", machine_cpu_label(name));
  data_set_string(m, row, "what", machine_cpu_what(name));
  data_set_real(m, row, "value", v->value);
  data_set_string(m, row, "unit", machine_cpu_unit(name));
  if (v->median > 0) {
    data_set_real(m, row, "median", v->median);
    data_set_real(m, row, "spread", v->spread);
  }
  data_set_bool(m, row, "measured", v->median > 0);
  if (*s.unit) {
    data_set_real(m, row, "per_second", s.value);
    data_set_string(m, row, "per_second_unit", s.unit);
  }
  return row;
}

static void print_row(const machine_cpu *cpu, machine_cpu_name name) {
  const machine_cpu_value *v = &cpu->at[name];
  const shown s = per_second(cpu, name);
  char rate[32] = "", spread[64];
  if (*s.unit)
    snprintf(rate, sizeof rate, "%.1f %s", s.value, s.unit);
  if (v->median > 0)
    snprintf(spread, sizeof spread, "spread %.1f %%", 100 * v->spread);
  else
    snprintf(spread, sizeof spread, "%s", v->is_assumed ? "guessed" : v->source);
  printf("%-16s %14.6g %-20s %16s  %-18s %s\n", machine_cpu_label(name), v->value, machine_cpu_unit(name), rate, spread, machine_cpu_what(name));
}

void cli_print_calibration(loom_ctx *ctx, const machine_cpu *cpu, const char *written, bool json) {
  arena *m = &ctx->mem;
  if (!json) {
    printf("%s\n", cpu->name);
    for (int i = 0; i < MACHINE_CPU_NAMES; i++)
      print_row(cpu, (machine_cpu_name)i);
    printf("written          %s\n", written);
    return;
  }
  data_value *v = data_object(m), *rows = data_array(m);
  data_set_string(m, v, "schema", "loom.calibration.v1");
  data_set_string(m, v, "cpu", cpu->name);
  for (int i = 0; i < MACHINE_CPU_NAMES; i++)
    data_push(m, rows, row_data(m, cpu, (machine_cpu_name)i));
  data_set(m, v, "values", rows);
  data_set_string(m, v, "written", written);
  printf("%s\n", data_write_json(m, v, 1));
}
