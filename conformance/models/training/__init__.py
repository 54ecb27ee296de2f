"""Step for step: the same model trained from the same weights on the same batches, in the oracle and in frameworks.

`tasks` says what is trained; `worker` lets one framework train it and records every step (`tracing`);
`single_steps` checks each recorded step by itself, `trajectories` the whole path; `parity` puts it together.
"""
