"""The code that exports PyTorch layers and compiles them by TVM, without a line of this project."""
