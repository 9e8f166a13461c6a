"""Retraining: what it learns, what it leaves alone, when it is refused, and that versions outlive everything."""

import json

import numpy as np
import pytest

from stratmap.artefacts import shipped_folder
from stratmap.assembly import Desk
from stratmap.errors import ArtefactError, UsageError
from stratmap.framework import load_framework
from stratmap.records import Correction
from stratmap.reviewing.adjusting import AdjustedModel, Adjustment, Fitting, Rows, sigmoid
from stratmap.reviewing.corrections import Standing
from stratmap.reviewing.examples import Example, document_probabilities, rows_of
from stratmap.reviewing.held_out import load_held_out
from stratmap.reviewing.retraining import Setting, refit
from stratmap.reviewing.versions import VersionStore


def says(doc_id: str, code: str, applies: bool) -> Correction:
    return Correction(doc_id, "a.md", code, "tag", applies, "Ana")


def rows(vectors, logits, targets) -> Rows:
    count = len(targets)
    zeros = np.zeros(count, dtype=np.int64)
    return Rows(np.array(vectors, float), np.array(logits, float), np.array(targets, float), np.ones(count), zeros,
                np.arange(count))  # fmt: skip


class TestFitting:
    def test_one_verdict_by_hand(self):
        """At the optimum the gradient of loss and ridge is zero: weight = (target - p) / ridge along the vector."""
        found = Fitting(["O1"], rows([[1.0, 0.0]], [-1.0], [1.0]), np.zeros((0, 2))).fit()
        logit = -1 + float(found.weights[0, 0]) + float(found.bias[0])
        p = 1 / (1 + np.exp(-logit))
        assert found.weights[0, 0] == pytest.approx((1 - p) / 0.1, abs=0.01)
        assert found.bias[0] == pytest.approx((1 - p) / 10.0, abs=0.01)
        assert found.weights[1, 0] == 0

    def test_it_agrees_with_scikit_learn_where_logits_are_zero(self):
        sklearn = pytest.importorskip("sklearn.linear_model")
        rng = np.random.default_rng(0)
        x = rng.normal(size=(60, 4))
        y = (x[:, 0] + 0.5 * rng.normal(size=60) > 0).astype(float)
        found = Fitting(["O1"], rows(x, np.zeros(60), y), np.zeros((0, 4))).fit()
        judge = sklearn.LogisticRegression(C=1 / 0.1, fit_intercept=False, tol=1e-8).fit(x, y)
        # The bias here has a ridge of its own and is near zero.
        assert np.allclose(found.weights[:, 0], judge.coef_[0], atol=0.12)

    def test_anchors_hold_it(self):
        row = rows([[0.6, 0.8]], [-1.0], [1.0])
        free = Fitting(["O1"], row, np.zeros((0, 2))).fit()
        held = Fitting(["O1"], row, np.array([[0.6, 0.8]] * 300)).fit()
        assert np.linalg.norm(held.weights) < 0.5 * np.linalg.norm(free.weights)

    def test_what_is_left_out_teaches_nothing(self):
        both = rows([[1.0, 0.0], [0.0, 1.0]], [0.0, 0.0], [1.0, 0.0])
        [found] = Fitting(["O1"], both, np.zeros((0, 2))).fit_without([np.array([1])])
        [alone] = Fitting(["O1"], rows([[1.0, 0.0]], [0.0], [1.0]), np.zeros((0, 2))).fit_without([np.array([9])])
        assert np.allclose(found.weights, alone.weights, atol=2e-3)

    def test_an_adjusted_model_adds_to_the_logits_and_keeps_the_thresholds(self, reviews):
        adjustment = Adjustment(reviews.model.labels, np.zeros((32, 3), np.float32), np.array([1.0, 0, 0], np.float32))
        model = AdjustedModel(reviews.model, adjustment)
        found = model.predict_proba(["border"], np.zeros((1, 32), np.float32), [])
        assert found[0].round(4).tolist() == [round(float(sigmoid(np.log(4.0) + 1)), 4), 0.2, 0.2]
        assert model.thresholds is reviews.model.thresholds
        assert model.predict_proba([], np.zeros((0, 32), np.float32), []).shape == (0, 3)


class TestExamples:
    def test_wrong_evidence_is_a_counter_example_and_carries_the_tag_no_more(self, make_features):
        from dataclasses import replace

        one = make_features("a", "Border guards.")
        two = replace(
            one,
            vectors=np.stack([one.vectors[0], -one.vectors[0]]),
            logits=np.array([[2.0, 0, 0], [1.0, 0, 0]], np.float32),
            lengths=np.array([10, 10]),
            spans=np.array([[0, 0, 10], [0, 10, 20]]),
        )
        stands = Standing({"O1": True}, {"O1": frozenset({(0, 2, 6)})})
        found = rows_of([Example(two, stands)], ("O1", "O2", "P1"))
        assert found.targets.tolist() == [0.0, 1.0]
        assert np.allclose(found.vectors[1], -one.vectors[0])

    def test_nothing_said_is_nothing_to_learn(self, make_features):
        assert rows_of([Example(make_features("a", "Border."), Standing())], ("O1", "O2", "P1")) is None


