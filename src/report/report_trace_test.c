/* A trace has an event for everything in the record, and no other.  Oracle: a record of a few entries, whose events are written down by hand. */
#include "report/report_events.h"
#include "report/report_testing.h"
#include "base/file.h"
#include "base/text.h"
#include <unistd.h>

static const char *path_of(arena *m) { return arena_printf(m, "/tmp/loom_report_trace_%ld.json", (long)getpid()); }

static const char *read_and_remove(loom_ctx *ctx, const char *path, data_value **out) {
  char *source;
  size_t size;
  assert_int_equal(file_read(ctx, path, 1 << 24, &source, &size), LOOM_OK);
  assert_int_equal(data_read_json(ctx, path, source, size, out), LOOM_OK);
  unlink(path);
  return source;
}

/* The lines of a trace that are events but names, without what ends them. */
static const char *events_of(loom_ctx *ctx, const char *trace) {
  text t = text_new(&ctx->mem);
  for (const char *p = trace; *p; p += strcspn(p, "\n"), p += *p == '\n') {
    size_t n = strcspn(p, "\n");
    if (strncmp(p, "{\"ph\":", 6) != 0 || p[7] == 'M')
      continue;
    text_add_bytes(&t, p, n - (p[n - 1] == ','));
    text_add(&t, "\n");
  }
  return text_str(&t);
}

static const char *write_trace(told_run *w) {
  data_value *v;
  const char *path = path_of(&w->ctx.mem);
  assert_int_equal(report_write_trace(&w->ctx, &w->run, path), LOOM_OK);
  return read_and_remove(&w->ctx, path, &v);
}

/* A line as text in a test: ' for ". */
static void expect_events(told_run *w, const char *const *lines, size_t n) {
  text want = text_new(&w->ctx.mem);
  for (size_t i = 0; i < n; i++) {
    for (const char *p = lines[i]; *p; p++)
      text_addf(&want, "%c", *p == '\'' ? '"' : *p);
    text_add(&want, "\n");
  }
  assert_string_equal(events_of(&w->ctx, write_trace(w)), text_str(&want));
}

static void test_slices_are_events_of_their_lanes(void **state) {
  (void)state;
  told_run w;
  told_open(&w);
  told_slice(&w, 0, SIM_SLICE_LOOP, TOLD_LOOP, -1, 0, 40, 0);
  told_slice(&w, 0, SIM_SLICE_STEP, TOLD_LOOP, -1, 0, 40, 7);
  told_slice(&w, 0, SIM_SLICE_NODE, TOLD_LOAD, -1, 0, 40, 64);
  told_slice(&w, 0, SIM_SLICE_WAIT_FREE, TOLD_LOAD, 0, 0, 10, 0);
  told_slice(&w, 0, SIM_SLICE_READ, TOLD_LOAD, 0, 10, 40, 64);
  told_slice(&w, 0, SIM_SLICE_SEND, TOLD_LOAD, 0, 40, 40, 64);       /* takes no time */
  told_slice(&w, 1, SIM_SLICE_LOOP, TOLD_WAVES, -1, 0, 50, 0);
  told_slice(&w, 1, SIM_SLICE_WAIT_READY, TOLD_COMPUTE, 0, 0, 40, 0);
  told_slice(&w, 1, SIM_SLICE_COMPUTE, TOLD_COMPUTE, 1, 40, 50, 0);
  told_slice(&w, 1, SIM_SLICE_COMPUTE, TOLD_COMPUTE, 0, 50, 50, 0);
  told_slice(&w, 3, SIM_SLICE_RECEIVE, TOLD_LOAD, 0, 0, 60, 32);
  told_slice(&w, 3, SIM_SLICE_SEND, TOLD_LOAD, 0, 60, 62, 32);
  told_slice(&w, 5, SIM_SLICE_WRITE, TOLD_LOAD, 0, 0, 1, 8);
  static const char *const lines[] = {
      "{'ph':'X','pid':1,'tid':1,'ts':0,'dur':40,'cat':'loop','name':'i'}",
      "{'ph':'X','pid':1,'tid':1,'ts':0,'dur':40,'cat':'step','name':'i = 7'}",
      "{'ph':'X','pid':1,'tid':1,'ts':0,'dur':40,'cat':'node','name':'load \\'a\\''}",
      "{'ph':'X','pid':1,'tid':1,'ts':0,'dur':10,'cat':'wait','name':'wait: a free slot of a'}",
      "{'ph':'X','pid':1,'tid':1,'ts':10,'dur':30,'cat':'transfer','name':'read DRAM','args':{'bytes':64}}",
      "{'ph':'X','pid':1,'tid':2,'ts':0,'dur':50,'cat':'loop','name':'waves'}",
      "{'ph':'X','pid':1,'tid':2,'ts':0,'dur':40,'cat':'wait','name':'wait: data in a'}",
      "{'ph':'X','pid':1,'tid':2,'ts':40,'dur':10,'cat':'compute','name':'vector'}",
      "{'ph':'X','pid':2,'tid':1,'ts':0,'dur':60,'cat':'transfer','name':'receive from core (0, 0)','args':{'bytes':32}}",
      "{'ph':'X','pid':2,'tid':1,'ts':60,'dur':2,'cat':'transfer','name':'send','args':{'bytes':32}}",
      "{'ph':'X','pid':2,'tid':3,'ts':0,'dur':1,'cat':'transfer','name':'write DRAM','args':{'bytes':8}}",
      /* and on its unit */
      "{'ph':'X','pid':1,'tid':11,'ts':40,'dur':10,'cat':'unit','name':'compute'}",
      "{'ph':'C','pid':3,'tid':0,'ts':0,'name':'channel 0 busy %','args':{'busy':0.0}}",
      "{'ph':'C','pid':4,'tid':0,'ts':0,'name':'link (1, 0) > (0, 0) busy %','args':{'busy':0.0}}",
  };
  expect_events(&w, lines, COUNT_OF(lines));
  told_close(&w);
}

