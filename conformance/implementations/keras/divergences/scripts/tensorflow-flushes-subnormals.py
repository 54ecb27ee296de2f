"""TensorFlow: a subnormal number is taken for zero."""

import numpy as np
import tensorflow as tf

small, large = np.float32(5e-40), np.float32(1e9)
expected, found = small * large, float(tf.constant(small) * tf.constant(large))
print(f"{small:.0e} * {large:.0e}: NumPy {expected:.3g}, TensorFlow {found:.3g}")
raise SystemExit(0 if found else 1)
