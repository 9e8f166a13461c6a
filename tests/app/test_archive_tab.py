"""The archive's tab: documents come, are replaced and go; what is wrong and what is double is said."""

from stratmap.app import archive_tab
from stratmap.settings import AppSettings, Settings

from .conftest import quiet

SETTINGS = Settings()


def put(desk, path, text, settings=SETTINGS) -> str:
    path.write_text(text, encoding="utf-8")
    return archive_tab.add(desk, settings, [str(path)], quiet)


def test_an_upload_is_added_tagged_and_can_be_reviewed(kept_desk, tmp_path):
    told = put(kept_desk, tmp_path / "new.txt", "Border guards were trained in document examination in Armenia.")
    assert "1 document added or replaced: new.txt" in told
    [found] = [one for one in kept_desk.documents() if one.name == "new.txt"]
    assert "O8" in found.labels
    assert found.source == "new.txt"  # not where the upload lay
    assert kept_desk.reviews.features.unscored() == []


def test_a_file_of_the_same_name_replaces_the_former_one(kept_desk, tmp_path):
    put(kept_desk, tmp_path / "new.txt", "Border guards were trained.")
    put(kept_desk, tmp_path / "new.txt", "Mobile clinics treated people for tuberculosis.")
    [found] = [one for one in kept_desk.documents() if one.name == "new.txt"]
    assert "O8" not in found.labels
    assert "the same text is there already" in put(
        kept_desk, tmp_path / "new.txt", "Mobile clinics treated people for tuberculosis."
    )


def test_one_that_cannot_be_read_does_not_stop_the_others(kept_desk, tmp_path):
    bad, good = tmp_path / "bad.pdf", tmp_path / "good.txt"
    bad.write_bytes(b"%PDF-1.7 broken")
    good.write_text("Teachers met parents.", encoding="utf-8")
    told = archive_tab.add(kept_desk, SETTINGS, [str(bad), str(good)], quiet)
    assert "Not added:" in told
    assert "good.txt" in told
    tight = Settings(app=AppSettings(max_upload_bytes=3))
    assert "at most 3 bytes" in archive_tab.add(kept_desk, tight, [str(good)], quiet)
    assert "Choose files first" in archive_tab.add(kept_desk, SETTINGS, [], quiet)


def test_a_deleted_document_is_gone_from_list_and_count(kept_desk):
    [found] = [one for one in kept_desk.documents() if one.name == "georgia-tb.md"]
    assert "is deleted" in archive_tab.delete(kept_desk, found.doc_id)
    assert found.doc_id not in {one.doc_id for one in kept_desk.documents()}
    assert "not there any more" in archive_tab.delete(kept_desk, found.doc_id)


def test_near_duplicates_and_words_of_the_search_are_shown(kept_desk, tmp_path):
    put(kept_desk, tmp_path / "copy.txt", "Border guards at Bagratashen trained in document examination. Again.")
    html = archive_tab.show(kept_desk, "armenia-border")
    assert "Nearly the same as copy.txt" in html
    assert "1 of 7 documents" in html
    assert "No document fits" in archive_tab.show(kept_desk, "penguins")


def test_the_archive_is_compared_again_when_it_has_changed_and_not_while_somebody_types(
    kept_desk, tmp_path, monkeypatch
):
    compared = []
    once = archive_tab.near_duplicates
    monkeypatch.setattr(archive_tab, "near_duplicates", lambda found: compared.append(len(found)) or once(found))
    for words in ("", "g", "ge"):
        archive_tab.show(kept_desk, words)
    put(kept_desk, tmp_path / "copy.txt", "Border guards at Bagratashen trained in document examination. Again.")
    assert "Nearly the same as copy.txt" in archive_tab.show(kept_desk, "armenia-border")
    assert compared == [6, 7]


def test_hostile_names_are_only_text(kept_desk):
    html = archive_tab.show(kept_desk)
    assert "hostile &lt;b&gt;.md" in html
    assert "<b>" not in html


def test_the_first_document_makes_the_index(tmp_path, hashing_encoder, kept_desk):
    from stratmap.assembly import Desk

    fresh = Desk(kept_desk.settings, tmp_path / "fresh")
    fresh.__dict__.update({key: kept_desk.__dict__[key] for key in ("encoder", "shipped_model", "shipped_name")})
    assert "The archive is empty" in archive_tab.show(fresh)
    assert "1 document added" in put(fresh, tmp_path / "new.txt", "Border guards were trained.")
    assert len(fresh.documents()) == 1


def test_the_state_is_told_in_words(kept_desk, desk):
    html = archive_tab.check(kept_desk)
    assert "Framework" in html
    assert "Disk" in html
    assert "nothing to check" in archive_tab.check(desk)
