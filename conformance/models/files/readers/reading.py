"""Which reader a file needs: by its name's end and its first bytes."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path

from ..limits import size_of
from ..model import CannotRead, Model, Said

NOTHING = Said()
"""Nothing is said."""
_DAMAGE: tuple[type[Exception], ...] = (
    *(
        ArithmeticError,
        AttributeError,
        EOFError,
        LookupError,
        MemoryError,
        OSError,
        RuntimeError,
        TypeError,
        ValueError,
    ),
    *(struct.error, zipfile.BadZipFile, zlib.error),
)
"""What the parsers of HDF5, ONNX and zip raise somewhere inside a damaged file, where it is no `CannotRead`."""
_READERS = {"h5py": "files", "onnx": "files", "ai_edge_litert": "litert"}
"""What reads files that are not of this project, and the extra that brings it."""
_LONGEST = 400
"""Characters of a complaint: a damaged file's own words may go on without end."""
_HDF5, _ZIP = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"


def read(path: Path, said: Said = NOTHING) -> Model:
    """The model that a file holds; `CannotRead`, in one line, where it is broken or of another kind."""
    try:
        return _read(path, said)
    except CannotRead as error:
        words = " ".join(str(error).split())
        raise CannotRead(words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…") from None
    except ModuleNotFoundError as error:
        if error.name not in _READERS:
            raise
        hint = f"pip install 'rnn-conformance[{_READERS[error.name]}]'"
        raise CannotRead(f"{path.name}: {error.name}, which reads it, is not installed ({hint})") from None
    except _DAMAGE as error:
        said_of_it = " ".join(f"{type(error).__name__}: {error}".split())
        raise CannotRead(f"{path.name}: it is damaged, or was made otherwise: {said_of_it:.300}") from None


def _read(path: Path, said: Said) -> Model:
    size_of(path)
    with path.open("rb") as file:
        begins = file.read(8)
    suffix = path.suffix.lower()
    if suffix in (".keras", ".h5", ".hdf5") or begins == _HDF5:
        from . import keras_file

        return keras_file.read(path, said)
    if suffix == ".onnx":
        from . import onnx_file

        return onnx_file.read(path)
    if suffix == ".tflite" or begins[4:8] == b"TFL3":
        from . import tflite_file

        return tflite_file.read(path)
    if suffix in (".pt", ".pth", ".pt2", ".jit", ".safetensors", ".bin", ".ckpt") or begins[:4] == _ZIP:
        from . import state_dict

        return state_dict.read(path, said)
    raise CannotRead(f"{path.name}: of no kind that is read (.keras, .h5, .onnx, .pt, .safetensors, .tflite)")
