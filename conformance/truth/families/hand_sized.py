"""Cases small enough for paper: all numbers are integers, and each note works them by hand.

Every ``name = expression = value`` in a note is evaluated by a test, and the values are compared with the corpus.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import refimpl as ri

from ...contract import Array, Case
from .uncertified import UncertifiedCase, UncertifiedFamily

_RNN = """\
Symbols: W kernel, U recurrent kernel, b bias; h0 = 0; dA is the cotangent of the pre-activation.
h1 = [1*1 + 3*2, 1*0 + 3*1, 1*2 + 3*3 + 1] = [7, 3, 12]
step 2, x W + b = [1*1 + 1*2, 1*0 + 1*1, 1*2 + 1*3 + 1] = [3, 1, 6]
step 2, h1 U = [7*1 + 3*1 + 12*0, 7*2 + 3*0 + 12*1, 7*1 + 3*1 + 12*0] = [10, 26, 10]
h2 = [3 + 10, 1 + 26, 6 + 10] = [13, 27, 16]
step 3, x W + b = [2*1 + 3*2, 2*0 + 3*1, 2*2 + 3*3 + 1] = [8, 3, 14]
step 3, h2 U = [13*1 + 27*1 + 16*0, 13*2 + 27*0 + 16*1, 13*1 + 27*1 + 16*0] = [40, 42, 40]
h3 = [8 + 40, 3 + 42, 14 + 40] = [48, 45, 54]
Backwards, every cotangent of an output being 1:
dA3 = [1, 1, 1]
dA2 = 1 + dA3 U^T = [1 + 1*1 + 1*2 + 1*1, 1 + 1*1 + 1*0 + 1*1, 1 + 1*0 + 1*1 + 1*0] = [5, 3, 2]
dA1 = 1 + dA2 U^T = [1 + 5*1 + 3*2 + 2*1, 1 + 5*1 + 3*0 + 2*1, 1 + 5*0 + 3*1 + 2*0] = [14, 8, 4]
d_initial_state.h = dA1 U^T = [14*1 + 8*2 + 4*1, 14*1 + 8*0 + 4*1, 14*0 + 8*1 + 4*0] = [34, 18, 8]
d_params.kernel[0] = sum of x[0] dA = [1*14 + 1*5 + 2*1, 1*8 + 1*3 + 2*1, 1*4 + 1*2 + 2*1] = [21, 13, 8]
d_params.kernel[1] = sum of x[1] dA = [3*14 + 1*5 + 3*1, 3*8 + 1*3 + 3*1, 3*4 + 1*2 + 3*1] = [50, 30, 17]
d_params.recurrent_kernel[0] = h1[0] dA2 + h2[0] dA3 = [7*5 + 13*1, 7*3 + 13*1, 7*2 + 13*1] = [48, 34, 27]
d_params.recurrent_kernel[1] = h1[1] dA2 + h2[1] dA3 = [3*5 + 27*1, 3*3 + 27*1, 3*2 + 27*1] = [42, 36, 33]
d_params.recurrent_kernel[2] = h1[2] dA2 + h2[2] dA3 = [12*5 + 16*1, 12*3 + 16*1, 12*2 + 16*1] = [76, 52, 40]
d_params.bias = dA1 + dA2 + dA3 = [14 + 5 + 1, 8 + 3 + 1, 4 + 2 + 1] = [20, 12, 7]
d_x[0] = dA1 W^T = [14*1 + 8*0 + 4*2, 14*2 + 8*1 + 4*3] = [22, 48]
d_x[1] = dA2 W^T = [5*1 + 3*0 + 2*2, 5*2 + 3*1 + 2*3] = [9, 19]
d_x[2] = dA3 W^T = [1*1 + 1*0 + 1*2, 1*2 + 1*1 + 1*3] = [3, 6]"""

_RELU = "Every pre-activation is positive, so relu is the identity and its slope 1.\n"
_TWO_BIASES = (
    "The second bias, which PyTorch cannot be without, is zero; its gradient is that of the bias.\n"
    "d_params.recurrent_bias = [14 + 5 + 1, 8 + 3 + 1, 4 + 2 + 1] = [20, 12, 7]\n"
)

_LSTM = """\
One unit. Gate order i f g o; h0 = 1, c0 = 2; x = 1, 2.
i1 = 1*1 - 1 + 1*1 = 1
f1 = 1*2 + 1 + 1*(-1) = 2
g1 = 1*3 - 2 + 1*2 = 3
o1 = 1*(-1) - 3 + 1*3 = -1
c1 = f c + i g = 2*2 + 1*3 = 7
h1 = o c = (-1)*7 = -7
i2 = 2*1 - 1 + (-7)*1 = -6
f2 = 2*2 + 1 + (-7)*(-1) = 12
g2 = 2*3 - 2 + (-7)*2 = -10
o2 = 2*(-1) - 3 + (-7)*3 = -26
c2 = f c + i g = 12*7 + (-6)*(-10) = 144
h2 = o c = (-26)*144 = -3744
Backwards: the cotangents of both outputs are 1, of the final c 5, of the final h none.
dO2 = dH c = 1*144 = 144
dC2 = 5 + dH o = 5 + 1*(-26) = -21
dI2 = dC g = (-21)*(-10) = 210
dF2 = dC c1 = (-21)*7 = -147
dG2 = dC i = (-21)*(-6) = 126
dH1 = 1 + 210*1 + (-147)*(-1) + 126*2 + 144*3 = 1042
dO1 = dH c = 1042*7 = 7294
dC1 = dC2 f2 + dH o1 = (-21)*12 + 1042*(-1) = -1294
dI1 = dC g = (-1294)*3 = -3882
dF1 = dC c0 = (-1294)*2 = -2588
dG1 = dC i = (-1294)*1 = -1294
d_initial_state.h = [(-3882)*1 + (-2588)*(-1) + (-1294)*2 + 7294*3] = [18000]
d_initial_state.c = dC1 f1 = [(-1294)*2] = [-2588]
d_x[0] = [(-3882)*1 + (-2588)*2 + (-1294)*3 + 7294*(-1)] = [-20234]
d_x[1] = [210*1 + (-147)*2 + 126*3 + 144*(-1)] = [150]
d_params.kernel[0] = [1*(-3882) + 2*210, 1*(-2588) + 2*(-147), 1*(-1294) + 2*126, 1*7294 + 2*144]\
 = [-3462, -2882, -1042, 7582]