static void test_what_servers_and_messages_do_are_events(void **state) {
  (void)state;
  told_run w;
  told_open(&w);
  arena *m = &w.ctx.mem;
  w.record.lanes[1].end = w.record.lanes[4].end = 60;
  vec_push(m, &w.record.services, ((sim_service){SIM_SERVER_CHANNEL, 1, TOLD_LOAD, 0, 128, 257, 64}));
  vec_push(m, &w.record.services, ((sim_service){SIM_SERVER_CHANNEL, 0, TOLD_LOAD, 0, 128, 0, 64}));      /* took no time */
  vec_push(m, &w.record.services, ((sim_service){SIM_SERVER_LINK, 3, TOLD_LOAD, 1, 512, 256, 32}));
  vec_push(m, &w.record.flows, ((sim_flow){TOLD_LOAD, 1, 3, 20, 30, 64}));
  vec_push(m, &w.record.flows, ((sim_flow){TOLD_LOAD, 1, 3, 20, 30, 0}));       /* no bytes, no slice to come from */
  vec_push(m, &w.record.flows, ((sim_flow){TOLD_LOAD, 1, 3, 60, 70, 64}));      /* sent when the lane is over */
  vec_push(m, &w.record.flows, ((sim_flow){TOLD_COMPUTE, 4, 2, 59, 61, 64}));
  bins_add(&w.record.channels, 0, 0, 25 * SIM_SERVICE_TICKS / 2);
  bins_add(&w.record.links, 3, 30 * SIM_SERVICE_TICKS, 75 * SIM_SERVICE_TICKS);
  vec_push(m, &w.r.faults, ((sim_fault){.kind = SIM_FAULT_DEADLOCK, .core = -1, .cycle = 90, .text = "nobody \"goes\" on"}));
  vec_push(m, &w.r.faults, ((sim_fault){.kind = SIM_FAULT_LEAK, .core = 1, .cycle = 100, .text = "a slot"}));
  static const char *const lines[] = {
      "{'ph':'X','pid':3,'tid':2,'ts':0.50000000,'dur':1.00390625,'cat':'channel','name':'load \\'a\\'','args':{'bytes':64,'core':'(0, 0)'}}",
      "{'ph':'X','pid':4,'tid':1,'ts':2,'dur':1,'cat':'link','name':'load \\'a\\'','args':{'bytes':32,'core':'(1, 0)'}}",
      "{'ph':'s','pid':1,'tid':2,'ts':20,'id':1,'cat':'multicast','name':'load \\'a\\''}",
      "{'ph':'f','pid':2,'tid':1,'ts':29,'id':1,'cat':'multicast','bp':'e','name':'load \\'a\\''}",
      "{'ph':'s','pid':2,'tid':2,'ts':59,'id':4,'cat':'multicast','name':'compute'}",
      "{'ph':'f','pid':1,'tid':3,'ts':60,'id':4,'cat':'multicast','bp':'e','name':'compute'}",
      "{'ph':'C','pid':3,'tid':0,'ts':0,'name':'channel 0 busy %','args':{'busy':50.0}}",
      "{'ph':'C','pid':3,'tid':0,'ts':25,'name':'channel 0 busy %','args':{'busy':0.0}}",
      "{'ph':'C','pid':4,'tid':0,'ts':0,'name':'link (1, 0) > (0, 0) busy %','args':{'busy':0.0}}",
      "{'ph':'C','pid':4,'tid':0,'ts':25,'name':'link (1, 0) > (0, 0) busy %','args':{'busy':80.0}}",
      "{'ph':'C','pid':4,'tid':0,'ts':50,'name':'link (1, 0) > (0, 0) busy %','args':{'busy':100.0}}",
      "{'ph':'C','pid':4,'tid':0,'ts':75,'name':'link (1, 0) > (0, 0) busy %','args':{'busy':0.0}}",
      "{'ph':'i','pid':1,'tid':1,'ts':90,'s':'g','cat':'fault','name':'deadlock','args':{'text':'nobody \\'goes\\' on'}}",
      "{'ph':'i','pid':2,'tid':1,'ts':100,'s':'p','cat':'fault','name':'leak','args':{'text':'a slot'}}",
  };
  expect_events(&w, lines, COUNT_OF(lines));
  told_close(&w);
}

