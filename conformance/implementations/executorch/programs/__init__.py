"""The code that exports PyTorch layers and runs them in ExecuTorch, without a line of this project."""
