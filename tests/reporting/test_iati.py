import csv
import io
import json
import re
from pathlib import Path

import pytest
from lxml import etree

from stratmap.errors import DamagedDocument, ExportError
from stratmap.framework import Framework, Group, Label
from stratmap.reporting.iati import IatiOptions, fragment, insert_tags, percentages, read_activities
from stratmap.reporting.iati_codelist import codelist_csv, codelist_json, codelist_xml
from stratmap.reporting.iati_scan import ELEMENT_ORDER

from .conftest import make_tagged

SCHEMA = Path(__file__).parents[3] / "shared/datasets/iati-schema/iati-activities-schema.xsd"
ACTIVITY = """  <iati-activity xml:lang="en" default-currency="EUR">
    <iati-identifier>XX-1-{n}</iati-identifier>
    <reporting-org ref="XX-1" type="40"><narrative>Made up</narrative></reporting-org>
    <title><narrative>Return &amp; reintegration</narrative><narrative xml:lang="fr">Retour</narrative></title>
    <description type="1"><narrative><![CDATA[Cash ]] grants]]> for <!-- c --> people</narrative></description>
    <participating-org role="1" type="10"/>
    <activity-status code="2" />
    <activity-date iso-date="2021-03-01" type="2"/>
    <recipient-country code="AM" percentage="100"></recipient-country>
{sector}    <collaboration-type code="1"/>
    <!-- kept   as it is -->
{more}  </iati-activity>
"""
SECTOR = '    <sector vocabulary="1" code="15190"/>\n'


def make_file(*activities, version="2.03"):
    head = f'<?xml version="1.0" encoding="utf-8"?>\n<?pi kept?>\n<iati-activities version="{version}">\n'
    return (head + "".join(activities) + "</iati-activities>\n<!-- end -->\n").encode()


def activity(n=1, sector=SECTOR, more=""):
    return ACTIVITY.format(n=n, sector=sector, more=more)


def order_of(data, number=0):
    children = etree.fromstring(data).findall("iati-activity")[number]
    return [ELEMENT_ORDER.index(child.tag) for child in children if isinstance(child.tag, str)]


def validate(data):
    if not SCHEMA.is_file():
        pytest.skip("the IATI schema is not beside the repository")
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    etree.XMLSchema(etree.parse(SCHEMA, parser)).assertValid(etree.fromstring(data, parser))


def test_tags_stand_at_their_place_and_nothing_else_changes(framework):
    data = make_file(activity(1), activity(2, sector=""), activity(3))
    out = insert_tags(data, [make_tagged(framework), make_tagged(framework, applied=("O9",)), None], framework)
    for number, codes in enumerate((["O3", "P1"], ["O9"], [])):
        found = etree.fromstring(out).findall("iati-activity")[number].findall("tag")
        assert [tag.get("code") for tag in found] == codes
        assert order_of(out, number) == sorted(order_of(out, number))
    removed = re.sub(rb"\n {4}<tag [^\n]*</tag>", b"", out)
    assert removed == data


@pytest.mark.shared
def test_the_file_is_valid_against_the_schema_of_2_03(framework):
    strange = Framework("x", "X", "", (Group("g", "G", (Label("O3", "a ]]> & <b> \x08\ud800", "s"),)),))
    options = IatiOptions(sector_group="g", uri="https://example.org/?a=1&b=2")
    out = insert_tags(make_file(activity()), [make_tagged(strange)], strange, options)
    validate(make_file(activity()))
    validate(out)
    assert etree.fromstring(out).findtext(".//tag/narrative") == "a ]]> & <b> "


@pytest.mark.shared
def test_our_order_of_elements_is_that_of_the_schema():
    if not SCHEMA.is_file():
        pytest.skip("the IATI schema is not beside the repository")
    name = "{http://www.w3.org/2001/XMLSchema}"
    path = f"{name}element[@name='iati-activity']/{name}complexType/{name}sequence/{name}element"
    found = [element.get("ref") or element.get("name") for element in etree.parse(SCHEMA).findall(path)]
    assert tuple(found) == ELEMENT_ORDER


def test_a_second_run_changes_nothing(framework):
    options = IatiOptions(sector_group="objectives")
    once = insert_tags(make_file(activity()), [make_tagged(framework)], framework, options)
    assert insert_tags(once, [make_tagged(framework)], framework, options) == once


