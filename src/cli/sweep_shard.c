/* `loom run --shard` and `loom explore` in a job of MPI: this process speaks to the other ranks, the one that it starts computes (`loom` and its worker, which know nothing of MPI) and asks through a socket
 * (run/run_ranks.h).
 *
 *   rank 0          collects results, watches all others, and says what went wrong where
 *   others          watch rank 0; what their `loom` says goes to rank 0 when it ends
 *
 * A message between ranks is a kind and contents.  Nobody waits without a limit: a rank that is not heard of for $LOOM_RANKS_LOST_S seconds (20) ends the job. */
#include "base/clock.h"
#include "base/file.h"
#include "base/process.h"
#include "cli/sweep_program.h"
#include "cli/sweep_transport.h"
#include "run/run_ranks.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KIND_ALIVE = 'A', KIND_PART = 'P', KIND_MESSAGE = 'M', KIND_END = 'E', KIND_STOP = 'S', SAID_MAX = 1 << 20, POLL_MS = 1 };
static const double alive_s = 0.5, others_s = 3, same_s = 1;      /* between signs of life; how long rank 0 waits for others when its own part has failed, and for its own when another has */

typedef struct part { struct part *next; void *bytes; size_t size; } part;
typedef struct parts { part *first, **last; } parts;
/* Another rank: when it was heard of, parts of results and messages that have come, and how it ended. */
typedef struct peer { double heard; parts results, messages; bool is_over; int code; const char *said; } peer;
typedef struct speaker {
  loom_ctx *ctx; const sweep_transport *t;
  pid_t child; int socket, said;      /* said: its standard error, in memory; -1: it goes where ours does */
  bool is_over; int code; double over_since, failed_since;      /* of another; 0: none has */
  enum { IDLE, REDUCING, GATHERING, RECEIVING } state;
  int from;                           /* where what it waits for is to come from */
  int64_t sent, sent_bytes; bool is_told_of;      /* messages; with --debug */
  char *bytes; size_t size;           /* of what is asked for */
  peer *peers; double lost_s, alive;
  bool is_told;                       /* the end has been sent */
} speaker;

/* ---- the one that computes ---- */

static loom_status start(speaker *s, char **argv) {
  int ends[2];
  const pid_t us = getpid();
  const char *loom = cli_find_loom(&s->ctx->mem);
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
    LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_EIO, "no socket can be made: %s", strerror(errno));
  s->said = cli_rank_in_job() > 0 ? memfd_create("messages", MFD_CLOEXEC) : -1;
  s->socket = ends[0];
  argv[0] = arena_strdup(&s->ctx->mem, loom);
  s->child = fork();      /* this process has one thread: MPI is not there yet */
  if (s->child == 0) {
    close(ends[0]);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != us)
      _exit(1);
    if (s->said >= 0) {                 /* rank 0 prints what there is to print */
      const int nowhere = open("/dev/null", O_WRONLY);
      dup2(s->said, STDERR_FILENO);
      if (nowhere >= 0)
        dup2(nowhere, STDOUT_FILENO);
    }
    setenv(RUN_RANKS_VARIABLE, arena_printf(&s->ctx->mem, "%d", ends[1]), 1);
    execv(loom, argv);
    _exit(loom_status_exit(LOOM_EIO));
  }
  close(ends[1]);
  return s->child > 0 ? LOOM_OK : diag_error(s->ctx, LOOM_NOSPAN, LOOM_EIO, "no process can be started: %s", strerror(errno));
}

static void watch_child(speaker *s) {
  int status;
  if (s->is_over || waitpid(s->child, &status, WNOHANG) != s->child)
    return;
  s->is_over = true;
  s->over_since = clock_seconds();
  s->code = process_exit_code(status);
}

static void end_child(speaker *s) {
  if (!s->is_over && s->child > 0) {
    kill(s->child, SIGTERM);
    (void)process_wait(s->child, NULL);
    s->is_over = true;
  }
}

/* ---- what it asks for ---- */

static void answer(speaker *s, const void *bytes, int64_t size) {
  if (file_write_all(s->socket, &size, sizeof size) && size > 0)
    (void)file_write_all(s->socket, bytes, (size_t)size);      /* one that is gone is seen by its end */
}

static void forget(speaker *s) {
  s->t->release(s->bytes);
  s->bytes = NULL;
  s->state = IDLE;
}

static void send_kind(speaker *s, int to, char kind, const void *bytes, size_t size) {
  char *message = s->t->reserve(size + 1);
  message[0] = kind;
  if (size)
    memcpy(message + 1, bytes, size);
  s->t->send(to, message, size + 1);
  s->t->release(message);
}

