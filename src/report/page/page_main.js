function switchTheme() {
  const root = document.documentElement, isDark = root.dataset.theme ? root.dataset.theme === 'dark' : window.matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = isDark ? 'light' : 'dark';
}

byId('theme').addEventListener('click', switchTheme);
for (const show of [showSummary, showFaults, showMesh, showTimeline, showMemory, showRoofline, showSearch, showStages]) show();