d_params.recurrent_kernel[0] = [1*(-3882) - 7*210, 1*(-2588) - 7*(-147), 1*(-1294) - 7*126, 1*7294 - 7*144]\
 = [-5352, -1559, -2176, 6286]
d_params.bias = [-3882 + 210, -2588 - 147, -1294 + 126, 7294 + 144] = [-3672, -2735, -1168, 7438]"""

_GRU_AFTER = """\
One unit. Gate order z r n; h0 = 3; x = 1, 2.
z1 = 1*1 + 1 + 3*(-1) + 3 = 2
r1 = 1*2 + 2 + 3*1 - 4 = 3
m1 = 3*2 - 1 = 5
n1 = 1*3 - 3 + 3*5 = 15
h1 = z h + (1 - z) n = 2*3 + (1 - 2)*15 = -9
z2 = 2*1 + 1 + (-9)*(-1) + 3 = 15
r2 = 2*2 + 2 + (-9)*1 - 4 = -7
m2 = (-9)*2 - 1 = -19
n2 = 2*3 - 3 + (-7)*(-19) = 136
h2 = z h + (1 - z) n = 15*(-9) + (1 - 15)*136 = -2039
Backwards: the cotangents of both outputs are 1, that of the final state is 2.
dH2 = 1 + 2 = 3
dZ2 = dH (h1 - n) = 3*(-9 - 136) = -435
dN2 = dH (1 - z) = 3*(1 - 15) = -42
dR2 = dN m = (-42)*(-19) = 798
dM2 = dN r = (-42)*(-7) = 294
dH1 = 1 + dH z + dZ U_z + dR U_r + dM U_n = 1 + 3*15 + (-435)*(-1) + 798*1 + 294*2 = 1867
dZ1 = dH (h0 - n) = 1867*(3 - 15) = -22404
dN1 = dH (1 - z) = 1867*(1 - 2) = -1867
dR1 = dN m = (-1867)*5 = -9335
dM1 = dN r = (-1867)*3 = -5601
d_initial_state.h = [1867*2 + (-22404)*(-1) + (-9335)*1 + (-5601)*2] = [5601]
d_x[0] = [(-22404)*1 + (-9335)*2 + (-1867)*3] = [-46675]
d_x[1] = [(-435)*1 + 798*2 + (-42)*3] = [1035]
d_params.kernel[0] = [1*(-22404) + 2*(-435), 1*(-9335) + 2*798, 1*(-1867) + 2*(-42)] = [-23274, -7739, -1951]
d_params.recurrent_kernel[0] = sum of h dZ, h dR, h dM\
 = [3*(-22404) - 9*(-435), 3*(-9335) - 9*798, 3*(-5601) - 9*294] = [-63297, -35187, -19449]