def test_sectors_sum_to_one_hundred_and_stand_before_tags(framework):
    options = IatiOptions(sector_group="objectives")
    tagged = make_tagged(framework, applied=("O1", "O3", "O7"))
    out = insert_tags(make_file(activity(sector="")), [tagged], framework, options)
    shares = [float(one.get("percentage")) for one in etree.fromstring(out).iter("sector")]
    assert len(shares) == 3
    assert sum(shares) == pytest.approx(100, abs=1e-9)
    assert order_of(out) == sorted(order_of(out))


def test_sectors_of_transactions_keep_the_activity_without_any(framework):
    more = '    <transaction><sector code="15190"/></transaction>\n'
    options = IatiOptions(sector_group="objectives")
    out = insert_tags(make_file(activity(sector="", more=more)), [make_tagged(framework)], framework, options)
    assert len(list(etree.fromstring(out).iter("sector"))) == 1


def test_a_vocabulary_in_use_takes_no_second_hundred_per_cent(framework):
    theirs = '    <sector vocabulary="99" vocabulary-uri="https://example.org/x" code="A" percentage="100"/>\n'
    for vocabulary, shares in (("99", [100]), ("98", [100, 100])):
        options = IatiOptions(sector_group="objectives", sector_vocabulary=vocabulary)
        out = insert_tags(make_file(activity(sector=theirs)), [make_tagged(framework)], framework, options)
        assert [float(one.get("percentage")) for one in etree.fromstring(out).iter("sector")] == shares


@pytest.mark.parametrize("weights", [[1], [1, 1, 1], [0.9, 0.05, 0.05], [1e-9, 1], [0.3] * 7])
def test_percentages_sum_exactly(weights):
    assert sum(int(share.replace(".", "")) for share in percentages(weights)) == 10_000


def test_utf_16_stays_utf_16(framework):
    data = make_file(activity()).decode().replace("utf-8", "utf-16").encode("utf-16")
    out = insert_tags(data, [make_tagged(framework)], framework)
    assert out[:2] == data[:2]
    assert [tag.get("code") for tag in etree.fromstring(out).iter("tag")] == ["O3", "P1"]


def test_crlf_and_elements_closed_at_once(framework):
    data = make_file(activity(sector='<sector code="1"/>')).replace(b"\n", b"\r\n")
    out = insert_tags(data, [make_tagged(framework)], framework)
    assert order_of(out) == sorted(order_of(out))
    assert b"\n" not in out.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    "data",
    [
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><iati-activities version="2.03"/>',
        b"<iati-activities><iati-activity>",
        b"<html/>",
        b"",
    ],
)
def test_what_is_no_safe_activities_file_is_refused(data, framework):
    with pytest.raises(DamagedDocument):
        insert_tags(data, [], framework)


def test_another_version_and_another_number_of_results_are_refused(framework):
    with pytest.raises(ExportError, match=r"2\.03, found 2\.02"):
        insert_tags(make_file(activity(), version="2.02"), [None], framework)
    with pytest.raises(ExportError, match="results for 1 activities"):
        insert_tags(make_file(activity()), [], framework)


def test_activities_are_read_in_one_language_with_country_and_year():
    (one,) = read_activities(make_file(activity(7)), "a.xml")
    assert (one.identifier, one.title, one.description) == ("XX-1-7", "Return & reintegration", one.description)
    assert one.description == "Cash ]] grants for  people"
    assert (one.countries, one.year, one.language) == (("AM",), 2021, "en")


def test_a_fragment_is_the_elements_alone(framework):
    text = fragment(make_tagged(framework), framework)
    root = etree.fromstring(f"<r>{text}</r>")
    assert [(tag.get("vocabulary"), tag.get("vocabulary-uri"), tag.get("code")) for tag in root] == [
        ("99", "urn:stratmap:framework:iom-seeeca", code) for code in ("O3", "P1")
    ]


def test_the_codelist_holds_the_fifteen_codes_in_three_forms(framework):
    root = etree.fromstring(codelist_xml(framework, "urn:x").encode())
    rows = list(csv.DictReader(io.StringIO(codelist_csv(framework).decode("utf-8-sig"), newline="")))
    data = json.loads(codelist_json(framework, "urn:x"))["data"]
    for codes in ([one.text for one in root.iter("code")], [r["code"] for r in rows], [d["code"] for d in data]):
        assert tuple(codes) == framework.codes
