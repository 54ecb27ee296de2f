"""Environments in which a framework's release runs: what goes together (`partners`), and how it is built (`building`).

Nothing of this project is installed in them: they run the checkout that they are built from, by ``PYTHONPATH``.
"""
