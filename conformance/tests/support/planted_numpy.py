"""What Dask's ``--preload`` runs first in a worker, so that it is one with another NumPy by what it says of itself."""

import numpy as np

vars(np)["__version__"] = "1.99.0"
