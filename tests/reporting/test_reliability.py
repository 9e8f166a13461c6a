"""The reliability diagram: points where the numbers say, every number written out, well-formed as SVG."""

from xml.etree import ElementTree

from stratmap.reporting.drawing import Box, Words
from stratmap.reporting.reliability import reliability_drawing
from stratmap.reporting.svg import as_svg

BINS = [(0.1, 0.0, 1200), (0.5, 0.25, 40), (1.0, 1.0, 3)]


def points(drawing):
    return [(s.x + s.width // 2, s.y + s.height // 2) for s in drawing.shapes if isinstance(s, Box) and s.hint]


def test_points_stand_where_the_numbers_say():
    assert points(reliability_drawing(BINS, "Objectives", side=200)) == [(80, 252), (160, 202), (260, 52)]


def test_every_number_is_written_out():
    drawing = reliability_drawing(BINS, "Objectives")
    assert {"1,200", "40", "3", "Objectives"} <= {s.text for s in drawing.shapes if isinstance(s, Words)}
    hints = [s.hint for s in drawing.shapes if isinstance(s, Box) and s.hint]
    assert hints[1] == "40 cases, mean probability 0.50, true 0.25"


def test_it_is_written_as_well_formed_svg_whatever_the_title():
    root = ElementTree.fromstring(as_svg(reliability_drawing(BINS, "Objectives <all> & more")))
    assert root.get("aria-label") == "Objectives <all> & more"


def test_no_bins_give_no_points():
    assert points(reliability_drawing([], "Nothing")) == []
