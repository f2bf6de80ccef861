/* What a lane did, one piece behind the other, and fewer of them where there are more than can be drawn; they add up to the same all the same. */
#ifndef LOOM_REPORT_PIECES_H
#define LOOM_REPORT_PIECES_H
#include "base/text.h"
#include "base/vec.h"

enum { REPORT_SLICES = 24000, REPORT_MIXED = -1, REPORT_KINDS_MAX = 16 };

/* kind REPORT_MIXED: several short ones; then `node` is the kind that takes most of it and `other` the cycles of that. */
typedef struct report_piece { int64_t cycles, bytes, other; int kind, node; } report_piece;
typedef VEC_OF(report_piece) report_pieces;

/* Joins neighbours where the `n` lanes of a run of `cycles` have more than REPORT_SLICES pieces.  Returns the cycles below which pieces were joined; 0: none were. */
int64_t report_fit_pieces(arena *m, report_pieces *lanes, int n, int64_t cycles);
/* Adds the JSON members "resolution" and "lanes" ([cycles, kind, node, other, bytes, ..] for each). */
void report_put_lanes(text *t, const report_pieces *lanes, int n, int64_t resolution);
#endif