static void begin(speaker *s, const run_ranks_request *q) {
  const int32_t who[2] = {s->t->number, s->t->size};
  switch (q->what) {
  case RUN_RANKS_HELLO:
    answer(s, who, sizeof who);
    break;
  case RUN_RANKS_REDUCE:
    s->state = REDUCING;
    if (!s->t->reduce_start(q->type, q->op, s->bytes, s->size)) {
      answer(s, NULL, -1);
      break;
    }
    return;
  case RUN_RANKS_RECEIVE:
    s->state = RECEIVING;
    s->from = q->type;
    return;
  case RUN_RANKS_SEND:
    s->sent++;
    s->sent_bytes += (int64_t)s->size;
    send_kind(s, q->type, KIND_MESSAGE, s->bytes, s->size);
    answer(s, NULL, 0);
    break;
  default:
    if (s->t->number == 0) {
      s->state = GATHERING;
      return;
    }
    send_kind(s, 0, KIND_PART, s->bytes, s->size);
    answer(s, NULL, 0);
  }
  forget(s);
}

static void take_request(speaker *s) {
  struct pollfd p = {.fd = s->socket, .events = POLLIN};
  run_ranks_request q;
  if (s->state != IDLE || s->is_over) {
    poll(NULL, 0, POLL_MS);
    return;
  }
  if (poll(&p, 1, POLL_MS) <= 0 || !(p.revents & POLLIN)) {
    if (p.revents)      /* it has closed its end: its own end comes next */
      poll(NULL, 0, POLL_MS);
    return;
  }
  if (!file_read_all(s->socket, &q, sizeof q) || q.bytes < 0 || q.bytes > RUN_RANKS_BYTES_MAX || (q.what >= RUN_RANKS_SEND && (q.type < 0 || q.type >= s->t->size)))
    return;
  s->size = (size_t)q.bytes;
  s->bytes = s->t->reserve(s->size + 1);
  if (file_read_all(s->socket, s->bytes, s->size))
    begin(s, &q);
  else
    forget(s);
}

static void add_part(speaker *s, parts *to, void *bytes, size_t size) {
  part *add = *to->last = ARENA_NEW(&s->ctx->mem, part);
  *add = (part){.bytes = bytes, .size = size};
  to->last = &add->next;
}

static void drop_first(const speaker *s, parts *of) {
  s->t->release(of->first->bytes);
  of->first = of->first->next;
  if (!of->first)
    of->last = &of->first;
}

/* A message, or the end of who was to send it. */
static void answer_receive(speaker *s) {
  peer *p = &s->peers[s->from];
  if (!p->messages.first && !p->is_over)
    return;
  if (p->messages.first) {
    answer(s, p->messages.first->bytes, (int64_t)p->messages.first->size);
    drop_first(s, &p->messages);
  } else {
    answer(s, NULL, -1);
  }
  forget(s);
}

static void answer_gather(speaker *s) {
  for (int i = 1; i < s->t->size; i++)
    if (!s->peers[i].results.first)
      return;
  answer(s, NULL, 0);
  for (int i = 0; i < s->t->size; i++) {
    part *p = i ? s->peers[i].results.first : &(part){.bytes = s->bytes, .size = s->size};
    const int64_t n = (int64_t)p->size;
    if (file_write_all(s->socket, &n, sizeof n))
      (void)file_write_all(s->socket, p->bytes, p->size);
    if (i > 0)
      drop_first(s, &s->peers[i].results);
  }
  forget(s);
}

static void go_on(speaker *s) {
  if (s->state == REDUCING && s->t->reduce_done()) {
    answer(s, s->bytes, (int64_t)s->size);
    forget(s);
  } else if (s->state == GATHERING) {
    answer_gather(s);
  } else if (s->state == RECEIVING) {
    answer_receive(s);
  }
}

/* ---- other ranks ---- */

static void *copy_of(const speaker *s, const char *bytes, size_t size) {
  char *copy = s->t->reserve(size + 1);
  memcpy(copy, bytes, size);
  return copy;
}

/* False: rank 0 says that it is over. */
static bool take_message(speaker *s) {
  void *bytes;
  size_t size;
  int from;
  while (s->t->receive(&from, &bytes, &size)) {
    const char *message = bytes;
    peer *p = &s->peers[from];
    p->heard = clock_seconds();
    if (message[0] == KIND_PART || message[0] == KIND_MESSAGE) {
      add_part(s, message[0] == KIND_PART ? &p->results : &p->messages, copy_of(s, message + 1, size - 1), size - 1);
    } else if (message[0] == KIND_END) {
      p->is_over = true;
      memcpy(&p->code, message + 1, sizeof p->code);
      p->said = arena_strndup(&s->ctx->mem, message + 1 + sizeof p->code, size - 1 - sizeof p->code);
    }
    const bool stop = message[0] == KIND_STOP;
    s->t->release(bytes);
    if (stop)
      return false;
  }
  return true;
}

static void say_alive(speaker *s) {
  if (clock_seconds() - s->alive < alive_s)
    return;
  s->alive = clock_seconds();
  for (int i = 0; i < s->t->size; i++)
    if (i != s->t->number && (i == 0 || s->t->number == 0))
      send_kind(s, i, KIND_ALIVE, NULL, 0);
}

