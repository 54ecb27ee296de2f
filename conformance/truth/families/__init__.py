"""The cases of the corpus, one file a group of families."""

from . import hand_sized
from .draft import Draft, DraftFamily
from .extremes import extreme_families
from .options import plain_families, sequence_families
from .standard import standard
from .variants import variant_families

__all__ = ["Draft", "DraftFamily", "all_families"]


def all_families() -> tuple[DraftFamily, ...]:
    """Every family of the corpus, in the order of its manifest's telling."""
    return (
        hand_sized.family(),
        standard(),
        *plain_families(),
        *sequence_families(),
        *extreme_families(),
        *variant_families(),
    )
