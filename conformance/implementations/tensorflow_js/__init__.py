"""TensorFlow.js, in Node."""
