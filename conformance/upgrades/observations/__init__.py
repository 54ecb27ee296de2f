"""What framework versions compute: recorded, and compared, so that an upgrade tells what it moves.

A *record* is a file of *observations*, each of one implementation in one environment: what it answered to a fixed
corpus of cases (`corpus`), bit for bit, what its classes look like, which known divergences it shows, how fast it is.
`recording` makes one, `record` reads and writes it, `comparing` says what moved between two, `history` what moved
from release to release.

Nothing in a record is judged: bounds and verdicts are the oracle's, asked for when records are compared, so that a
record made once can be judged by every later oracle.
"""
