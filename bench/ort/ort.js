// ONNX Runtime on one model: node ort.js MODULES DIR THREADS SECONDS OUT.npy, where `npm install onnxruntime-node` was run in MODULES.
// Prints the median of the processor's milliseconds of a run (of the clock with more threads than one) and the runs; writes the result.
const [modules, dir, threads, seconds, out] = process.argv.slice(2);
const ort = require(require.resolve("onnxruntime-node", { paths: [modules] }));
const fs = require("fs");

function readNpy(path) {
  const b = fs.readFileSync(path), n = b.readUInt16LE(8), header = b.toString("latin1", 10, 10 + n);
  const shape = /\(([^)]*)\)/.exec(header)[1].split(",").filter((s) => s.trim()).map(Number);
  return new ort.Tensor("float32", new Float32Array(b.buffer.slice(b.byteOffset + 10 + n, b.byteOffset + b.length)), shape);
}

function writeNpy(path, t) {
  let h = `{'descr': '<f4', 'fortran_order': False, 'shape': (${t.dims.join(", ")},), }`;
  h += " ".repeat((64 - ((h.length + 11) % 64)) % 64) + "\n";
  const start = Buffer.from("\x93NUMPY\x01\x00\x00\x00", "latin1");
  start.writeUInt16LE(h.length, 8);
  fs.writeFileSync(path, Buffer.concat([start, Buffer.from(h, "latin1"), Buffer.from(t.data.buffer, t.data.byteOffset, t.data.byteLength)]));
}

const now = () => Number(process.hrtime.bigint()) / 1e6;
const used = () => { const c = process.cpuUsage(); return (c.user + c.system) / 1e3; };
(async () => {
  const session = await ort.InferenceSession.create(dir + "/block.onnx", { intraOpNumThreads: +threads, interOpNumThreads: 1, graphOptimizationLevel: "all", executionMode: "sequential" });
  const feeds = { x: readNpy(dir + "/input.npy") }, cpu = [], wall = [];
  let result = await session.run(feeds);
  const fetches = { y: result.y };
  for (const end = now() + 200; now() < end;) result = await session.run(feeds, fetches);
  for (const end = now() + 1e3 * +seconds; now() < end || cpu.length < 5;) {
    const w = now(), c = used();
    result = await session.run(feeds, fetches);
    cpu.push(used() - c);
    wall.push(now() - w);
  }
  const median = (v) => v.sort((a, b) => a - b)[v.length >> 1];
  if (out) writeNpy(out, result.y);
  console.log(JSON.stringify({ version: ort.env.versions.node || ort.env.versions.common, cpu_ms: median(cpu), wall_ms: median(wall), min_ms: cpu[0], runs: cpu.length }));
})();
