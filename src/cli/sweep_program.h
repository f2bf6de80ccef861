/* loom-sweep: `loom sweep` in a program of its own, which knows SQLite and starts `loom` for every point.  Hands compute points, here or elsewhere; one process writes. */
#ifndef LOOM_CLI_SWEEP_PROGRAM_H
#define LOOM_CLI_SWEEP_PROGRAM_H
#include "cli/cli.h"
#include "sweep/db/sweep_db.h"

/* A point that was computed, or could not be: `is_lost`, because something ended the process that did, or the one that waited for it. */
typedef struct sweep_done { size_t point; bool is_lost; double seconds; sweep_row row; const data_value *plans; } sweep_done;

/* ---- sweep_hands.c: processes of this machine, a point each ---- */
typedef struct sweep_hands sweep_hands;
/* Up to n at a time, with scratch files below `dir`, which is made when a point begins. */
LOOM_MUST_USE loom_status sweep_hands_open(loom_ctx *ctx, int n, const char *dir, sweep_hands **out);
int sweep_hands_free(const sweep_hands *h);
/* `words` of sweep_words; a hand must be free.  `number` comes back in sweep_done. */
LOOM_MUST_USE loom_status sweep_hands_start(sweep_hands *h, const char *const *words, size_t number);
/* One that is done, *out_found; at once, whether there is or not.  Texts of *out are of `m`. */
LOOM_MUST_USE loom_status sweep_hands_take(sweep_hands *h, loom_ctx *ctx, sweep_done *out, bool *out_found);
void sweep_hands_close(sweep_hands *h);      /* ends what still runs, and takes the scratch files away; NULL: nothing */

/* ---- sweep_job.c ---- */
struct sweep_transport;
/* Is this process one of several of a job of MPI?  *out NULL: no.  LOOM_EUNSUP: it is, and Loom was built, or is installed, without MPI.  Where the others do not join within a few times
 * `lost_s`, the process ends with a message. */
LOOM_MUST_USE loom_status sweep_job_open(loom_ctx *ctx, double lost_s, const struct sweep_transport **out);

/* ---- sweep_ranks.c: the same on other processes of an MPI job ---- */
typedef struct sweep_ranks sweep_ranks;
/* Of sweep_job_open, with $LOOM_SWEEP_LOST_S. */
LOOM_MUST_USE loom_status sweep_ranks_open(loom_ctx *ctx, sweep_ranks **out);
int sweep_ranks_number(const sweep_ranks *r);
int sweep_ranks_count(const sweep_ranks *r);
int sweep_ranks_free(const sweep_ranks *r);
LOOM_MUST_USE loom_status sweep_ranks_start(sweep_ranks *r, loom_ctx *ctx, const char *const *words, size_t number);
LOOM_MUST_USE loom_status sweep_ranks_take(sweep_ranks *r, loom_ctx *ctx, sweep_done *out, bool *out_found);
/* What a rank other than 0 does until it is told to stop. */
LOOM_MUST_USE loom_status sweep_ranks_serve(sweep_ranks *r, loom_ctx *ctx, sweep_hands *hands);
void sweep_ranks_close(sweep_ranks *r);      /* rank 0 tells the others to stop */

/* ---- sweep_shard.c ---- */
/* `loom run --shard` in such a job: starts it and speaks to the other ranks for it; argv of this program.  The exit code of the process. */
int sweep_shard(loom_ctx *ctx, char **argv);

/* ---- commands ---- */
loom_status sweep_run_file(loom_ctx *ctx, const cli_options *o, const char *path);
loom_status sweep_show(loom_ctx *ctx, const cli_options *o);
loom_status sweep_diff(loom_ctx *ctx, const cli_options *o);
loom_status sweep_export(loom_ctx *ctx, const cli_options *o);
#endif
