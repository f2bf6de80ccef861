/* Line differences of two texts, the fewest there can be (E. W. Myers, "An O(ND) Difference Algorithm", 1986). */
#ifndef LOOM_REPORT_DIFF_H
#define LOOM_REPORT_DIFF_H
#include "base/arena.h"
#include "base/vec.h"
#include <stdbool.h>

typedef struct report_line {
  char mark;                             /* ' ' in both, '-' in the old text only, '+' in the new one only */
  const char *at; size_t n;              /* without its newline */
} report_line;
typedef struct report_diff {
  VEC_OF(report_line) lines;
  bool is_whole;                         /* too many differences to look for the fewest: all of the old, then all of the new */
} report_diff;

/* The lines point into the texts. */
void report_diff_texts(arena *m, const char *old_text, const char *new_text, report_diff *out);
#endif
