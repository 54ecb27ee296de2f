"""What may explain a difference: a change of a cell, of a layer or of an array, each of which is tried."""
