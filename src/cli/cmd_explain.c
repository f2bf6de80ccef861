/* `loom explain CODE`: what a word of messages and results means, how it comes about, and what to do: codes of errors and exit codes, faults of the virtual chips, proofs. */
#include "cli/cli.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

typedef struct entry { const char *kind, *name, *what, *to_do; loom_status status; /* of an error */ } entry;

#define ERROR "error"
#define CHIP "fault of a virtual chip"
#define NPU "fault of an NPU"
#define PROOF "proof"
static const entry entries[] = {
    {ERROR, "EINPUT", "The input is wrong: a kernel, a machine description or another file does not say what it has to.  The message has the place, the source line and what was expected.",
     "Mend the line that the message shows.  Everything that is wrong is listed, as far as reading can go on.", LOOM_EINPUT},
    {ERROR, "EUSAGE", "The command line is wrong: an unknown command, option, machine, pass or function of the kernel, or an argument that is none.",
     "'loom COMMAND --help' lists the options; names that are near are offered.", LOOM_EUSAGE},
    {ERROR, "ENUMERIC", "A result lies outside of the bound that the reference interpreter computes for it, whole numbers differ, the virtual chip reports a fault, or a kernel of this CPU faults.",
     "'loom run .. --bisect-numerics' names the first stage, and the first operation in it, whose values are wrong.  A fault has the core, the buffer and the cycle.", LOOM_ENUMERIC},
    {ERROR, "EPROVIDER", "A kernel provider failed, or its library cannot be used: a damaged file, functions that are missing, permissions that let others change it.",
     "'loom providers check LIBRARY' says what is wrong with it; '--on-kernel-error fallback' lets generated code compute what it fails at.", LOOM_EPROVIDER},
    {ERROR, "EINFEASIBLE", "No mapping of the kernel, or none with the given block sizes, fits the machine: mostly the buffers are larger than a core's memory, or the tensors than the DRAM.",
     "The message names the smallest block sizes and their bytes, buffer by buffer, or the tensors and theirs.  Give other --block-sizes, or none; 'loom explore --explain' shows which limits cannot hold together.", LOOM_EINFEASIBLE},
    {ERROR, "ELIMIT", "A declared limit was reached: of reading (size, depth, number of values), of the search, of memory, time or files.",
     "The message names the limit.  '--limits' raises those of a command (docs/limits.md, docs/isolation.md); those of readers are fixed.", LOOM_ELIMIT},
    {ERROR, "EUNSUP", "The input is right, and Loom has nothing for an operation or construct in it.  All such places are listed at once.",
     "The help under each message says what to write instead, where there is something.  docs/helion.md and docs/limits.md say what is supported.", LOOM_EUNSUP},
    {ERROR, "EIO", "A file is missing, cannot be read or written, the disk is full, or a program that Loom starts (a linker, a C++ compiler) is not there.",
     "'loom doctor' lists what is missing and how to install it.", LOOM_EIO},
    {ERROR, "EMEM", "Memory ran out.", "Give smaller shapes, or more memory: '--limits memory=MiB'.", LOOM_EMEM},
    {ERROR, "EWORKER", "The process that compiles died.  What it was doing, the kernel and the command to do it again are in loom-crash-PID.", "Please report it, with that directory.", LOOM_EWORKER},
    {ERROR, "EBUG", "Something that Loom holds for certain is not so.  What reproduces it was saved.", "Please report it, with the directory that the message names.", LOOM_EBUG},
    {CHIP, "deadlock", "A thread waits, and nothing is left that could wake it.", "The text names what it waits for: mostly a slot that nobody gives back, or a message that nobody sends.", LOOM_OK},
    {CHIP, "early_read", "A slot was read without a wait, before what fills it had come.", "A wait is missing in the tile operation graph.", LOOM_OK},
    {CHIP, "uninit", "A slot, or a part of one, was read that nothing has written.", "A load or a fill is missing, or is smaller than what is read.", LOOM_OK},
    {CHIP, "out_of_bounds", "A box lies outside of its tensor or its buffer.", "The offsets or extents of a load or store are wrong, mostly of a ragged tile.", LOOM_OK},
    {CHIP, "l1_range", "A slot or a tensor lies outside of the core's memory.", "The plan's addresses do not fit the machine.", LOOM_OK},
    {CHIP, "l1_overlap", "A tensor that stays in the cores' memory lies where a slot or another tensor is.", "The plan's addresses are wrong.", LOOM_OK},
    {CHIP, "leak", "Slots are not free at the end, or were left open by the loads that fill them.", "A node that gives a slot back is missing.", LOOM_OK},
    {CHIP, "bad_give", "A slot was given back that is free, still being filled, or still being read.", "The node stands too early, or on another thread.", LOOM_OK},
    {CHIP, "bad_push", "A slot was published that was not taken.", "The node that takes it is missing or stands behind.", LOOM_OK},
    {CHIP, "not_taken", "A slot was written, or filling one went on, without having been taken.", "The node that takes it is missing or stands behind.", LOOM_OK},
    {CHIP, "multicast", "A message came for a core that does not wait for it, or the sender, a receiver or the rectangle is off the mesh.", "The groups of a shared load are wrong.", LOOM_OK},
    {CHIP, "double_write", "Elements of an output were written twice by different turns.", "Stores of two cores, or of two turns, overlap.", LOOM_OK},
    {CHIP, "unwritten", "Elements of an output were never written.", "A store is missing, or its extent is too small.", LOOM_OK},
    {CHIP, "bad_expr", "An expression of the graph has no value: a division by zero, a number that does not fit.", "The text has the expression and its values.", LOOM_OK},
    {NPU, "spad_full", "A buffer waits for room in the scratchpad, and none will come.", "The tiles are too large for the lanes' banks.", LOOM_OK},
    {NPU, "spad_range", "A buffer lies outside of a lane's bank.", "The tiles are too large, or their addresses wrong.", LOOM_OK},
    {NPU, "spad_overlap", "Two buffers share bytes of a lane's bank.", "Their addresses are wrong.", LOOM_OK},
    {NPU, "no_wait", "A load was used that nothing waits for: its data were there by luck.", "A wait for its tag is missing.", LOOM_OK},
    {NPU, "no_load", "A wait is for a tag that no load sets.", "The tag or its slot is wrong.", LOOM_OK},
    {NPU, "tag_twice", "Two loads set one tag, and nothing waited in between.", "Give each a slot of its own.", LOOM_OK},
    {NPU, "transfer", "The code of a node makes another transfer than the graph has: direction, dims, strides, address or mask.", "The object and the tile graph are not of one program.", LOOM_OK},
    {NPU, "code", "The machine code faults, writes a tile that its node says it reads, or leaves rows in the array.", "The text has the address and the instruction.", LOOM_OK},
    {NPU, "audit", "Bytes of cores and channels, cycles of an array, waits or versions do not add up.", "Please report it: the simulator is wrong.", LOOM_OK},
    {PROOF, "optimal", "No block sizes of this candidate cost less, by the model: all that were not looked at are excluded by bounds.", "'--certify' has Z3 prove it once more, where the model is upstream's.", LOOM_OK},
    {PROOF, "best_found", "The best that was found before the budget or the time ended.  'lower_bound' holds for all that was not looked at.", "A larger --op-budget or --timeout closes the gap.", LOOM_OK},
    {PROOF, "assigned", "Block sizes that were given; nothing was searched.", "Leave --block-sizes away.", LOOM_OK},
    {PROOF, "infeasible", "No block sizes fit: proved.", "'--explain' shows which limits cannot hold together.", LOOM_OK},
    {PROOF, "undecided", "The budget ended before block sizes that fit were met.", "Give a larger --op-budget.", LOOM_OK},
};
enum { ENTRIES = sizeof entries / sizeof *entries };

