/* Every part on its own: a file that is damaged takes only what is drawn from it. */

function switchTheme() {
  const root = document.documentElement,
    isDark = root.dataset.theme ? root.dataset.theme === 'dark' : window.matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = isDark ? 'light' : 'dark';
}

function showPart(id, show) {
  try {
    show();
  } catch (error) {
    byId(id).append(make('p', { class: 'warning' }, 'The rest of this part cannot be drawn: ' + error.message));
  }
}

byId('theme').addEventListener('click', switchTheme);
for (const [id, show] of [
  ['summary', showSummary],
  ['faults', showFaults],
  ['mapping', showMesh],
  ['timeline', showTimeline],
  ['memory', showMemory],
  ['roofline', showRoofline],
  ['search', showSearch],
  ['stages', showStages],
])
  showPart(id, show);
