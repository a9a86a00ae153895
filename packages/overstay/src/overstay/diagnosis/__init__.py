"""From the evidence of an examination to its report."""

from overstay.diagnosis.circumstances import Circumstances
from overstay.diagnosis.summary import diagnose

__all__ = ["Circumstances", "diagnose"]