static void print_wrapped(const char *text_of) {
  enum { WIDTH = 100 };
  for (const char *at = text_of; *at;) {
    size_t n = strlen(at);
    if (n > WIDTH)
      for (n = WIDTH; n > 0 && at[n] != ' '; n--)
        ;
    printf("  %.*s\n", (int)n, at);
    at += n + strspn(at + n, " ");
  }
}

static void print_entry(const entry *e) {
  if (e->status)
    printf("%s: %s, exit code %d\n", e->name, e->kind, loom_status_exit(e->status));
  else
    printf("%s: %s\n", e->name, e->kind);
  print_wrapped(e->what);
  print_wrapped(e->to_do);
}

/* Is `word` the entry's name, in letters of any size, or its exit code? */
static bool is_meant(const entry *e, const char *word) {
  char number[8] = "";
  if (e->status)
    snprintf(number, sizeof number, "%d", loom_status_exit(e->status));
  return strcasecmp(e->name, word) == 0 || (*number && strcmp(number, word) == 0);
}

static data_value *to_data(arena *m, const char *word) {
  data_value *all = data_array(m), *out = data_object(m);
  data_set_string(m, out, "schema", "loom.explain.v1");
  for (int i = 0; i < ENTRIES; i++)
    if (!word || is_meant(&entries[i], word)) {
      data_value *o = data_object(m);
      data_set_string(m, o, "name", entries[i].name);
      data_set_string(m, o, "kind", entries[i].kind);
      data_set_string(m, o, "meaning", entries[i].what);
      data_set_string(m, o, "to_do", entries[i].to_do);
      data_push(m, all, o);
    }
  data_set(m, out, "entries", all);
  return out;
}

static loom_status unknown(loom_ctx *ctx, const char *word) {
  const char *names[ENTRIES];
  for (int i = 0; i < ENTRIES; i++)
    names[i] = entries[i].name;
  const char *near = diag_nearest(word, names, ENTRIES);
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "nothing is called '%s'", word);
  if (near)
    diag_help(ctx, "did you mean '%s'?", near);
  else
    diag_help(ctx, "'loom explain' lists what can be explained");
  return LOOM_EUSAGE;
}

loom_status cmd_explain(loom_ctx *ctx, const cli_options *o) {
  const char *word = o->files.n ? o->files.at[0] : NULL;
  int n = 0;
  if (o->files.n > 1)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "'loom explain' takes one word");
  for (int i = 0; word && i < ENTRIES; i++)
    n += is_meant(&entries[i], word);
  if (word && !n)
    return unknown(ctx, word);
  if (o->json) {
    printf("%s\n", data_write_json(&ctx->mem, to_data(&ctx->mem, word), 2));
    return LOOM_OK;
  }
  for (int i = 0, printed = 0; i < ENTRIES; i++) {
    if (!word)
      printf("%-14s %s\n", entries[i].name, entries[i].kind);
    else if (is_meant(&entries[i], word)) {
      if (printed++)
        putchar('\n');
      print_entry(&entries[i]);
    }
  }
  return LOOM_OK;
}
