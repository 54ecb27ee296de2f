"""PyTorch's recurrent layers and cells: eager, switched, compiled, unrolled, exported to ONNX."""
