// Runs the certified cases through three cells written from fixtures/README.md alone: no dependency, none of this
// project's code. Usage: node consume.mjs [fixtures folder [family ...]]
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

// README, "How near": what rounding may change, relative to max(1, |expected|).
const TOLERANCE = {
  hand_sized: 0,
  simple_rnn: 2 ** -45,
  lstm: 2 ** -45,
  gru_reset_after: 2 ** -42,
  gru_reset_before: 2 ** -41,
};

const clamp = (x, low, high) => Math.min(Math.max(x, low), high);
const ACTIVATIONS = {
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  relu: (x) => Math.max(x, 0),
  linear: (x) => x,
  hard_sigmoid: (x) => clamp(x + 3, 0, 6) / 6,
  hard_sigmoid_keras2: (x) => clamp(x / 5 + 0.5, 0, 1),
};

const add = (...vectors) => vectors[0].map((_, k) => vectors.reduce((sum, v) => sum + v[k], 0));
const times = (a, b) => a.map((v, k) => v * b[k]);
const product = (v, matrix) => matrix[0].map((_, k) => v.reduce((sum, vi, i) => sum + vi * matrix[i][k], 0));
// Gate number `gate` of a matrix whose columns, or a vector whose entries, hold all gates side by side.
const block = (a, gate, hidden) =>
  Array.isArray(a[0])
    ? a.map((row) => block(row, gate, hidden))
    : a.slice(gate * hidden, (gate + 1) * hidden);

// One step of each cell: x and the state before it give the gates and the state after it.
const STEPS = {
  SimpleRNN({ act, input, recurrent }, x, { h }) {
    const after = add(input(x, 0), recurrent(h, 0)).map(act);
    return [{ h: after }, { h: after }];
  },
  LSTM({ act, sigma, input, recurrent }, x, { h, c }) {
    const pre = [0, 1, 2, 3].map((gate) => add(input(x, gate), recurrent(h, gate)));
    const [i, f, o] = [0, 1, 3].map((gate) => pre[gate].map(sigma));
    const g = pre[2].map(act);
    const memory = add(times(f, c), times(i, g));
    return [{ h: times(o, memory.map(act)), c: memory }, { i, f, g, o, c: memory }];
  },
  GRU({ act, sigma, input, recurrent, cell }, x, { h }) {
    const z = add(input(x, 0), recurrent(h, 0)).map(sigma);
    const r = add(input(x, 1), recurrent(h, 1)).map(sigma);
    const m = cell.reset_after ? recurrent(h, 2) : times(r, h);
    const n = add(input(x, 2), cell.reset_after ? times(r, m) : recurrent(m, 2)).map(act);
    const after = z.map((zk, k) => zk * h[k] + (1 - zk) * n[k]);
    return [{ h: after }, { z, r, n, m }];
  },
};

function run({ cell, params, x, initial_state }) {
  const hidden = cell.hidden_size;
  const zeros = Array(hidden).fill(0);
  const affine = (kernel, bias) => (v, gate) =>
    add(product(v, block(kernel, gate, hidden)), bias ? block(bias, gate, hidden) : zeros);
  const layer = {
    cell,
    act: ACTIVATIONS[cell.activation],
    sigma: ACTIVATIONS[cell.recurrent_activation],
    input: affine(params.kernel, params.bias),
    recurrent: affine(params.recurrent_kernel, params.recurrent_bias),
  };
  const found = { outputs: [] };
  const put = (name, b, value) => ((found[name] ??= [])[b] = value);
  const names = cell.kind === "LSTM" ? ["h", "c"] : ["h"];
  x.forEach((row, b) => {
    let state = Object.fromEntries(names.map((name) => [name, initial_state?.[name][b] ?? zeros]));
    const outputs = [];
    const steps = [];
    for (const xt of row) {
      const [after, gates] = STEPS[cell.kind](layer, xt, state);
      state = after;
      outputs.push(after.h);
      steps.push(gates);
    }
    put("outputs", b, outputs);
    for (const name of names) put(`state.${name}`, b, state[name]);
    for (const gate of Object.keys(steps[0])) put(`gates.${gate}`, b, steps.map((step) => step[gate]));
  });
  return found;
}

// Compares nested arrays; returns how many numbers there were, and the worst error relative to max(1, |expected|).
function compare(expected, got) {
  if (!Array.isArray(expected)) {
    const error = Math.abs(got - expected) / Math.max(1, Math.abs(expected));
    return { numbers: 1, worst: Number.isNaN(error) ? Infinity : error };
  }
  if (!Array.isArray(got) || got.length !== expected.length) return { numbers: 0, worst: Infinity };
  const parts = expected.map((value, k) => compare(value, got[k]));
  return {
    numbers: parts.reduce((sum, part) => sum + part.numbers, 0),
    worst: parts.reduce((worst, part) => Math.max(worst, part.worst), 0),
  };
}

const BESIDE = fileURLToPath(new URL("../../fixtures", import.meta.url));
const [folder = BESIDE, ...wanted] = process.argv.slice(2);
const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
if (manifest.format !== 1) throw new Error(`expected format 1, got ${manifest.format}`);
let failures = 0;
for (const family of wanted.length ? wanted : Object.keys(TOLERANCE)) {
  const content = readFileSync(join(folder, `${family}.json`));
  const checksum = createHash("sha256").update(content).digest("hex");
  if (checksum !== manifest.files[`${family}.json`].sha256) throw new Error(`${family}: wrong checksum`);
  let numbers = 0;
  let worst = 0;
  const { cases } = JSON.parse(content);
  for (const fixture of cases) {
    for (const [name, value] of Object.entries(run(fixture))) {
      const compared = compare(fixture.expected[name], value);
      numbers += compared.numbers;
      worst = Math.max(worst, compared.worst);
      if (compared.worst > TOLERANCE[family]) {
        failures += 1;
        console.log(`${family}/${fixture.id}: ${name} is off by ${compared.worst}, allowed ${TOLERANCE[family]}`);
      }
    }
  }
  console.log(`${family}: ${cases.length} cases, ${numbers} numbers, worst ${worst}, allowed ${TOLERANCE[family]}`);
  if (numbers === 0) failures += 1;
}
process.exit(failures ? 1 : 0);
