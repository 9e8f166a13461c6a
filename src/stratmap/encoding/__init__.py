"""Encoding: texts come in, L2-normalised float32 vectors go out. It knows neither documents nor labels.

Two encoders stand behind one protocol: the shipped ONNX one (onnxruntime and tokenizers, no torch) and any
sentence-transformers model (extra `encoders`).
"""

from stratmap.encoding.protocol import Encoded, Encoder, load_encoder

__all__ = ["Encoded", "Encoder", "load_encoder"]
