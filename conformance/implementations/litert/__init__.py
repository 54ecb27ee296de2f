"""TensorFlow Lite's runtime: it runs model files, and has no layer of its own."""
