"""`dragoman convert`: a model folder into the form that the embedded engine reads."""

from __future__ import annotations

import sys
from pathlib import Path

from dragoman.engines.conversion import Weights, convert_model


def convert(folder: Path, output: Path, *, weights: Weights = "int8") -> None:
    """Turn a model folder into the OpenVINO form, for the engine `openvino:FOLDER`.

    The first conversion installs the converter into an environment of its own, in the
    cache folder of the user.

    Parameters
    ----------
    folder
        The model as transformers keeps it: config.json, weights in safetensors, tokenizer.
    output
        The folder to write. It must not be there yet.
    weights
        int8 is small and fast; f32 gives the very replies of the original, f16 nearly
        always; int4 is smallest and changes them most.
    """
    convert_model(folder, output, weights, lambda line: print(line, file=sys.stderr, flush=True))
