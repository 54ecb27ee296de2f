"""TensorFlow.js: a masked first step gives the initial state, where Keras gives zeros."""

import subprocess

CODE = """
const tf = require("@tensorflow/tfjs"), layer = tf.layers.simpleRNN({ units: 1, returnSequences: true });
tf.setBackend("cpu").then(() => {
  const settings = { mask: tf.tensor([[0, 1]]), initialState: [tf.tensor([[0.5]])] };
  process.exit(layer.apply(tf.ones([1, 2, 1]), settings).dataSync()[0] === 0.5 ? 1 : 0);
});
"""
done = subprocess.run(["node", "-e", CODE], capture_output=True, text=True, check=False)
if "Cannot find module" in done.stderr:
    raise ModuleNotFoundError("@tensorflow/tfjs")
raise SystemExit("expected 0, got 0.5" if done.returncode else 0)
