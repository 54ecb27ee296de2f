"""What the command line's options may be."""

from __future__ import annotations

import argparse


def count(text: str) -> int:
    """A whole number from 1 on; argparse says with the option's name that it takes nothing else."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("a positive whole number is needed")
    return int(text)
