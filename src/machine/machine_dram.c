#include "machine/machine_dram.h"
#include "base/text.h"

int64_t machine_dram_bytes(const machine *m) { return m->host_cpu ? 0 : m->dram_channels * m->dram_channel_bytes; }

int64_t machine_dram_room(const machine *m, int64_t bytes) {
  const int64_t round = m->dram_page_bytes * m->dram_channels;
  int64_t room;
  if (round < 1)
    return bytes;
  const int64_t rounds = bytes / round + (bytes % round > 0);
  return __builtin_mul_overflow(rounds, round, &room) ? INT64_MAX : room;
}

/* Those that take most first; of equal ones the order in which they are given. */
static void sort_uses(const machine *m, machine_dram_use *uses, size_t n) {
  for (size_t i = 1; i < n; i++) {
    const machine_dram_use u = uses[i];
    size_t k = i;
    for (; k && machine_dram_room(m, uses[k - 1].bytes) < machine_dram_room(m, u.bytes); k--)
      uses[k] = uses[k - 1];
    uses[k] = u;
  }
}

int64_t machine_dram_sum(const machine *m, const machine_dram_use *uses, size_t n) {
  int64_t all = 0;
  for (size_t i = 0; i < n; i++)
    if (__builtin_add_overflow(all, machine_dram_room(m, uses[i].bytes), &all))
      return INT64_MAX;
  return all;
}

const char *machine_dram_text(arena *mem, const machine *m, const machine_dram_use *uses, size_t n) {
  enum { NAMED_MAX = 8 };
  machine_dram_use *sorted = ARENA_NEW_N(mem, machine_dram_use, n + 1);
  text t = text_new(mem);
  if (n)
    memcpy(sorted, uses, n * sizeof *uses);
  sort_uses(m, sorted, n);
  for (size_t i = 0; i < n && i < NAMED_MAX; i++)
    text_addf(&t, "%s%s %" PRId64 " B", i ? " + " : "", sorted[i].name, machine_dram_room(m, sorted[i].bytes));
  if (n > NAMED_MAX)
    text_addf(&t, " + %zu more %" PRId64 " B", n - NAMED_MAX, machine_dram_sum(m, sorted + NAMED_MAX, n - NAMED_MAX));
  text_addf(&t, " = %" PRId64 " B > DRAM %" PRId64 " B", machine_dram_sum(m, uses, n), machine_dram_bytes(m));
  return text_str(&t);
}

bool machine_dram_fits(const machine *m, const machine_dram_use *uses, size_t n) { return machine_dram_bytes(m) < 1 || machine_dram_sum(m, uses, n) <= machine_dram_bytes(m); }
