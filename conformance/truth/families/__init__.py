"""The cases of the corpus, one file a group of families."""

from . import hand_sized
from .cell_variants import variant_families
from .extremes import extreme_families
from .option_pairs import cell_families, sequence_families
from .standard import standard
from .uncertified import UncertifiedCase, UncertifiedFamily

__all__ = ["UncertifiedCase", "UncertifiedFamily", "all_families"]


def all_families() -> tuple[UncertifiedFamily, ...]:
    """Every family of the corpus, in the order of its manifest's telling."""
    return (
        hand_sized.family(),
        standard(),
        *cell_families(),
        *sequence_families(),
        *extreme_families(),
        *variant_families(),
    )
