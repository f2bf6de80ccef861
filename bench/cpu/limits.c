#include "limits.h"
#include "machine/machine_measure.h"
#include <math.h>
#include <stdlib.h>

typedef struct job { measure_loop loop; measure_arrays arrays; int64_t times; } job;

static void run(void *data) {
  const job *j = data;
  j->loop(&j->arrays, j->times);
}

static void finish(void *data) {
  job *j = data;
  free(j->arrays.a);
  free(j->arrays.b == j->arrays.a ? NULL : j->arrays.b);
  free(j);
}

static limit make(const char *name, measure_loop loop, size_t bytes, bool copies, int64_t times) {
  job *j = peer_memory(sizeof *j);
  *j = (job){.loop = loop, .times = times};
  j->arrays.bytes = bytes / 4096 * 4096;
  j->arrays.a = peer_memory(bytes + 4096);
  j->arrays.b = copies ? peer_memory(bytes + 4096) : j->arrays.a;
  return (limit){name, {run, j, finish}};
}

int limits_open(arena *mem, const bench_result *b, limit *out) {
  const machine_cpu *cpu = machine_cpu_find(mem);
  const double bytes = (double)(b->bytes_read + b->bytes_written);
  if (b->limit.compute_ms > b->limit.memory_ms) {
    double work = 1;
    machine_cpu_name name = 0;
    while (name + 1 < MACHINE_CPU_NAMES && strcmp(machine_cpu_label(name), b->limit.compute) != 0)
      name++;
    measure_loop loop = measure_fma_loop(cpu, name, &work);
    if (!loop)
      return 0;
    out[0] = make("limit: fma", loop, 4096, false, (int64_t)((double)b->products / 2 / work) + 1);
    return 1;
  }
  if ((double)b->bytes_written < 0.1 * bytes) {
    out[0] = make("limit: read", measure_read_loop(cpu), (size_t)bytes, false, 1);
    return 1;
  }
  out[0] = make("limit: copy", measure_copy_loop(cpu), (size_t)(bytes / 2), true, 1);
  out[1] = make("limit: stream", measure_stream_loop(cpu), (size_t)(bytes / 2), true, 1);
  return 2;
}
