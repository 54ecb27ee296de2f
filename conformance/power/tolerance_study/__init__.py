"""How good the tolerances are: whether they ever cry wolf, how tight they are, and what they let pass.

``python -m conformance tolerance-study`` draws many cases (`cases`), judges every implementation on them in processes
of its own (`worker`, `measuring`), finds the least faults that would be seen (`sensitivity`), and tells it (`report`).
"""
