"""Rows of figures, and how they are printed."""

import sys
from dataclasses import astuple, dataclass

HEAD = ("", "baseline", "ours", "ratio", "target", "met")


@dataclass
class Row:
    """One line: the figure of the baseline, ours, and what is asked for."""

    what: str
    baseline: str = ""
    ours: str = ""
    ratio: str = ""
    target: str = ""
    met: str = ""


def compare(what, baseline, ours, show, at_most=None, at_least=None, of="ratio"):
    """The row of two figures. The bound is on ours / baseline, or with of="ours" on our figure alone."""
    ratio = ours / baseline if baseline and ours is not None else None
    value, shown = (ratio, times) if of == "ratio" else (ours, show)
    return Row(
        what,
        "" if baseline is None else show(baseline),
        "" if ours is None else show(ours),
        "" if ratio is None else times(ratio),
        wanted(at_most, at_least, shown),
        met(value, at_most, at_least),
    )


def wanted(at_most, at_least, show):
    if at_most is not None:
        return f"<= {show(at_most)}"
    return "" if at_least is None else f">= {show(at_least)}"


def met(value, at_most, at_least):
    if value is None or at_most is at_least is None:
        return ""
    return "yes" if (at_most is None or value <= at_most) and (at_least is None or value >= at_least) else "NO"


def times(value):
    return f"{value:,.2f} x" if value < 10 else f"{value:,.0f} x"


def micro(value):
    return f"{value * 1e6:,.0f} us"


def milli(value):
    return f"{value * 1e3:,.1f} ms"


def size(value):
    return f"{value:,.0f} B"


def mebi(value):
    return f"{value / 2**20:,.1f} MiB"


def mebi_rate(value):
    return f"{value / 2**20:,.0f} MiB/s"


def rate(value):
    return f"{value:,.0f} /s"


def say(text=""):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def show(rows):
    """Prints them as a table that is Markdown, too."""
    lines = [HEAD, *map(astuple, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    for first, *others in lines:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        say(f"| {' | '.join(cells)} |")
