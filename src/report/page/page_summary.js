/* The figures at the head of the page, and faults where there are any. */

function figure(name, value, ...notes) {
  const note = notes.filter((part) => part);
  return make('div', { class: 'figure' }, make('dt', {}, name), make('dd', {}, value), note.length ? make('dd', { class: 'note' }, ...note) : null);
}

function showSummary() {
  const s = page.summary || {},
    plan = s.plan || {};
  const shape = Object.entries(s.shape || {})
    .map(([k, v]) => k + '=' + v)
    .join(', ');
  const blocks = Object.entries(plan.block_sizes || {})
    .map(([k, v]) => k + '=' + v)
    .join(', ');
  const predicted = page.predicted_cycles || s.predicted_cycles;
  byId('title').textContent = page.kernel + ' on ' + page.machine.name;
  const figures = [
    figure(
      'simulated',
      datum('simulated_cycles', end, count(end) + ' cycles'),
      page.machine.clock_hz ? ((end / page.machine.clock_hz) * 1e6).toPrecision(4) + ' µs at ' + page.machine.clock_hz / 1e9 + ' GHz' : null,
    ),
    predicted
      ? figure(
          'predicted by the model',
          datum('predicted_cycles', predicted, count(predicted) + ' cycles'),
          (predicted < end ? '−' : '+') + ((100 * Math.abs(predicted - end)) / end).toFixed(1) + ' % against simulated',
        )
      : null,
    s.proof
      ? figure(
          'plan',
          { optimal: 'optimal, proved', best_found: 'best found', assigned: 'assigned' }[s.proof] || s.proof,
          s.lower_bound ? 'lower bound ' : null,
          s.lower_bound ? datum('lower_bound', s.lower_bound, count(s.lower_bound)) : null,
        )
      : null,
    figure('cores', count(cores.length), page.mesh.map((d) => d.name + ' ' + d.size).join(' × ')),
    s.l1_bytes
      ? figure('L1 of a core', datum('l1_bytes', s.l1_bytes, bytes(s.l1_bytes)), 'of ', datum('l1_capacity', s.l1_capacity || page.machine.l1_bytes, bytes(s.l1_capacity || page.machine.l1_bytes)))
      : null,
    figure(
      'DRAM',
      bytes(page.sim.dram_bytes_read + page.sim.dram_bytes_written),
      datum('dram_bytes_read', page.sim.dram_bytes_read, bytes(page.sim.dram_bytes_read) + ' read'),
      ', ',
      datum('dram_bytes_written', page.sim.dram_bytes_written, bytes(page.sim.dram_bytes_written) + ' written'),
    ),
    figure('network', datum('noc_bytes', page.sim.noc_bytes, bytes(page.sim.noc_bytes)), 'bytes times links'),
    s.check
      ? figure(
          'check',
          s.check.ok ? 'right' : 'WRONG',
          'max error ',
          datum('check.max_abs_error', s.check.max_abs_error, Number(s.check.max_abs_error).toPrecision(3)),
          s.check.integers_identical ? ', integers identical' : null,
        )
      : null,
  ];
  const lines = [
    ['variant', page.variant],
    ['shape', shape],
    ['blocks', blocks],
  ].filter(([, value]) => value);
  byId('summary').append(
    make('dl', { class: 'figures' }, ...figures),
    make('dl', { class: 'lines' }, ...lines.flatMap(([key, value]) => [make('dt', {}, key), make('dd', {}, value)])),
  );
  if (s.simulated_cycles && s.simulated_cycles !== end)
    byId('summary').append(
      make(
        'p',
        { class: 'warning' },
        'The run that summary.json tells of took ' + count(s.simulated_cycles) + ' cycles; watched here, without values, the graph takes ' + count(end) +
          '. Either it has changed since, or data say which places are read.',
      ),
    );
}

function showFaults() {
  if (!page.sim.n_faults) return;
  byId('faults').hidden = false;
  byId('faults').append(
    make('p', { class: 'warning' }, count(page.sim.n_faults) + ' fault(s); what is drawn below is what happened until then.'),
    table(
      ['kind', 'core', 'buffer', 'cycle', 'what'],
      page.sim.faults.map((f) => [f.kind, f.coord ? '(' + f.coord.join(', ') + ')' : '–', f.buffer || '–', count(f.cycle), f.text]),
      [3],
    ),
  );
}
