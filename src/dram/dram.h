/* dram: memory channels, request by request.  A channel is fed requests and asked clock by clock for what comes back; between them it says when it next has to run.
 * Takes: machine (dram, dram.bank).  Leaves: the clock at which every request is answered, and counts.
 *
 * Two models.  RATE: a request is answered latency after it came, one after the other at the channel's rate.  BANK: pseudo channels, bank groups and banks
 * with one open row each, the timing of machine's MACHINE_BANK_LIST, and a controller that every clock gives one command:
 *   1. Requests for which it opened a row come first; of those that may be served now, the one that came first.
 *   2. Else it looks at its reads, or at its writes while it drains those: from write_start writes on (or no read there) until write_stop are left and reads wait.
 *      Every request needs its bank's row open: an activate when the bank is closed, a precharge when another row is open, else its read or write.  Of the commands
 *      that timing allows now, that of the request that came first is given (first ready, first come first served).  A precharge that would close a row under a
 *      request of rule 1 is not given, and nothing in its place.
 *   3. A read of an address that a kept write has is answered from that write at once.
 * Reads are answered cl + burst after their command, one a clock; writes when their command is given.  There is no refresh.
 *
 * Nothing is searched per clock but the banks that have requests: each keeps its oldest request for the open row and its oldest for another one. */
#ifndef LOOM_DRAM_DRAM_H
#define LOOM_DRAM_DRAM_H
#include "machine/machine.h"

typedef enum dram_model { DRAM_RATE, DRAM_BANK } dram_model;
const char *dram_model_name(dram_model m);             /* "simple", "bank": what --dram calls them */
/* LOOM_EUSAGE with did-you-mean for another word. */
LOOM_MUST_USE loom_status dram_model_of(loom_ctx *ctx, const char *word, dram_model *out);

/* What the models need of a machine; made once for all channels. */
typedef struct dram_params {
  dram_model model;
  int64_t n_channels, request_bytes;
  int64_t clock_hz;                     /* of the memory */
  int channel_shift;                    /* line >> channel_shift: a line's number within its channel */
  bool hashes;
  int64_t page_lines;                   /* without hashing: lines of a page */
  int64_t latency, interval_256;        /* RATE: clocks, 1/256 clock a request */
  machine_bank bank;                    /* BANK */
  int column_bits, pseudo_bits, group_bits, bank_bits, n_pseudo, n_groups;      /* n_groups: of all pseudo channels */
  int64_t read_latency, read_to_write, write_to_read_s, write_to_read_l, write_to_precharge, column_gap;   /* BANK: clocks */
  const uint8_t *low_hash, *high_hash;  /* channel of a hashed line: low[bits 0..9] ^ high[bits 10..19] */
} dram_params;

/* LOOM_EINPUT: BANK on a machine without dram.bank; a hash over a number of channels it is not defined for.
 * A machine without dram.bank has requests of dram.align_bytes at the core clock in the RATE model. */
LOOM_MUST_USE loom_status dram_params_of(loom_ctx *ctx, const machine *m, dram_model model, dram_params *out);
/* A line is an address / request_bytes.  Its channel, and its number there. */
int dram_channel_of(const dram_params *p, int64_t line);
int64_t dram_local_line(const dram_params *p, int64_t line);

typedef struct dram_counts {
  int64_t reads, writes;                /* requests answered */
  int64_t row_hits, row_misses, row_conflicts, forwarded;   /* BANK, by a request's first command: row open, bank closed, other row open; answered from a write */
} dram_counts;

typedef struct dram_answer { int64_t local_line; uint32_t owner; } dram_answer;
typedef struct dram_channel dram_channel;
/* `p` is kept.  The channel grows in `mem`. */
dram_channel *dram_channel_new(arena *mem, const dram_params *p);
/* A request that reaches the memory in clock `at`; clocks of one channel's pushes must not fall, and at most one request a clock gets into the controller.
 * `owner` (any value) comes back with the answer. */
void dram_push(dram_channel *c, int64_t at, int64_t local_line, bool is_write, uint32_t owner);
/* The next clock in which dram_run does anything; INT64_MAX: none until something is pushed. */
int64_t dram_next(const dram_channel *c);
/* Runs clock `clk`: every clock from dram_next on must be run, in order; others may be.  True: an answer leaves in this clock, at most one. */
bool dram_run(dram_channel *c, int64_t clk, dram_answer *out);
const dram_counts *dram_channel_counts(const dram_channel *c);
#endif
