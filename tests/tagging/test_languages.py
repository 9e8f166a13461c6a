"""Languages of the region: recognised and sent to review by the English encoder, first-class with a multilingual one."""

from __future__ import annotations

import string
from pathlib import Path

import numpy as np
import pytest

from stratmap.framework import load_framework
from stratmap.reading import read_text
from stratmap.settings import EncodingSettings, Settings, TaggingSettings
from stratmap.tagging import Tagger
from stratmap.tagging.choice import passage_model

TEXTS = {
    "ru": "В прошлом году организация помогла вернувшимся мигрантам открыть небольшие мастерские в трёх районах страны.",
    "uk": "Торік організація допомогла внутрішньо переміщеним особам відкрити невеликі майстерні у трьох районах країни.",
    "sr": "Прошле године организација је помогла повратницима да отворе мале радионице у три општине на југу земље.",
    "ro": "Anul trecut organizația i-a ajutat pe migranții întorși acasă să deschidă mici ateliere în trei raioane.",
    "tr": "Geçen yıl kuruluş, ülkelerine dönen göçmenlerin üç ilçede küçük atölyeler açmasına yardımcı oldu.",
    "bg": "Миналата година организацията помогна на завърналите се мигранти да отворят малки работилници в три общини.",
    "mk": "Минатата година организацијата им помогна на повратниците да отворат мали работилници во три општини.",
    "sq": "Vitin e kaluar organizata ndihmoi migrantët e kthyer të hapin punishte të vogla në tri rrethe të vendit.",
    "hu": "A szervezet tavaly segített a hazatérő migránsoknak, hogy kis műhelyeket nyissanak az ország három járásában.",
    "ka": "გასულ წელს ორგანიზაცია დაეხმარა დაბრუნებულ მიგრანტებს სამ რაიონში მცირე სახელოსნოების გახსნაში.",
    "hy": "Անցյալ տարի կազմակերպությունն օգնեց վերադարձած միգրանտներին երեք շրջաններում փոքր արհեստանոցներ բացել։",
    "kk": "Былтыр ұйым елге оралған мигранттарға үш ауданда шағын шеберханалар ашуға көмектесті.",
}
FILE = """
schema: 1
id: two
name: Two subjects
groups:
  - id: subjects
    labels:
      - {code: H, name: Здоровье, statement: "Здоровье людей, клиники, врачи и лекарства"}
      - {code: B, name: Граница, statement: "Границы, пропускные пункты, пограничники и паспорта"}
"""
PLACES = ["севере", "юге", "долине", "столице", "горах", "степи", "дельте", "городе", "селе", "порту", "лесу", "ущелье"]
HEALTH = [f"Медсёстры в {place} делали детям прививки и открыли клинику." for place in PLACES]
BORDER = [f"Пограничники в {place} проверяли паспорта на пропускном пункте." for place in PLACES]


@pytest.mark.parametrize("code", TEXTS)
def test_a_language_that_the_encoder_lacks_is_recognised_and_sent_to_review(code, hashing_encoder):
    framework = load_framework("sdg")
    tagger = Tagger(framework, hashing_encoder, passage_model(framework, hashing_encoder, Settings()))
    tagged = tagger.tag(read_text(TEXTS[code], "a.txt"))
    assert tagged.language.code == code
    assert tagged.needs_review
    [reason] = [reason for reason in tagged.review_reasons if reason.startswith("language: ")]
    assert tagged.language.name in reason
    assert "en only" in reason


@pytest.fixture(scope="module")
def multilingual(tmp_path_factory) -> str:
    """A sentence-transformers folder with one small random layer and a vocabulary of letters in three alphabets."""
    pytest.importorskip("sentence_transformers", reason="another encoder needs the extra `encoders`")
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder: Path = tmp_path_factory.mktemp("multilingual")
    letters = [
        *string.ascii_lowercase,
        *string.digits,
        *"абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґђјљњћџ",
        *"ăâîșțçğıöşü.,:;",
    ]
    words = sorted({word.strip(".").lower() for text in (*HEALTH, *BORDER) for word in text.split()})
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{c}" for c in letters), *words]
    (folder / "vocab.txt").write_text("\n".join(dict.fromkeys(vocabulary)) + "\n", encoding="utf-8")
    torch.manual_seed(0)
    size = len(dict.fromkeys(vocabulary))
    config = BertConfig(
        vocab_size=size, hidden_size=64, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=128,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder / "body")
    BertTokenizerFast(str(folder / "vocab.txt"), strip_accents=False, model_max_length=128).save_pretrained(
        folder / "body"
    )
    body = Transformer(str(folder / "body"), max_seq_length=128)
    model = SentenceTransformer(modules=[body, Pooling(64, pooling_mode="mean")], device="cpu")
    model.save(str(folder / "model"))
    return str(folder / "model")


@pytest.fixture(scope="module")
def two(framework_file) -> str:
    return framework_file(FILE)


def test_a_multilingual_encoder_in_the_settings_makes_them_first_class(multilingual, two, tmp_path):
    from stratmap.assembly import Desk

    settings = Settings(tagging=TaggingSettings(framework=two), encoding=EncodingSettings(encoder=multilingual))
    desk = Desk(settings, tmp_path / "index")
    tagged = desk.tagger.tag(read_text(f"{HEALTH[0]} {HEALTH[1]}", "a.txt"))
    assert tagged.language.code == "ru"
    assert not any(reason.startswith("language") for reason in tagged.review_reasons)
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "a.txt").write_text(" ".join(HEALTH), encoding="utf-8")
    assert desk.add([tmp_path / "archive"]).added == 1
    assert desk.ask("клинику").passages[0].passage.text.startswith("Медсёстры")


def test_russian_texts_train_a_head_on_it(multilingual, two):
    pytest.importorskip("sklearn", reason="training needs the extra `train`")
    from stratmap.tagging.estimator import TaggingEstimator

    truth = np.array([[1, 0]] * len(HEALTH) + [[0, 1]] * len(BORDER))
    fitted = TaggingEstimator(two, encoder=multilingual).fit(HEALTH + BORDER, truth)
    new = ["Медсёстры в деревне открыли клинику.", "Пограничники у реки проверяли паспорта."]
    assert fitted.predict(new).tolist() == [[1, 0], [0, 1]]
