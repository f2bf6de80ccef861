/* loom doctor: versions, features, what is missing and the apt line. */
#include "base/file.h"
#include "cli/cli.h"
#include "machine/machine.h"
#include "run/run_sandbox.h"
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* What programs run with; the rest is for one option, or for the tests of a build tree.  `path` is a pattern of glob(7). */
typedef enum probe_use { FOR_ALL, FOR_SOME, FOR_TESTS } probe_use;
typedef struct probe { const char *what, *path, *package; probe_use use; } probe;
static const probe probes[] = {
#ifndef LOOM_STATIC_LLVM
    {"MLIR 22 library", "/usr/lib/llvm-22/lib/libMLIR.so.22.1", "libmlir-22", FOR_ALL},
    {"LLVM 22 library", "/usr/lib/*/libLLVM.so.22.1", "libllvm22", FOR_ALL},
#endif
    {"Python 3.11 library", "/usr/lib/*/libpython3.11.so.1.0", "libpython3.11", FOR_ALL},
    {"C compiler (--emit so, libloom, the Python package)", "/usr/bin/cc", "gcc libc6-dev", FOR_SOME},
    {"C++ compiler (run --engine tt-emu)", "/usr/bin/c++", "g++", FOR_SOME},
    {"mlir-opt-22 (tests)", "/usr/bin/mlir-opt-22", "mlir-22-tools", FOR_TESTS},
    {"FileCheck and lit (tests)", "/usr/bin/FileCheck-22", "llvm-22-tools", FOR_TESTS},
    {"cmocka (tests)", "/usr/include/cmocka.h", "libcmocka-dev", FOR_TESTS},
};

static bool is_there(const char *pattern) {
  glob_t found;
  const bool there = glob(pattern, GLOB_NOSORT, NULL, &found) == 0;
  if (there)
    globfree(&found);
  return there;
}

/* Of probes that find nothing: what it is into `missing`, its packages into `apt`.  False: programs can't run. */
static bool run_probes(arena *m, data_value *missing, text *apt) {
  const bool in_build_tree = file_is_dir(file_join(m, cli_self_dir(m), "../tests"));
  bool ok = true;
  for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
    const probe *p = &probes[i];
    if ((p->use == FOR_TESTS && !in_build_tree) || is_there(p->path))
      continue;
    data_push(m, missing, data_string(m, p->what));
    text_addf(apt, " %s", p->package);
    ok &= p->use != FOR_ALL;
  }
  return ok;
}

static const char *cpu_model(arena *m) {
  FILE *f = fopen("/proc/cpuinfo", "re");
  char line[512];
  const char *model = "unknown";
  while (f && fgets(line, sizeof line, f)) {
    char *colon = strchr(line, ':');
    if (strncmp(line, "model name", 10) == 0 && colon) {
      colon[strcspn(colon, "\n")] = 0;
      model = arena_strdup(m, colon + 2);
      break;
    }
  }
  if (f)
    fclose(f);
  return model;
}

static loom_status add_sandbox(loom_ctx *ctx, data_value *v) {
  arena *m = &ctx->mem;
  run_sandbox_mode mode;
  LOOM_TRY(run_sandbox_read_mode(ctx, &mode));
  const run_sandbox_level level = run_sandbox_probe();
  data_set_string(m, v, "sandbox", run_sandbox_text(m, &level));
  data_set_int(m, v, "sandbox_landlock", level.landlock);
  data_set_bool(m, v, "sandbox_seccomp", level.has_seccomp);
  data_set_string(m, v, "sandbox_mode", mode == RUN_SANDBOX_ON ? "on" : mode == RUN_SANDBOX_LOG ? "log" : "off");
  return LOOM_OK;
}

static void print_list(const char *before, const data_value *list) {
  for (size_t i = 0; i < list->n; i++)
    printf("%s%s", before, list->items[i]->string);
}

static void print_text(const data_value *v) {
  const char *mode = data_get_string(v, "sandbox_mode", "");
  printf("loom      %s\nsystem    %s\ncpu       %s, %" PRId64 " online\nworker    %s\nmachines ", LOOM_VERSION, data_get_string(v, "system", ""), data_get_string(v, "cpu", ""),
         data_get_int(v, "cores", 0), data_get_string(v, "worker", "missing: run 'make'"));
  print_list(" ", data_get(v, "machines"));
  printf("\ntt-emu    %s", data_get_string(v, "tt_emulator", "missing: name tests/tt_emulator of the sources in LOOM_TT_EMULATOR"));
  printf("\nsandbox   %s%s", data_get_string(v, "sandbox", ""), strcmp(mode, "on") == 0 ? "" : strcmp(mode, "log") == 0 ? "; LOOM_SANDBOX=log: not used" : "; off: not used");
  print_list("\nmissing   ", data_get(v, "missing"));
  if (data_get(v, "install"))
    printf("\ninstall   %s\n", data_get_string(v, "install", ""));
  else
    printf("\nmissing   nothing\n");
}

loom_status cmd_doctor(loom_ctx *ctx, const cli_options *o) {
  arena *m = &ctx->mem;
  data_value *v = data_object(m), *missing = data_array(m), *machines = data_array(m);
  struct utsname u;
  uname(&u);
  const char *const *names;
  size_t n_names;
  LOOM_TRY(machine_list(ctx, &names, &n_names));
  data_set_string(m, v, "schema", "loom.doctor.v1");
  data_set_string(m, v, "version", LOOM_VERSION);
  data_set_string(m, v, "system", arena_printf(m, "%s %s %s", u.sysname, u.release, u.machine));
  data_set_string(m, v, "cpu", cpu_model(m));
  data_set_int(m, v, "cores", sysconf(_SC_NPROCESSORS_ONLN));
  data_set_string(m, v, "worker", cli_find_worker(m));
  text apt = text_new(m);
  const bool ok = run_probes(m, missing, &apt) && cli_find_worker(m);
  data_set(m, v, "missing", missing);
  if (apt.size)
    data_set_string(m, v, "install", arena_printf(m, "apt-get install%s", text_str(&apt)));
  for (size_t i = 0; i < n_names; i++)
    data_push(m, machines, data_string(m, names[i]));
  data_set(m, v, "machines", machines);
  if (cli_tt_emulator(m))
    data_set_string(m, v, "tt_emulator", cli_tt_emulator(m));
  LOOM_TRY(add_sandbox(ctx, v));
  data_set_bool(m, v, "ok", ok);
  if (o->json)
    printf("%s\n", data_write_json(m, v, 1));
  else
    print_text(v);
  if (!ok)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EIO, "something that Loom needs is missing");
  return LOOM_OK;
}
