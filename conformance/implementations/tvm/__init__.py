"""Apache TVM: its Relax compiles what ``torch.export`` makes of PyTorch's layers, and has no layer of its own."""
