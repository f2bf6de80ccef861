#include "report/report_diff.h"
#include <string.h>

enum { EDITS_MAX = 3000 };               /* the search keeps (edits)^2 / 2 numbers */

typedef VEC_OF(report_line) line_list;

static line_list split(arena *m, const char *text) {
  line_list out = {0};
  for (const char *p = text; *p;) {
    size_t n = strcspn(p, "\n");
    vec_push(m, &out, ((report_line){' ', p, n}));
    p += n + (p[n] == '\n');
  }
  return out;
}

static bool same(const report_line *a, const report_line *b) { return a->n == b->n && memcmp(a->at, b->at, a->n) == 0; }

/* Furthest x on each diagonal k = x - y after d edits, kept for every d: reach[d][k + d]. */
typedef struct search { const line_list *a, *b; int **reach; int edits; } search;

static int step(const search *s, int d, int k) {   /* down (an insertion) or right (a deletion) from d - 1, whichever reaches further */
  const int *last = s->reach[d - 1] + (d - 1);
  bool down = k == -d || (k != d && last[k - 1] < last[k + 1]);
  return down ? last[k + 1] : last[k - 1] + 1;
}

static bool find(arena *m, search *s) {
  int n = (int)s->a->n, l = (int)s->b->n, most = n + l < EDITS_MAX ? n + l : EDITS_MAX;
  s->reach = ARENA_NEW_N(m, int *, most + 1);
  for (int d = 0; d <= most; d++) {
    s->reach[d] = ARENA_NEW_N(m, int, 2 * d + 1);
    for (int k = -d; k <= d; k += 2) {
      int x = d == 0 ? 0 : step(s, d, k), y = x - k;
      while (x < n && y < l && same(&s->a->at[x], &s->b->at[y])) {
        x++;
        y++;
      }
      s->reach[d][k + d] = x;
      if (x >= n && y >= l) {   /* both ends: any place beyond takes more edits */
        s->edits = d;
        return true;
      }
    }
  }
  return false;
}

static void push(arena *m, line_list *out, const report_line *l, char mark) { vec_push(m, out, ((report_line){mark, l->at, l->n})); }

/* The path from the end to the start, so the lines come backwards. */
static void walk_back(arena *m, const search *s, line_list *out) {
  int x = (int)s->a->n, y = (int)s->b->n;
  for (int d = s->edits; d > 0; d--) {
    int k = x - y, from = step(s, d, k);
    const int *last = s->reach[d - 1] + (d - 1);
    bool down = k == -d || (k != d && last[k - 1] < last[k + 1]);
    for (; x > from; x--, y--)
      push(m, out, &s->a->at[x - 1], ' ');
    if (down)
      push(m, out, &s->b->at[--y], '+');
    else
      push(m, out, &s->a->at[--x], '-');
  }
  for (; x > 0; x--)
    push(m, out, &s->a->at[x - 1], ' ');
}

void report_diff_texts(arena *m, const char *old_text, const char *new_text, report_diff *out) {
  line_list a = split(m, old_text), b = split(m, new_text), back = {0};
  search s = {.a = &a, .b = &b};
  *out = (report_diff){.is_whole = !find(m, &s)};
  if (out->is_whole) {
    for (size_t i = 0; i < a.n; i++)
      vec_push(m, &out->lines, ((report_line){'-', a.at[i].at, a.at[i].n}));
    for (size_t i = 0; i < b.n; i++)
      vec_push(m, &out->lines, ((report_line){'+', b.at[i].at, b.at[i].n}));
    return;
  }
  walk_back(m, &s, &back);
  for (size_t i = back.n; i > 0; i--)
    vec_push(m, &out->lines, back.at[i - 1]);
}
