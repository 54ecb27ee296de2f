"""Environments in which a framework's release runs: what goes together (`compatibility`), how it is built (`building`).

Nothing of this project is installed in them: they run this checkout, by ``PYTHONPATH``.
"""
