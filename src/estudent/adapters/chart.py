"""Bar charts as SVG images, from the kept library `pygal`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import pygal
from pygal.style import Style

# pygal hooks an importer of the old kind into Python for plug-ins that we do not use; each later import would warn.
sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]

WIDTH, ROW, FRAME = 900, 44, 40
INK, FAINT = "#18212c", "#d3dae3"


def svg_of(rows: Sequence[tuple[str, int]], colour: str) -> bytes:
    """Return horizontal bars, the first row on top, as an SVG that works without scripts and without the network."""
    style = Style(
        background="#ffffff",
        plot_background="#ffffff",
        foreground=INK,
        foreground_strong=INK,
        foreground_subtle=FAINT,
        colors=(colour,),
        opacity="1",
        font_family="sans-serif",
        label_font_size=18,
        major_label_font_size=18,
        guide_stroke_color=FAINT,
        major_guide_stroke_color=FAINT,
    )
    chart = pygal.HorizontalBar(
        style=style,
        width=WIDTH,
        height=FRAME + ROW * len(rows),
        js=(),
        show_legend=False,
        show_x_labels=False,
        include_x_axis=True,
        pretty_print=False,
        truncate_label=-1,
    )
    # pygal draws from below.
    chart.x_labels = [f"{label}: {number}" for label, number in reversed(rows)]
    chart.add("", [number for _, number in reversed(rows)])
    chart.add_xml_filter(_without_scripts)
    image: bytes = chart.render()
    return image


def _without_scripts(root: Any) -> Any:
    for parent in list(root.iter()):
        for child in [each for each in parent if str(each.tag).rpartition("}")[2] == "script"]:
            parent.remove(child)
    return root
