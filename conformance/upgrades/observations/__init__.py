"""What framework versions compute: recorded, and compared, to show what an upgrade moves.

A *record* is a file of *observations*, each of one implementation in one environment: its answers to a fixed corpus of
cases (`questions`), bit for bit, the surface of its classes, which known divergences it shows, and how fast it is.
`recording` makes one, `record` reads and writes it, `comparing` finds what moved between two, `history` what moved
from release to release.

Nothing in a record is judged: bounds and verdicts are the oracle's, asked for when records are compared, so that a
record made once can be judged by every later oracle.
"""
