"""How good the tolerances are: their false alarms, how tight they are, and which faults they let pass.

``python -m conformance tolerance-study`` draws many cases (`cases`), judges every implementation on them in processes
of its own (`worker`, `measuring`), finds the least faults that would be seen (`sensitivity`), and reports (`report`).
`scale_search` searches the scales of well-conditioned cases, and `ideal` says what the best of all tests could see.
"""
