"""JAX: on the CPU a subnormal number is taken for zero."""

import jax.numpy as jnp
import numpy as np

small, large = np.float32(5e-40), np.float32(1e9)
expected, found = small * large, float(jnp.asarray(small) * jnp.asarray(large))
print(f"{small:.0e} * {large:.0e}: NumPy {expected:.3g}, JAX {found:.3g}")
raise SystemExit(0 if found else 1)