static void test_memory_in_use_is_the_sum_of_the_slots(void **state) {
  (void)state;
  told_run w;
  told_open(&w);
  w.r.channels.n = w.r.links.n = 0;
  static const sim_life lives[] = {{0, 0, 0, 5, 8, 20}, {0, 0, 1, 2, 8, 20}, {0, 0, 0, 20, 30, 40}, {1, 0, 0, 1, 2, -1}, {0, 0, 1, 40, 50, -1}, {0, 0, 0, 40, 50, 41}};
  for (size_t i = 0; i < COUNT_OF(lives); i++)
    vec_push(&w.ctx.mem, &w.record.lives, lives[i]);
  static const char *const lines[] = {
      "{'ph':'C','pid':1,'tid':0,'ts':2,'name':'L1 in use','args':{'bytes':64}}",   "{'ph':'C','pid':1,'tid':0,'ts':5,'name':'L1 in use','args':{'bytes':128}}",
      "{'ph':'C','pid':1,'tid':0,'ts':20,'name':'L1 in use','args':{'bytes':64}}",  "{'ph':'C','pid':1,'tid':0,'ts':40,'name':'L1 in use','args':{'bytes':128}}",
      "{'ph':'C','pid':1,'tid':0,'ts':41,'name':'L1 in use','args':{'bytes':64}}",  "{'ph':'C','pid':2,'tid':0,'ts':1,'name':'L1 in use','args':{'bytes':64}}",
  };
  expect_events(&w, lines, COUNT_OF(lines));
  told_close(&w);
}

static void test_a_cut_is_said_in_the_head_and_where_it_is(void **state) {
  (void)state;
  told_run w;
  told_open(&w);
  w.r.channels.n = w.r.links.n = 0;
  w.record.cut = 40;
  w.record.n_events = 12;
  static const char *const lines[] = {"{'ph':'i','pid':1,'tid':1,'ts':40,'s':'g','cat':'cut','name':'the trace is cut here'}"};
  expect_events(&w, lines, COUNT_OF(lines));
  assert_non_null(strstr(write_trace(&w), "\"kernel\":\"k\",\"machine\":\"rig\",\"cycles\":100,\"time\":\"1 us is 1 cycle\",\"cut_at_cycle\":40,"
                                          "\"note\":\"cut: the first 12 entries, up to cycle 40 of 100; counters of links and channels go on\"},"));
  told_close(&w);
}

/* Everything that has events has a name. */
static void test_tracks_are_named(void **state) {
  (void)state;
  told_run w;
  told_open(&w);
  const char *trace = write_trace(&w);
  static const char *const names[] = {"{'ph':'M','pid':1,'tid':0,'name':'process_name','args':{'name':'core (0, 0)'}}",  "{'ph':'M','pid':2,'tid':0,'name':'process_name','args':{'name':'core (1, 0)'}}",
                                      "{'ph':'M','pid':2,'tid':1,'name':'thread_name','args':{'name':'reader'}}",        "{'ph':'M','pid':1,'tid':11,'name':'thread_name','args':{'name':'unit vector'}}",
                                      "{'ph':'M','pid':3,'tid':2,'name':'thread_name','args':{'name':'channel 1'}}",     "{'ph':'M','pid':4,'tid':1,'name':'thread_name','args':{'name':'link (1, 0) > (0, 0)'}}"};
  for (size_t i = 0; i < COUNT_OF(names); i++) {
    char *line = arena_strdup(&w.ctx.mem, names[i]);
    for (char *p = line; *p; p++)
      *p = *p == '\'' ? '"' : *p;
    if (!strstr(trace, line))
      fail_msg("no %s", line);
  }
  told_close(&w);
}

