"""The type of the arrays that the equations are written for."""

from __future__ import annotations

from typing import Any

Array = Any
"""A NumPy array of float32, float64 or object, or an array with its own arithmetic (`rounded`)."""
