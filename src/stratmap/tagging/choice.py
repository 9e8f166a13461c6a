"""Which model scores passages for a framework and an encoder.

Comes in: framework, encoder and what the settings say. Goes out: the head that they name, the trained model that is
shipped for both, or the zero-shot one. It trains nothing.
"""

from __future__ import annotations

from pathlib import Path

from stratmap.artefacts import shipped_folder
from stratmap.encoding import Encoder
from stratmap.errors import ArtefactError
from stratmap.framework import Framework
from stratmap.settings import Settings
from stratmap.tagging.tagger import PassageModel


def passage_model(framework: Framework, encoder: Encoder, settings: Settings) -> PassageModel:
    """The model for a framework: named head, shipped model, or zero-shot, in this order.

    Raises:
        ArtefactError: The named head is damaged or of another framework or encoder; the shipped model is damaged.
    """
    from stratmap.tagging.zero_shot import ZeroShotModel

    if settings.tagging.head:
        from stratmap.tagging.head import HeadModel

        return HeadModel(Path(settings.tagging.head), framework, encoder, ZeroShotModel(framework, encoder))
    trained = _shipped(framework, settings) if settings.encoding.encoder == "shipped" else None
    return trained or ZeroShotModel(framework, encoder)


def _shipped(framework: Framework, settings: Settings) -> PassageModel | None:
    from stratmap.tagging.model import TaggingModel

    try:
        folder = shipped_folder(f"tagger-{framework.id}")
    except ArtefactError:
        return None
    model = TaggingModel.load(folder, settings.encoding.threads)
    return model if set(model.labels) == set(framework.codes) else None
