/* The parts of a kernel's page, in order. */

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
