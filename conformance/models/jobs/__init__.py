"""The jobs that recurrent layers are used for, each in the oracle and in the frameworks: ``python -m conformance job``.

One file a job. Beside them stand `data`, `resumable` training with checkpoints, and the frameworks' side (`frameworks`,
`worker`).
"""
