/* Shared by the files of this room only. */
#ifndef LOOM_DRAM_PRIVATE_H
#define LOOM_DRAM_PRIVATE_H
#include "dram/dram.h"

/* A ring that doubles in the arena when it is full. */
typedef struct dram_entry { int64_t at, line; uint32_t owner; bool is_write; } dram_entry;
typedef struct dram_ring { dram_entry *items; uint32_t room, head, n; } dram_ring;      /* room: a power of two, or 0 */
void dram_ring_grow(arena *mem, dram_ring *r);
static inline void dram_ring_push(arena *mem, dram_ring *r, dram_entry e) {
  if (r->n == r->room)
    dram_ring_grow(mem, r);
  r->items[(r->head + r->n++) & (r->room - 1)] = e;
}
static inline dram_entry *dram_ring_front(const dram_ring *r) { return &r->items[r->head]; }
static inline void dram_ring_pop(dram_ring *r) {
  r->head = (r->head + 1) & (r->room - 1);
  r->n--;
}

enum { DRAM_READ, DRAM_WRITE, DRAM_KINDS, DRAM_BANKS_MAX = 64, DRAM_PSEUDO_MAX = 8, DRAM_GROUPS_MAX = 64, DRAM_NONE = -1 };

/* A request that the controller keeps; in a list of its bank and kind, oldest first, until it gets its row opened. */
typedef struct dram_request { int64_t order, line, row; uint32_t owner; int next, prev; uint8_t bank; bool is_write, is_started; } dram_request;

/* Clocks from which on a command may be given, and the two candidates of each kind: their `order`, INT64_MAX when there is none.  `hit`: oldest request for the open
 * row; `other`: oldest request for another row, or the oldest of all when the bank is closed.  What every choice looks at comes first and fills a cache line. */
typedef struct dram_bank {
  int64_t row;                                           /* open one; -1: closed */
  int64_t hit_order[DRAM_KINDS], other_order[DRAM_KINDS], column_ready[DRAM_KINDS];
  int64_t other_ready;                                   /* a precharge when open, an activate when closed */
  int64_t activate_ready;                                /* as far as it is known while the bank is open */
  int hit[DRAM_KINDS], other[DRAM_KINDS], head[DRAM_KINDS], tail[DRAM_KINDS];
  int opener;                                            /* the request for which the row was opened and that still waits; DRAM_NONE */
  uint8_t pseudo, group;                                 /* group: numbered over all pseudo channels */
  uint8_t unused[2];
} dram_bank;

/* Within a pseudo channel; its columns' clocks are kept with its groups. */
typedef struct dram_pseudo { int64_t activate_ready, activates[4]; int newest; } dram_pseudo;   /* activates: the last four */
typedef struct dram_group { int64_t column_ready[DRAM_KINDS], activate_ready; } dram_group;      /* columns: of the group and of its pseudo channel, the later */

struct dram_channel {
  const dram_params *p;
  arena *mem;
  int64_t wake;
  dram_ring inbox, reading, answers;                     /* waiting to get in; reads on their way; answers that leave one a clock */
  int64_t last_read, free_256;                           /* BANK: when the newest of `reading` is done; RATE: when the next answer may be */
  dram_counts counts;
  /* BANK */
  int64_t next_command, orders;
  int newest_bank;                                       /* that had the last command: most likely the next one's */
  bool is_writing;
  int n[DRAM_KINDS], free;
  dram_request *pool;
  uint64_t waiting[DRAM_KINDS], opened;                  /* sets of banks: with requests of a kind; with an opener */
  int64_t bus_ready;                                     /* activates and precharges, of the whole channel */
  dram_pseudo pseudo[DRAM_PSEUDO_MAX];
  dram_group groups[DRAM_GROUPS_MAX];
  dram_bank banks[DRAM_BANKS_MAX];
};

/* ---- the banks (dram_bank.c) ---- */
void dram_bank_init(dram_channel *c);
/* False: the queue is full. */
bool dram_bank_accept(dram_channel *c, int64_t clk, const dram_entry *e);
/* Gives at most one command; a write it serves goes to `answers`, a read to `reading`.  Returns the next clock in which it can give one. */
int64_t dram_bank_command(dram_channel *c, int64_t clk);
#endif
