/* What things are called in pictures: nodes, cores, links.  By number, made once. */
#ifndef LOOM_REPORT_NAMES_H
#define LOOM_REPORT_NAMES_H
#include "report/report.h"

typedef struct report_names {
  const tog_node **node;                 /* by id */
  const char **node_name;                /* label, else the kind; of a loop the label, else its variable */
  const char **core;                     /* by core: "(3, 0)" */
  int n_nodes, n_cores;
} report_names;

void report_name_all(arena *m, const tog *t, int n_cores, report_names *out);
/* "(1, 2)" of core `i` of the machine's whole mesh, which may be larger than the graph's. */
const char *report_machine_core(arena *m, const machine *chip, int64_t i);
/* What a phase is: "wait: free slot of x", "receive from core (0, 3)", "matrix". */
const char *report_phase_name(arena *m, const report_run *run, const report_names *names, const sim_slice *x);
#endif
