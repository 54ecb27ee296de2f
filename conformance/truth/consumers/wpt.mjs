// Runs exported cases of WebNN's lstm, gru, lstmCell and gruCell through the operators, written from
// https://www.w3.org/TR/webnn/ alone, and judges them as web-platform-tests does: a graph is built from its
// operator's arguments, computed, and each output held to the test's tolerance. Every operation is rounded to float32.
// Usage: node wpt.mjs FOLDER   (which `python -m conformance export --format wpt FOLDER` wrote)
import { readFileSync } from "node:fs";
import { join } from "node:path";

const f = Math.fround;
const ACTIVATIONS = {
  relu: (x) => Math.max(x, 0),
  sigmoid: (x) => f(1 / (1 + Math.exp(-x))),
  tanh: (x) => f(Math.tanh(x)),
};

const sizeOf = (shape) => shape.reduce((product, size) => product * size, 1);
// One row of a gate's product with a vector, its bias added.
const affine = (matrix, bias, gate, hidden, v) =>
  Array.from({ length: hidden }, (_, k) => {
    const row = (gate * hidden + k) * v.length;
    const sum = v.reduce((total, x, j) => f(total + f(matrix[row + j] * x)), 0);
    return bias ? f(sum + bias[gate * hidden + k]) : sum;
  });
const add = (a, b) => a.map((x, k) => f(x + b[k]));
const times = (a, b) => a.map((x, k) => f(x * b[k]));

function lstmStep(w, x, [h, c], hidden, { layout = "iofg", activations = ["sigmoid", "tanh", "tanh"] }) {
  const [gateOf, act, out] = activations.map((name) => ACTIVATIONS[name]);
  const peephole = (gate) => w.peephole?.slice("iof".indexOf(gate) * hidden, ("iof".indexOf(gate) + 1) * hidden);
  const argument = (gate, cell) => {
    const at = layout.indexOf(gate);
    const sum = add(affine(w.weight, w.bias, at, hidden, x), affine(w.recurrent, w.recurrentBias, at, hidden, h));
    return cell && w.peephole ? add(sum, times(peephole(gate), cell)) : sum;
  };
  const i = argument("i", c).map(gateOf);
  const fg = argument("f", c).map(gateOf);
  const g = argument("g").map(act);
  const next = add(times(fg, c), times(i, g));
  const o = argument("o", next).map(gateOf);
  return [times(o, next.map(out)), next];
}

function gruStep(w, x, [h], hidden, { layout = "zrn", resetAfter = true, activations = ["sigmoid", "tanh"] }) {
  const [gateOf, act] = activations.map((name) => ACTIVATIONS[name]);
  const input = (gate) => affine(w.weight, w.bias, layout.indexOf(gate), hidden, x);
  const recurrent = (gate, v) => affine(w.recurrent, w.recurrentBias, layout.indexOf(gate), hidden, v);
  const z = add(input("z"), recurrent("z", h)).map(gateOf);
  const r = add(input("r"), recurrent("r", h)).map(gateOf);
  const n = add(input("n"), resetAfter ? times(r, recurrent("n", h)) : recurrent("n", times(r, h))).map(act);
  return [add(times(z, h), times(z.map((one) => f(1 - one)), n))];
}

// The operator's outputs, flat, in its order. `operand` gives the data and shape of an argument's operand.
function compute(name, argument, options, operand) {
  const [step, states] = name.startsWith("lstm") ? [lstmStep, 2] : [gruStep, 1];
  const oneStep = name.endsWith("Cell");
  const hidden = argument.hiddenSize;
  const { data: x, shape } = operand(argument.input);
  const [time, batch, size] = oneStep ? [1, ...shape] : shape;
  if (!oneStep && time !== argument.steps) throw new Error(`steps ${argument.steps}, input of ${time}`);
  const directions = options.direction === "both" ? ["forward", "backward"] : [options.direction ?? "forward"];
  const starts = oneStep
    ? [argument.hiddenState, argument.cellState]
    : [options.initialHiddenState, options.initialCellState];
  const finals = Array.from({ length: states }, () => []);
  const sequence = new Array(time * directions.length * batch * hidden);
  directions.forEach((direction, d) => {
    const part = (operandName) => {
      if (operandName === undefined) return undefined;
      const { data, shape: its } = operand(operandName);
      const length = oneStep ? data.length : data.length / its[0];
      return data.slice((oneStep ? 0 : d) * length, ((oneStep ? 0 : d) + 1) * length);
    };
    const w = { weight: part(argument.weight), recurrent: part(argument.recurrentWeight), bias: part(options.bias) };
    Object.assign(w, { recurrentBias: part(options.recurrentBias), peephole: part(options.peepholeWeight) });
    const begin = starts.slice(0, states).map((state) => part(state) ?? new Array(batch * hidden).fill(0));
    for (let b = 0; b < batch; b++) {
      let state = begin.map((all) => all.slice(b * hidden, (b + 1) * hidden));
      for (let k = 0; k < time; k++) {
        const t = direction === "backward" ? time - 1 - k : k;
        state = step(w, x.slice((t * batch + b) * size, (t * batch + b + 1) * size), state, hidden, options);
        state[0].forEach((h, j) => (sequence[((t * directions.length + d) * batch + b) * hidden + j] = h));
      }
      state.forEach((all, k) => finals[k].push(...all));
    }
  });
  return options.returnSequence ? [...finals, sequence] : finals;
}

const place = (value) => {
  const bits = new Int32Array(new Float32Array([Math.abs(value)]).buffer)[0];
  return value < 0 ? -bits : bits;
};
const MEASURES = { ULP: (a, b) => Math.abs(place(a) - place(b)), ATOL: (a, b) => Math.abs(a - b) };

function failureOf({ graph, tolerance }) {
  const [{ name, arguments: given, outputs }] = graph.operators;
  const { options = {}, ...argument } = Object.assign({}, ...given);
  const operand = (operandName) => {
    const { data, descriptor } = graph.inputs[operandName];
    if (data.length !== sizeOf(descriptor.shape)) return { data: [], shape: descriptor.shape };
    return { data: Array.from(new Float32Array(data)), shape: descriptor.shape };
  };
  const found = compute(name, argument, options, operand);
  const names = [outputs].flat();
  if (names.length !== found.length) return `${names.length} outputs are named, the operator has ${found.length}`;
  for (const [k, output] of names.entries()) {
    const { data: expected, descriptor } = graph.expectedOutputs[output];
    if (expected.length !== sizeOf(descriptor.shape) || expected.length !== found[k].length) return `${output}: sizes`;
    for (const [j, value] of expected.entries()) {
      const off = MEASURES[tolerance.metricType](found[k][j], value);
      if (!(off <= tolerance.value)) return `${output}[${j}]: ${found[k][j]} for ${value}, ${off} ${tolerance.metricType}`;
    }
  }
  return null;
}

let failures = 0;
for (const file of ["lstm", "gru", "lstm_cell", "gru_cell"]) {
  const { operation, tests } = JSON.parse(readFileSync(join(process.argv[2], `${file}.json`), "utf8"));
  for (const test of tests) {
    const failure = failureOf(test);
    if (failure) console.log(`FAIL ${test.name}: ${failure}`);
    failures += failure ? 1 : 0;
  }
  console.log(`${operation}: ${tests.length} tests`);
  if (tests.length === 0) failures += 1;
}
process.exit(failures ? 1 : 0);