d_params.bias = dZ, dR, dN = [-22404 - 435, -9335 + 798, -1867 - 42] = [-22839, -8537, -1909]
d_params.recurrent_bias = dZ, dR, dM = [-22404 - 435, -9335 + 798, -5601 + 294] = [-22839, -8537, -5307]"""

_GRU_BEFORE = """\
One unit. Gate order z r n; h0 = 3; x = 1, 2.
z1 = 1*1 + 4 + 3*(-1) = 2
r1 = 1*2 - 2 + 3*1 = 3
m1 = r h = 3*3 = 9
n1 = 1*3 - 3 + 9*2 = 18
h1 = z h + (1 - z) n = 2*3 + (1 - 2)*18 = -12
z2 = 2*1 + 4 + (-12)*(-1) = 18
r2 = 2*2 - 2 + (-12)*1 = -10
m2 = r h = (-10)*(-12) = 120
n2 = 2*3 - 3 + 120*2 = 243
h2 = z h + (1 - z) n = 18*(-12) + (1 - 18)*243 = -4347
Backwards: the cotangents of both outputs are 1, that of the final state is 2.
dH2 = 1 + 2 = 3
dZ2 = dH (h1 - n) = 3*(-12 - 243) = -765
dN2 = dH (1 - z) = 3*(1 - 18) = -51
dM2 = dN U_n = (-51)*2 = -102
dR2 = dM h1 = (-102)*(-12) = 1224
dH1 = 1 + dH z + dZ U_z + dR U_r + dM r = 1 + 3*18 + (-765)*(-1) + 1224*1 + (-102)*(-10) = 3064
dZ1 = dH (h0 - n) = 3064*(3 - 18) = -45960
dN1 = dH (1 - z) = 3064*(1 - 2) = -3064
dM1 = dN U_n = (-3064)*2 = -6128
dR1 = dM h0 = (-6128)*3 = -18384
d_initial_state.h = [3064*2 + (-45960)*(-1) + (-18384)*1 + (-6128)*3] = [15320]
d_x[0] = [(-45960)*1 + (-18384)*2 + (-3064)*3] = [-91920]
d_x[1] = [(-765)*1 + 1224*2 + (-51)*3] = [1530]
d_params.kernel[0] = [1*(-45960) + 2*(-765), 1*(-18384) + 2*1224, 1*(-3064) + 2*(-51)] = [-47490, -15936, -3166]
d_params.recurrent_kernel[0] = sum of h dZ, h dR, m dN\
 = [3*(-45960) - 12*(-765), 3*(-18384) - 12*1224, 9*(-3064) + 120*(-51)] = [-128700, -69840, -33696]
