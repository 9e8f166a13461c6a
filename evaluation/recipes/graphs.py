"""From a torch module to a small ONNX file: fuse what onnxruntime can fuse, then int8 weights per channel.

Weights keep 7 bits (`reduce_range`): on processors without VNNI the 8-bit product of onnxruntime saturates, with
7 bits it cannot, so the same file is right on both.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

OPSET = 17


def export_int8(
    module: torch.nn.Module,
    example: tuple[torch.Tensor, ...],
    names: tuple[list[str], list[str]],
    axes: dict[str, dict[int, str]],
    target: Path,
) -> Path:
    """Export a module and quantise its matrices; returns the float32 graph's path beside a temporary folder.

    Args:
        module: In evaluation mode.
        example: Inputs of any sizes.
        names: Input names and output names.
        axes: Dynamic axes by name.
        target: The int8 file to write.
    """
    raw = Path(tempfile.mkdtemp()) / "float32.onnx"
    torch.onnx.export(
        module,
        example,
        str(raw),
        input_names=names[0],
        output_names=names[1],
        dynamic_axes=axes,
        opset_version=OPSET,
        dynamo=False,
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    quantize_dynamic(
        str(raw),
        str(target),
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )
    return raw
