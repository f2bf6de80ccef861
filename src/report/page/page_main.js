/* The parts of a kernel's page, in order. */

for (const [id, show] of [
  ['summary', showSummary],
  ['faults', showFaults],
  ['compare', showCompare],
  ['mapping', showMesh],
  ['waves', showWaves],
  ['timeline', showTimeline],
  ['memory', showMemory],
  ['roofline', showRoofline],
  ['search', showSearch],
  ['trades', showTrades],
  ['sensitivity', showSensitivity],
  ['stages', showStages],
])
  showPart(id, show);