class TestRetraining:
    def correct_clinics(self, reviews, ids):
        reviews.correct([says(ids["clinic.md"], "O2", True), says(ids["school.md"], "P1", True)])

    def test_it_learns_counts_in_the_archive_and_can_be_taken_back(self, reviews, index, ids):
        self.correct_clinics(reviews, ids)
        before = document_probabilities(reviews.features.archive([ids["clinic.md"]])[0], None)
        done = reviews.retrain("Ana")
        assert done.version == "0001", done.report.refused
        after = document_probabilities(reviews.features.archive([ids["clinic.md"]])[0], reviews.active())
        assert before[1] < 0.5 < after[1]
        assert done.report.verdicts == 2
        assert done.report.reproduced == 1.0
        assert reviews.tagger_name().endswith("v0001")
        reviews.restore("shipped")
        assert reviews.active() is None

    def test_labels_of_the_archive_follow_the_version_in_use_but_not_what_documents_state(self, index, reviews, ids):
        import sqlite3

        with sqlite3.connect(index.folder / "index.sqlite") as connection:
            row = "(SELECT id FROM documents WHERE doc_id = ?)"
            connection.execute(f"UPDATE seals SET tagger = 'declared' WHERE document = {row}", (ids["border.md"],))
            connection.execute(f"UPDATE labels SET code = 'P1' WHERE document = {row}", (ids["border.md"],))
        assert reviews.relabel() == 1
        labels = {one.name: one.labels for one in index.documents()}
        assert labels["health.md"] == {"O2": 0.8, "P1": 0.8}
        assert labels["border.md"] == {"P1": 0.8}

    def test_nothing_to_learn_is_said(self, reviews):
        with pytest.raises(UsageError, match="expected corrections to learn from"):
            reviews.retrain("Ana")

    def test_corrections_that_spoil_the_held_out_texts_are_refused_and_nothing_changes(self, reviews, ids, held_out):
        from dataclasses import replace

        held = held_out.features[0]  # "The border was crossed.": the tagger is right about it
        reviews.__dict__["held_out"] = replace(held_out, anchors=held_out.anchors[:0])

        for number in range(12):
            twin = replace(held, doc_id=f"twin-{number}", document="twin")
            reviews.remember(twin)
            reviews.correct([says(twin.doc_id, "O1", False)])
        done = reviews.retrain("Ana")
        assert done.version == ""
        assert "held-out texts would fall" in done.report.refused[0]
        assert reviews.active() is None
        assert reviews.versions.names() == []

    def test_corrections_that_contradict_each_other_are_refused(self, framework, make_features, held_out):
        texts = [make_features(str(number), "Rivers and hills.") for number in range(10)]
        thresholds = np.array([0.5, 0.5, 0.5])
        examples = [Example(one, Standing({"O2": number >= 5})) for number, one in enumerate(texts)]
        _, report = refit(examples, Setting(framework, ("O1", "O2", "P1"), thresholds, held_out), None, "Ana")
        assert report.agreement.after < report.agreement.before == 0.5
        assert any("contradict" in reason for reason in report.refused)

    def test_agreement_is_measured_on_texts_that_the_refit_did_not_see(self, framework, make_features, held_out):
        """Two texts without a word in common cannot teach each other: seen, both verdicts are repeated; unseen, none."""
        examples = [
            Example(make_features("a", "Rivers and hills."), Standing({"O2": True})),
            Example(make_features("b", "Wagons arrived late."), Standing({"O2": True})),
        ]
        setting = Setting(framework, ("O1", "O2", "P1"), np.array([0.5, 0.5, 0.5]), held_out)
        _, report = refit(examples, setting, None, "Ana")
        assert report.reproduced == 1.0
        assert report.agreement.before == 0.0
        assert report.agreement.after < 1.0

    def test_a_corrected_text_is_no_longer_held_out(self, held_out):
        assert len(held_out.without({held_out.features[0].doc_id}).features) == 3

    def test_a_deleted_document_is_not_learned_from(self, reviews, index, ids):
        self.correct_clinics(reviews, ids)
        index.delete([ids["school.md"]])
        done = reviews.retrain("Ana")
        assert (done.report.verdicts, done.report.left_out) == (1, 1)


