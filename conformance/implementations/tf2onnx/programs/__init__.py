"""The code that makes ONNX files of Keras layers and runs them in ONNX Runtime, without a line of this project."""
