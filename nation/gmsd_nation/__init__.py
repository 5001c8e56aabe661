"""A deterministic synthetic nation: register, regions and Wmo deliveries, with declared faults and the truth beside them."""

from gmsd_nation.bsn import BsnsExhausted, passes_elfproef
from gmsd_nation.faults import Fault
from gmsd_nation.generate import PERIODS, MarkedNumbers, Nation, generate
from gmsd_nation.wmo_faults import FAULTS
from gmsd_nation.writer import MANIFEST_FILE, PLAN_FILE, Delivery

__all__ = [
    "FAULTS",
    "MANIFEST_FILE",
    "PERIODS",
    "PLAN_FILE",
    "BsnsExhausted",
    "Delivery",
    "Fault",
    "MarkedNumbers",
    "Nation",
    "generate",
    "passes_elfproef",
]