/* A rank that is not heard of; 0: none.  Ranks other than 0 watch rank 0: -1. */
static int find_lost(const speaker *s) {
  const double now = clock_seconds();
  if (s->t->number > 0)
    return now - s->peers[0].heard > s->lost_s ? -1 : 0;
  for (int i = 1; i < s->t->size; i++)
    if (now - s->peers[i].heard > s->lost_s)
      return i;
  return 0;
}

static void tell_end(speaker *s) {
  char *message = s->t->reserve(SAID_MAX + sizeof s->code);
  memcpy(message, &s->code, sizeof s->code);
  const ssize_t n = pread(s->said, message + sizeof s->code, SAID_MAX, 0);
  send_kind(s, 0, KIND_END, message, sizeof s->code + (n > 0 ? (size_t)n : 0));
  for (int i = 1; i < s->t->size; i++)      /* who may wait for a message */
    if (i != s->t->number)
      send_kind(s, i, KIND_END, message, sizeof s->code);
  s->t->release(message);
  s->is_told = true;
}

/* ---- the end ---- */

static int finish(speaker *s, bool is_whole, int code) {
  static const char nothing[1];
  end_child(s);
  if (s->is_told_of && s->t->number == 0)
    fprintf(stderr, "loom: rank 0 of %d sent %" PRId64 " messages, %" PRId64 " bytes\n", s->t->size, s->sent, s->sent_bytes);
  for (int i = 1; i < s->t->size && s->t->number == 0; i++)
    send_kind(s, i, KIND_STOP, nothing, 0);
  fflush(NULL);
  s->t->finish(is_whole, code);
  return code;
}

static int fail_lost(speaker *s, int lost) {
  diag_error(s->ctx, LOOM_NOSPAN, LOOM_EWORKER, "rank %d has not been heard of for %.0f s; all ranks are needed, and the job ends", lost > 0 ? lost : 0, s->lost_s);
  cli_print_diagnostics(s->ctx);
  return finish(s, false, loom_status_exit(LOOM_EWORKER));
}

/* Of another rank, while our own part is well. */
static int fail_other(speaker *s, int i) {
  fprintf(stderr, "loom: rank %d ended with exit code %d%s\n%s", i, s->peers[i].code, *s->peers[i].said ? ":" : "", s->peers[i].said);
  return finish(s, false, s->peers[i].code);
}

/* Rank 0: is it over, and how?  False: not yet. */
static bool judge(speaker *s, int *out_code) {
  int over = 0, failed = 0;
  for (int i = s->t->size - 1; i > 0; i--) {
    over += s->peers[i].is_over;
    failed = s->peers[i].is_over && s->peers[i].code ? i : failed;
  }
  const bool all = s->is_over && over == s->t->size - 1;
  s->failed_since = failed && s->failed_since == 0 ? clock_seconds() : s->failed_since;
  const bool agrees = s->is_over && s->code;      /* what one says of a wrong command all say */
  if (failed && !agrees && (s->is_over || clock_seconds() - s->failed_since > same_s))
    *out_code = fail_other(s, failed);
  else if (all)
    *out_code = finish(s, true, s->code);
  else if (s->is_over && s->code && clock_seconds() - s->over_since > others_s)      /* others may wait for it */
    *out_code = finish(s, false, s->code);
  else
    return false;
  return true;
}

static int serve(speaker *s) {
  int code = 0;
  for (;;) {
    take_request(s);
    if (!take_message(s))
      return finish(s, true, s->code);
    go_on(s);
    watch_child(s);
    say_alive(s);
    const int lost = find_lost(s);
    if (lost)
      return fail_lost(s, lost);
    if (s->t->number == 0 && judge(s, &code))
      return code;
    if (s->t->number > 0 && s->is_over && !s->is_told)
      tell_end(s);
  }
}

int sweep_shard(loom_ctx *ctx, char **argv) {
  speaker s = {.ctx = ctx, .socket = -1, .said = -1, .lost_s = cli_seconds_of("LOOM_RANKS_LOST_S", 20)};
  (void)signal(SIGPIPE, SIG_IGN);
  for (char **a = argv; *a; a++)
    s.is_told_of = s.is_told_of || strcmp(*a, "--debug") == 0;
  loom_status st = start(&s, argv);
  if (st == LOOM_OK)
    st = sweep_job_open(ctx, s.lost_s, &s.t);
  if (st == LOOM_OK && !s.t) {      /* a job of one process: nobody to speak to */
    end_child(&s);
    setenv(RUN_RANKS_VARIABLE, "-1", 1);
    execv(argv[0], argv);
    st = diag_error(ctx, LOOM_NOSPAN, LOOM_EIO, "loom cannot be started: %s", strerror(errno));
  }
  if (st != LOOM_OK) {
    end_child(&s);
    cli_print_diagnostics(ctx);
    return loom_status_exit(st);
  }
  s.peers = ARENA_NEW_N(&ctx->mem, peer, s.t->size);
  for (int i = 0; i < s.t->size; i++)
    s.peers[i] = (peer){.heard = clock_seconds(), .results.last = &s.peers[i].results.first, .messages.last = &s.peers[i].messages.first};
  return serve(&s);
}
