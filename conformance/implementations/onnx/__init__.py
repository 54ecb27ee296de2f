"""The ONNX operators RNN, LSTM and GRU in ONNX Runtime and in the reference evaluator."""
