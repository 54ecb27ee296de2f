"""ExecuTorch: it runs what ``torch.export`` makes of PyTorch's layers on phones, and has no layer of its own."""
