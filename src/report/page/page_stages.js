/* Times of the compile's stages, their texts, and line by line what each made of the one before. */

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
        diffView(ir.diff, [before.name, ir.name]),
      ),
    );
  }
  for (const ir of page.irs)
    box.append(lazyDetails(ir.name + ', ' + count(ir.text.split('\n').length) + ' lines', () => make('pre', { tabindex: 0, role: 'region', 'aria-label': ir.name }, ir.text)));
  if (page.irs.length < 2)
    box.append(make('p', { class: 'note' }, 'Differences need the texts of two stages: report.json of loom compile, or --dump-dir.'));
}