static void test_phases_say_what_they_wait_for(void **state) {
  (void)state;
  told_run w;
  told_open(&w);
  report_names names;
  report_name_all(&w.ctx.mem, &w.t, 2, &names);
  const struct { sim_slice_kind kind; int other; const char *text; } rows[] = {
      {SIM_SLICE_WAIT_FREE, 0, "wait: a free slot of a"},       {SIM_SLICE_WAIT_READY, -1, "wait: data in ?"},
      {SIM_SLICE_WAIT_SENDER, 1, "wait: core (1, 0) to send"},  {SIM_SLICE_WAIT_SENDER, -1, "wait: core ? to send"},
      {SIM_SLICE_WAIT_RECEIVERS, -1, "wait: the receivers' words"}, {SIM_SLICE_WAIT_RECEIVERS, 0, "wait: core (0, 0) to reserve its slot"},
      {SIM_SLICE_READ, 0, "read DRAM"},                         {SIM_SLICE_RECEIVE, 1, "receive from core (1, 0)"},
      {SIM_SLICE_COLLECT, 0, "wait: tiles of other cores"},     {SIM_SLICE_SEND, 0, "send"},
      {SIM_SLICE_WRITE, 0, "write DRAM"},                       {SIM_SLICE_COMPUTE, 0, "matrix"},
      {SIM_SLICE_NODE, -1, "load \"a\""},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    const sim_slice x = {.kind = rows[i].kind, .node = TOLD_LOAD, .other = rows[i].other};
    assert_string_equal(report_phase_name(&w.ctx.mem, &w.run, &names, &x), rows[i].text);
  }
  told_close(&w);
}

/* A counter of a run that goes on behind the last bin, or ends within one. */
static void test_counters_end_with_the_run(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const struct { int64_t end; const char *events; } rows[] = {
      {2560, "0=100 2560=0 "}, {4000, "0=100 2560=0 "}, {2555, "0=100 2555=0 "}, {25, "0=100 25=0 "},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    data_value *v;
    bins b;
    bins_init(&ctx.mem, &b, 1, 10);
    bins_add(&b, 0, 0, rows[i].end < 2560 ? rows[i].end : 2560);      /* busy to the end, or to that of the last bin */
    const char *path = path_of(&ctx.mem);
    text got = text_new(&ctx.mem);
    report_events e = {.ctx = &ctx};
    assert_int_equal(file_writer_open(&ctx, path, &e.w), LOOM_OK);
    report_begin_file(&e, "k", "m", rows[i].end);
    report_begin_list(&e);
    report_put_busy(&e, 1, "c", &b, 0, rows[i].end, 1);
    report_end_list(&e);
    assert_int_equal(file_writer_close(&ctx, e.w), LOOM_OK);
    read_and_remove(&ctx, path, &v);
    const data_value *list = data_get(v, "traceEvents");
    for (size_t k = 0; k < list->n; k++) {
      const data_value *ts = data_get(list->items[k], "ts"), *busy = data_get(data_get(list->items[k], "args"), "busy");
      text_addf(&got, "%g=%g ", ts->kind == DATA_INT ? (double)ts->integer : ts->real, busy->kind == DATA_INT ? (double)busy->integer : busy->real);
    }
    assert_string_equal(text_str(&got), rows[i].events);
  }
  loom_ctx_done(&ctx);
}

static void test_a_trace_that_cannot_be_written_is_refused(void **state) {
  (void)state;
  told_run w;
  told_open(&w);
  assert_int_equal(report_write_trace(&w.ctx, &w.run, "/tmp/loom_there_is_no_such_directory/x.json"), LOOM_EIO);
  testing_expect_error(&w.ctx, LOOM_EIO, "cannot write the file", 0, 0);
  told_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_slices_are_events_of_their_lanes), cmocka_unit_test(test_what_servers_and_messages_do_are_events),
                                     cmocka_unit_test(test_memory_in_use_is_the_sum_of_the_slots), cmocka_unit_test(test_a_cut_is_said_in_the_head_and_where_it_is),
                                     cmocka_unit_test(test_tracks_are_named), cmocka_unit_test(test_phases_say_what_they_wait_for),
                                     cmocka_unit_test(test_counters_end_with_the_run), cmocka_unit_test(test_a_trace_that_cannot_be_written_is_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