class TestVersions:
    def adjustment(self, value: float) -> Adjustment:
        return Adjustment(("O1", "O2", "P1"), np.full((4, 3), value, np.float32), np.zeros(3, np.float32))

    def test_every_version_can_be_restored(self, tmp_path):
        store = VersionStore(tmp_path, "t")
        names = [store.save(self.adjustment(value), {"author": "Ana"}) for value in (1.0, 2.0)]
        assert names == ["0001", "0002"]
        for name, value in (("0002", 2.0), ("0001", 1.0)):
            store.activate(name)
            assert store.load(store.active()).weights[0, 0] == value
            assert [one.name for one in store.list() if one.active] == [name]
        stamp = store.stamp()
        store.activate("shipped")
        assert store.load(store.active()) is None
        assert store.stamp() != stamp

    def test_a_damaged_version_is_refused_and_the_one_in_use_stays(self, tmp_path):
        store = VersionStore(tmp_path, "t")
        store.activate(store.save(self.adjustment(1.0), {}))
        other = store.save(self.adjustment(2.0), {})
        path = store.folder / other / "weights.safetensors"
        path.write_bytes(path.read_bytes()[:-1] + b"x")
        with pytest.raises(ArtefactError, match="SHA-256"):
            store.activate(other)
        assert store.active() == "0001"
        assert "SHA-256" in store.list()[1].report["damaged"]

    def test_a_version_of_another_tagger_is_refused_with_the_way_out(self, tmp_path):
        VersionStore(tmp_path, "old").activate(VersionStore(tmp_path, "old").save(self.adjustment(1.0), {}))
        with pytest.raises(ArtefactError, match="stratmap versions restore shipped"):
            VersionStore(tmp_path, "new").load("0001")
        VersionStore(tmp_path, "new").activate("shipped")

    @pytest.mark.parametrize("name", ["../0001", "0009", "", "shipped/.."])
    def test_a_name_that_is_no_version_is_refused(self, tmp_path, name):
        store = VersionStore(tmp_path, "t")
        store.save(self.adjustment(1.0), {})
        with pytest.raises(UsageError, match="Known: shipped, 0001"):
            store.load(name)

    @pytest.mark.parametrize("step", ["open", "write", "fsync", "rename", "sync_folder"])
    def test_a_disk_that_fails_at_any_step_leaves_the_version_in_use(self, tmp_path, monkeypatch, step):
        from stratmap import files

        store = VersionStore(tmp_path, "t")
        store.activate(store.save(self.adjustment(1.0), {}))

        def fail(name, path):
            if name == step:
                raise OSError(28, "no space left", str(path))

        monkeypatch.setattr(files, "_step", fail)
        with pytest.raises(OSError, match="no space"):
            store.activate(store.save(self.adjustment(2.0), {}))
        monkeypatch.undo()
        assert store.load(store.active()).weights[0, 0] == 1.0
        assert not list(store.folder.glob(".new-*"))

    def test_a_pointer_that_says_nonsense_is_refused(self, tmp_path):
        store = VersionStore(tmp_path, "t")
        store.folder.mkdir()
        (store.folder / "active.json").write_text("[]", encoding="utf-8")
        with pytest.raises(ArtefactError, match="restore shipped"):
            store.active()


def test_the_shipped_held_out_texts_fit_the_shipped_tagger():
    """Where this fails the tagger has changed: run `python -m evaluation.recipes.review_data`."""
    desk = Desk()
    held = load_held_out(desk.framework, desk.shipped_name, desk.encoder.dim)
    assert len(held.features) >= 60
    assert held.truth.any(axis=0).all()
    listed = json.loads((shipped_folder("review-iom-seeeca") / "documents.json").read_text(encoding="utf-8"))
    assert not any("text" in one for one in listed)


def test_a_framework_without_held_out_texts_has_none():
    assert load_held_out(load_framework("sdg"), "any", 384).features == ()


def test_five_thousand_verdicts_take_seconds(framework, held_out):
    """CPU seconds of this process: others may be busy on the same cores."""
    import time

    from stratmap.index.features import Features

    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(2_500, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    logits = rng.normal(-1, 2, size=(2_500, 3)).astype(np.float32)
    span = np.array([[0, 0, 400]])
    examples = [
        Example(
            Features(str(n), str(n), vectors[n : n + 1], logits[n : n + 1], np.array([400]), span),
            Standing({"O1": bool(n % 2), "O2": bool(n % 3)}),
        )
        for n in range(2_500)
    ]
    started = time.thread_time()
    _, report = refit(examples, Setting(framework, ("O1", "O2", "P1"), np.full(3, 0.5), held_out), None, "Ana")
    assert report.verdicts == 5_000
    assert time.thread_time() - started < 3
