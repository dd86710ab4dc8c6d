"""How many streams a machine carries, and how fresh the results are: figures to be believed."""

from __future__ import annotations

from .capacity import Capacity, Target, Trial, find_capacity, judge
from .compare import compare, read_report
from .measure import measure
from .page import make_page
from .percentiles import Percentiles
from .plan import BenchPlan
from .report import BenchReport
from .scenery import DEFAULT_SCENE
from .tables import print_capacity, print_comparison, print_report

__all__ = [
    "DEFAULT_SCENE",
    "BenchPlan",
    "BenchReport",
    "Capacity",
    "Percentiles",
    "Target",
    "Trial",
    "compare",
    "find_capacity",
    "judge",
    "make_page",
    "measure",
    "print_capacity",
    "print_comparison",
    "print_report",
    "read_report",
]
