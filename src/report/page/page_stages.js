/* Times of the compile's stages, their texts, and line by line what each made of the one before. */

const context = 3; /* lines kept around a change */

/* Lines with marks; runs that did not change fold to one line that opens. */
function diffView(text) {
  const lines = text.split('\n'),
    near = new Array(lines.length).fill(false),
    out = make('div', { class: 'diff' });
  lines.forEach((line, i) => {
    if (line[0] !== ' ') for (let k = Math.max(0, i - context); k <= Math.min(lines.length - 1, i + context); k++) near[k] = true;
  });
  const one = (line) => make('span', { class: { '+': 'added', '-': 'removed' }[line[0]] || 'kept' }, line + '\n');
  for (let i = 0; i < lines.length;) {
    if (near[i]) {
      out.append(one(lines[i++]));
      continue;
    }
    let last = i;
    while (last < lines.length && !near[last]) last++;
    const hidden = lines.slice(i, last);
    const fold = make(
      'button',
      { type: 'button', class: 'fold', onclick: () => fold.replaceWith(...hidden.map(one)) },
      '⋯ ' + hidden.length + ' lines unchanged',
    );
    out.append(fold);
    i = last;
  }
  return out;
}

const lineCount = (text, mark) => text.split('\n').filter((line) => line[0] === mark).length;

/* Filled when it is opened: most are not. */
function lazyDetails(summary, build) {
  const details = make('details', {}, make('summary', {}, summary));
  details.addEventListener('toggle', () => {
    if (details.open && details.children.length === 1) details.append(build());
  });
  return details;
}

function showStages() {
  const box = byId('stages'),
    stages = (page.summary || {}).stages || [],
    total = stages.reduce((sum, stage) => sum + stage.ms, 0);
  if (stages.length) {
    const most = Math.max(...stages.map((stage) => stage.ms));
    box.append(
      table(
        ['stage', 'ms', 'share', ''],
        stages
          .map((stage) => {
            const bar = make('span', { class: 'length' });
            bar.style.width = (100 * stage.ms) / Math.max(most, 1e-9) + '%';
            return [stage.name, stage.ms.toFixed(2), percent(stage.ms, total), make('span', { class: 'track' }, bar)];
          })
          .concat([['all', total.toFixed(2), '', page.summary.peak_rss_bytes ? 'peak ' + bytes(page.summary.peak_rss_bytes) + ' of memory' : '']]),
        [1, 2],
        'times of the stages',
      ),
    );
  }
  for (let i = 1; i < page.irs.length; i++) {
    const ir = page.irs[i],
      before = page.irs[i - 1];
    box.append(
      lazyDetails(before.name + ' → ' + ir.name + ': ' + lineCount(ir.diff, '+') + ' lines added, ' + lineCount(ir.diff, '-') + ' removed', () =>
        make('pre', { tabindex: 0 }, diffView(ir.diff)),
      ),
    );
  }
  for (const ir of page.irs)
    box.append(lazyDetails(ir.name + ', ' + count(ir.text.split('\n').length) + ' lines', () => make('pre', { tabindex: 0 }, ir.text)));
  if (page.irs.length < 2)
    box.append(make('p', { class: 'note' }, 'Differences need the texts of two stages: report.json of loom compile, or --dump-dir.'));
}
