/* What --explain, --neighbours, --topk and --pareto say, as text.  Takes the JSON that --json prints, so that both say the same. */
#include "base/text.h"
#include "cli/cli.h"
#include <stdio.h>

enum { TRADES_SHOWN = 24 };

void cli_print_sizes(const data_value *o) {
  static const char *const kinds[] = {"block_sizes", "booleans"};
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    const data_value *v = data_get(o, kinds[k]);
    for (size_t i = 0; v && i < v->n; i++)
      printf(" %s=%" PRId64, v->members[i].key, v->members[i].value->integer);
  }
}

/* ---- explain ---- */

static void print_terms(arena *m, const data_value *terms) {
  printf("cost split  ");
  for (size_t i = 0; terms && i < terms->n; i++)
    printf("%s %s %s", i ? "," : "", terms->members[i].key, text_thousands(m, terms->members[i].value->integer));
  puts(" (cycles if the others took no time)");
}

static void print_limits(arena *m, const data_value *limits, int64_t cost) {
  for (size_t i = 0; limits && i < limits->n; i++) {
    const data_value *x = limits->items[i];
    int64_t without = data_get_int(x, "cost_without", 0);
    bool is_proven = data_get_bool(x, "is_proven");
    printf("limit        %s: ", data_get_string(x, "limit", ""));
    if (without < cost)
      printf("without it %s%s cycles, %s fewer\n", is_proven ? "" : "at most ", text_thousands(m, without), text_thousands(m, cost - without));
    else
      puts(is_proven ? "costs nothing" : "not known what it costs");
  }
}

static void print_cost(arena *m, const data_value *cycles, const char *why, int64_t cost) {
  if (cycles)
    printf("%s cycles (%s%.2f %%)\n", text_thousands(m, cycles->integer), cycles->integer < cost ? "" : "+", cost ? 100.0 * (double)(cycles->integer - cost) / (double)cost : 0.0);
  else
    printf("%s\n", why);
}

static void print_step(arena *m, const char *label, const data_value *s, int64_t cost) {
  const data_value *to = data_get(s, "to");
  printf("%s%s %" PRId64, label, data_get_string(s, "symbol", ""), data_get_int(s, "from", 0));
  if (to)
    printf(" -> %" PRId64, to->integer);
  fputs(": ", stdout);
  print_cost(m, data_get(s, "cost"), data_get_string(s, "why", ""), cost);
}

static void print_steps(arena *m, const char *label, const data_value *steps, int64_t cost) {
  for (size_t i = 0; steps && i < steps->n; i++)
    print_step(m, label, steps->items[i], cost);
}

static void print_moves(arena *m, const data_value *moves, int64_t cost) {
  for (size_t i = 0; moves && i < moves->n; i++) {
    const data_value *x = moves->items[i], *cycles = data_get(x, "cost");
    printf("another way  %s %s -> %s: ", data_get_string(x, "access", ""), data_get_string(x, "from", ""), data_get_string(x, "to", ""));
    print_cost(m, cycles, data_get_string(x, "why", ""), cost);
  }
}

void cli_print_explain(arena *m, const data_value *e, int64_t cost) {
  const data_value *next = data_get(e, "runner_up");
  printf("binding      %s\n", data_get_string(e, "binding", ""));
  print_terms(m, data_get(e, "cost_split"));
  print_limits(m, data_get(e, "limits"), cost);
  print_steps(m, "step         ", data_get(e, "steps"), cost);
  print_moves(m, data_get(e, "moves"), cost);
  if (data_get_int(e, "ties", 0))
    printf("ties         %s others take the same time; the first wins\n", text_thousands(m, data_get_int(e, "ties", 0)));
  if (next)
    printf("runner-up    %s: %s\n", data_get_string(next, "name", ""), data_get_string(next, "why_lost", ""));
}

static void print_list(const char *label, const data_value *list) {
  for (size_t i = 0; list && i < list->n; i++)
    printf("%s%s\n", label, list->items[i]->string);
}

void cli_print_conflict(const data_value *c) {
  print_list("  impossible: ", data_get(c, "alone"));
  if (data_get(c, "together")) {
    printf("  cannot all hold%s:\n", data_get_bool(c, "is_minimal") ? ", while without any of them the others can" : "");
    print_list("    ", data_get(c, "together"));
  }
}

void cli_print_certificate(const data_value *row) {
  const data_value *certified = data_get(row, "certified"), *core = data_get(row, "core");
  if (!certified)
    return;
  printf(certified->boolean ? "  certified\n" : "  not certified: %s\n", data_get_string(row, "reason", ""));
  if (core && !data_get(row, "conflict")) {
    printf("  cannot all hold:\n");
    print_list("    ", core);
  }
}

/* ---- lists ---- */

void cli_print_neighbours(arena *m, const data_value *steps, int64_t cost) { print_steps(m, "neighbour    ", steps, cost); }

void cli_print_ranks(arena *m, const data_value *rows) {
  for (size_t i = 0; rows && i < rows->n; i++) {
    const data_value *r = rows->items[i];
    printf("%-4zu %14s  %s:", i + 1, text_thousands(m, data_get_int(r, "cost", 0)), data_get_string(r, "name", ""));
    cli_print_sizes(r);
    putchar('\n');
  }
}

/* Both ends and evenly what lies between. */
void cli_print_trades(arena *m, const data_value *rows, bool is_complete) {
  size_t shown = rows->n > TRADES_SHOWN ? TRADES_SHOWN : rows->n;
  for (size_t k = 0; k < shown; k++) {
    const data_value *r = rows->items[shown > 1 ? k * (rows->n - 1) / (shown - 1) : 0], *bytes = data_get(r, "bytes");
    printf("trade        %s cycles", text_thousands(m, data_get_int(r, "cost", 0)));
    for (size_t i = 0; bytes && i < bytes->n; i++)
      printf(", %s %s B", bytes->members[i].key, text_thousands(m, bytes->members[i].value->integer));
    printf(": %s:", data_get_string(r, "name", ""));
    cli_print_sizes(r);
    putchar('\n');
  }
  if (shown < rows->n)
    printf("%s trades, %zu shown; --json has all\n", text_thousands(m, (int64_t)rows->n), shown);
  if (!is_complete)
    puts("the budget or the time was up: there may be better trades");
}
