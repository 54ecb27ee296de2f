"""Keras on TensorFlow: RMSprop squares an embedding's gradient by occurrence, not by token. Exit status 1 while so."""

import os
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"  # with "torch" or "jax" the weight moves as it should
import keras
import numpy as np

model = keras.Sequential([keras.layers.Embedding(2, 1, embeddings_initializer="ones"), keras.layers.Flatten()])
model.compile(optimizer=keras.optimizers.RMSprop(1.0, epsilon=1e-12), loss=lambda target, output: keras.ops.sum(output))
model.train_on_batch(np.array([[1, 1, 1, 1]]), np.zeros((1, 4)))
moved = 1 - model.get_weights()[0][1, 0]
# Token 1 stands four times, so its gradient is 4, its velocity 0.1 * 4**2, and the step 4 / sqrt(1.6) = 1 / sqrt(0.1).
expected = 1 / np.sqrt(0.1)
print(f"the weight should move by {expected:.6f}; it moves by {moved:.6f}")  # 4 / sqrt(0.1 * 4): twice as far
sys.exit(int(abs(moved - expected) > 1e-3))
