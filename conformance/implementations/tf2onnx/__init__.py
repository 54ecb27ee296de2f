"""tf2onnx: it makes ONNX files of what TensorFlow computes, and has no layer of its own."""
