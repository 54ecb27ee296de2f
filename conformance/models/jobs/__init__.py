"""The jobs that recurrent layers are used for, each in the oracle and in the frameworks: ``python -m conformance job``.

One file a job; what several share stands beside them: data, batches, states that can be resumed, the frameworks' side.
"""
