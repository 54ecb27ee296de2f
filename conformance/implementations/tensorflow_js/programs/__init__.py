"""The code that calls TensorFlow.js, without a line of this project."""
