/* loom doctor: versions, features, what is missing and the apt line. */
#include "cli/cli.h"
#include "machine/machine.h"
#include "run/run_sandbox.h"
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

typedef struct probe { const char *what, *path, *package; bool needed; } probe;
static const probe probes[] = {
    {"MLIR 22 library", "/usr/lib/llvm-22/lib/libMLIR.so", "libmlir-22-dev", true},
    {"LLVM 22 library", "/usr/lib/llvm-22/lib/libLLVM.so", "llvm-22-dev", true},
    {"Python 3.11 library", "/usr/include/python3.11/Python.h", "libpython3.11-dev", true},
    {"mlir-opt-22 (tests)", "/usr/bin/mlir-opt-22", "mlir-22-tools", false},
    {"C++ compiler (run --engine tt-emu)", "/usr/bin/c++", "g++", false},
    {"FileCheck and lit (tests)", "/usr/bin/FileCheck-22", "llvm-22-tools", false},
    {"cmocka (tests)", "/usr/include/cmocka.h", "libcmocka-dev", false},
};

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
  bool ok = cli_find_worker(m) != NULL;
  for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
    if (access(probes[i].path, R_OK) == 0)
      continue;
    data_push(m, missing, data_string(m, probes[i].what));
    text_addf(&apt, " %s", probes[i].package);
    ok &= !probes[i].needed;
  }
  data_set(m, v, "missing", missing);
  if (apt.size)
    data_set_string(m, v, "install", arena_printf(m, "apt-get install%s", text_str(&apt)));
  for (size_t i = 0; i < n_names; i++)
    data_push(m, machines, data_string(m, names[i]));
  data_set(m, v, "machines", machines);
  if (cli_tt_emulator(m))
    data_set_string(m, v, "tt_emulator", cli_tt_emulator(m));
  run_sandbox_mode mode;
  LOOM_TRY(run_sandbox_read_mode(ctx, &mode));
  const run_sandbox_level level = run_sandbox_probe();
  data_set_string(m, v, "sandbox", run_sandbox_text(m, &level));
  data_set_int(m, v, "sandbox_landlock", level.landlock);
  data_set_bool(m, v, "sandbox_seccomp", level.has_seccomp);
  data_set_string(m, v, "sandbox_mode", mode == RUN_SANDBOX_ON ? "on" : mode == RUN_SANDBOX_LOG ? "log" : "off");
  data_set_bool(m, v, "ok", ok);
  if (o->json) {
    printf("%s\n", data_write_json(m, v, 1));
  } else {
    printf("loom      %s\nsystem    %s\ncpu       %s, %" PRId64 " online\nworker    %s\nmachines ", LOOM_VERSION, data_get(v, "system")->string,
           data_get(v, "cpu")->string, data_get(v, "cores")->integer, cli_find_worker(m) ? cli_find_worker(m) : "missing: run 'make'");
    for (size_t i = 0; i < n_names; i++)
      printf(" %s", names[i]);
    printf("\ntt-emu    %s", cli_tt_emulator(m) ? cli_tt_emulator(m) : "missing: name tests/tt_emulator of the sources in LOOM_TT_EMULATOR");
    printf("\nsandbox   %s%s\n", data_get(v, "sandbox")->string, mode == RUN_SANDBOX_ON ? "" : mode == RUN_SANDBOX_LOG ? "; LOOM_SANDBOX=log: not used" : "; off: not used");
    for (size_t i = 0; i < missing->n; i++)
      printf("missing   %s\n", missing->items[i]->string);
    if (apt.size)
      printf("install   apt-get install%s\n", text_str(&apt));
    else
      printf("missing   nothing\n");
  }
  if (!ok)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EIO, "something that Loom needs is missing");
  return LOOM_OK;
}
