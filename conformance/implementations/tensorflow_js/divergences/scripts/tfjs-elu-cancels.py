"""TensorFlow.js: elu(-1e-12) has four digits."""

import subprocess

CODE = """
const tf = require("@tensorflow/tfjs");
tf.setBackend("cpu").then(() => {
  const got = tf.elu(tf.scalar(-1e-12)).dataSync()[0];
  process.exit(Math.abs(got / -1e-12 - 1) > 1e-6 ? 1 : 0);
});
"""
done = subprocess.run(["node", "-e", CODE], capture_output=True, text=True, check=False)
if "Cannot find module" in done.stderr:
    raise ModuleNotFoundError("@tensorflow/tfjs")
raise SystemExit("expected -1e-12 to six digits" if done.returncode else 0)
