"""TensorFlow.js: a layer on a sequence of one step has no gradient."""

import subprocess

CODE = """
const tf = require("@tensorflow/tfjs"), layer = tf.layers.simpleRNN({ units: 1 });
tf.setBackend("cpu").then(() => {
  console.log("output", layer.apply(tf.ones([1, 1, 1])).dataSync());
  tf.grad((x) => layer.apply(x))(tf.ones([1, 1, 1]));
});
"""
done = subprocess.run(["node", "-e", CODE], capture_output=True, text=True, check=False)
if "Cannot find module" in done.stderr:
    raise ModuleNotFoundError("@tensorflow/tfjs")
raise SystemExit(f"expected a gradient, got {done.stderr}" if done.returncode else 0)
