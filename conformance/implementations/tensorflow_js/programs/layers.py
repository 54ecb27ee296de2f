"""TensorFlow.js: ``tf.layers.simpleRNN``, ``lstm`` and ``gru``, alone and in ``bidirectional``, both ways."""

from __future__ import annotations

from ...node import as_json, ask_node, from_json

SERVER = """
console.log = console.info = console.warn = () => {};
const tf = require(process.argv[1]);
const tensor = ({ shape, data }) =>
  tf.tensor(new Float32Array(Uint8Array.from(Buffer.from(data, "base64")).buffer), shape, "float32");
const base64 = (one) => Buffer.from(new Float32Array(one.dataSync()).buffer).toString("base64");
const encoded = (one) => ({ dtype: "float32", shape: one.shape, data: base64(one) });
function made({ kind, options, merge }) {
  // the weights are set: an orthogonal matrix, made in minutes for 512 units, would be thrown away
  const layer = tf.layers[kind]({ ...options, recurrentInitializer: "zeros", returnState: true });
  return merge ? tf.layers.bidirectional({ layer, mergeMode: merge }) : layer;
}
function answer({ layers, weights, x, mask, states, d_outputs, d_states, gradients }) {
  const built = layers.map(made), given = weights.map(tensor), marked = mask && tensor(mask), leaves = {};
  let y = leaves.x = tf.variable(tensor(x)), place = 0;
  for (const layer of built) {
    y = layer.apply(tf.zeros(y.shape))[0];
    const count = layer.getWeights().length;
    layer.setWeights(given.slice(place, place += count));
  }
  const parameters = built.flatMap((layer) => layer.trainableWeights.map((weight) => weight.val));
  parameters.forEach((one, k) => leaves[`weights.${k}`] = one);
  states.forEach((one, k) => leaves[`states.${k}`] = tf.variable(tensor(one)));
  const found = {};
  const forward = () => {
    let y = leaves.x, finals = [], place = 0;
    built.forEach((layer, k) => {
      const settings = marked ? { mask: marked } : {}, count = layers[k].states;
      if (states.length)
        settings.initialState = Array.from({ length: count }, () => leaves[`states.${place++}`]);
      const results = layer.apply(y, settings);
      y = results[0];
      finals.push(...results.slice(1));
    });
    found.outputs = tf.keep(y.clone());
    finals.forEach((one, k) => found[`final.${k}`] = tf.keep(one.clone()));
    let total = tf.scalar(0);
    const add = (one, d) => { if (d) total = tf.add(total, tf.sum(tf.mul(one, tensor(d)))); };
    add(y, d_outputs);
    finals.forEach((one, k) => add(one, d_states[k]));
    return total;
  };
  if (gradients) {
    const { grads } = tf.variableGrads(forward, Object.values(leaves));
    for (const [name, leaf] of Object.entries(leaves)) found[`d_${name}`] = grads[leaf.name] || tf.zerosLike(leaf);
  } else tf.tidy(forward);
  return Object.fromEntries(Object.entries(found).map(([name, one]) => [name, encoded(one)]));
}
require("readline").createInterface({ input: process.stdin }).on("line", async (line) => {
  await tf.setBackend("cpu");
  let said;
  tf.engine().startScope();
  try { said = { found: answer(JSON.parse(line)) }; } catch (error) { said = { error: String(error) }; }
  tf.engine().endScope();
  tf.disposeVariables();
  process.stdout.write(JSON.stringify(said) + "\\n");
});
"""


def run_tfjs(
    layers,  # of each: kind, options of its constructor, merge mode where there are two directions, number of states
    weights,  # of all layers, one list
    x,
    mask=None,
    states=(),  # of all layers, one list
    d_outputs=None,  # cotangents
    d_states=(),
):
    """The layers one on the other: all that they computed, by name."""
    asked = d_outputs is not None or any(one is not None for one in d_states)
    question = {
        "layers": layers,
        "weights": [as_json(one) for one in weights],
        "x": as_json(x),
        "mask": None if mask is None else as_json(mask.astype("float32")),
        "states": [as_json(one) for one in states],
        "d_outputs": None if d_outputs is None else as_json(d_outputs),
        "d_states": [None if one is None else as_json(one) for one in d_states],
        "gradients": asked,
    }
    found = ask_node(SERVER, "@tensorflow/tfjs", question)
    return {name: from_json(one) for name, one in found.items()}
