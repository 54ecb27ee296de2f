"""The corpus as test vectors in the forms that other projects already load.

====  ================================================================================================================
npz   a file a case, in float64 as the corpus has it, gates and gradients too: ``numpy.load(allow_pickle=False)``
onnx  a folder a case, in float32: a model of one node RNN, LSTM or GRU with ``test_data_set_0``: ``onnx.backend.test``
wpt   WebNN's operators lstm, gru, lstmCell and gruCell, in float32, in the form of web-platform-tests
====  ================================================================================================================

float32 rounds a case's inputs, and another input has another result. So the values of these forms are certified anew,
from the numbers that the file holds (`float32_vectors`). They are the float32 nearest to a certified float64, and their
tolerances follow from proven bounds (`tolerances`). What a form cannot express is listed with the reason.
"""

from .export import FORMS, export
from .folders import FolderRefused

__all__ = ["FORMS", "FolderRefused", "export"]