d_params.bias = dZ, dR, dN = [-45960 - 765, -18384 + 1224, -3064 - 51] = [-46725, -17160, -3115]"""

_RNN_PARAMS = {
    "kernel": [[1, 0, 2], [2, 1, 3]],
    "recurrent_kernel": [[1, 2, 1], [1, 0, 1], [0, 1, 0]],
    "bias": [0, 0, 1],
}
_RNN_X = [[[1, 3], [1, 1], [2, 3]]]
_LINEAR: Any = {"activation": "linear", "recurrent_activation": "linear"}


def _array(nested: Any) -> Array:
    return np.array(nested, np.float64)


def _case(cell: Any, params: Any, x: Any, initial: Any = None, d_state: Any = None) -> Case:
    arrays = {name: _array(value) for name, value in params.items()}
    d_outputs = np.ones((1, len(x[0]), cell.hidden_size))
    initial_state = None if initial is None else tuple(_array([[value]]) for value in initial)
    cotangents = d_state and tuple(None if value is None else _array([[value]]) for value in d_state)
    return Case(cell, arrays, _array(x), initial_state, d_outputs, cotangents)


def _drafts() -> tuple[UncertifiedCase, ...]:
    x = [[[1], [2]]]
    two_biases = _RNN_PARAMS | {"recurrent_bias": [0, 0, 0]}
    lstm = {"kernel": [[1, 2, 3, -1]], "recurrent_kernel": [[1, -1, 2, 3]], "bias": [-1, 1, -2, -3]}
    gru = {"kernel": [[1, 2, 3]], "recurrent_kernel": [[-1, 1, 2]]}
    after = gru | {"bias": [1, 2, -3], "recurrent_bias": [3, -4, -1]}
    before = gru | {"bias": [4, -2, -3]}
    one_bias: Any = {"reset_after": False, "use_recurrent_bias": False}
    one_unit = ("one-unit",)
    return (
        UncertifiedCase(
            "simple-rnn-linear",
            _case(ri.SimpleRNN(2, 3, activation="linear"), _RNN_PARAMS, _RNN_X),
            note=_RNN,
        ),
        UncertifiedCase(
            "simple-rnn-relu",
            _case(ri.SimpleRNN(2, 3, activation="relu"), _RNN_PARAMS, _RNN_X),
            note=_RELU + _RNN,
        ),
        UncertifiedCase(
            "simple-rnn-relu-two-biases",
            _case(ri.SimpleRNN(2, 3, activation="relu", use_recurrent_bias=True), two_biases, _RNN_X),
            note=_RELU + _TWO_BIASES + _RNN,
        ),
        UncertifiedCase(
            "lstm-linear",
            _case(ri.LSTM(1, 1, **_LINEAR), lstm, x, initial=(1, 2), d_state=(None, 5)),
            one_unit,
            _LSTM,
        ),
        UncertifiedCase(
            "gru-reset-after-linear",
            _case(ri.GRU(1, 1, **_LINEAR), after, x, initial=(3,), d_state=(2,)),
            one_unit,
            _GRU_AFTER,
        ),
        UncertifiedCase(
            "gru-reset-before-linear",
            _case(ri.GRU(1, 1, **_LINEAR, **one_bias), before, x, initial=(3,), d_state=(2,)),
            one_unit,
            _GRU_BEFORE,
        ),
    )


def family() -> UncertifiedFamily:
    return UncertifiedFamily(
        "hand_sized",
        "Integers only, worked by hand in each case's note: for a reader with a pencil who wants to check gate "
        "order and gradients.",
        {"one-unit": "Input size and hidden size are 1, so a transposed kernel would go unseen here."},
        _drafts(),
        "Worked by hand; certified in ball arithmetic.",
    )
