"""The static scan: reads a project's source and names what would outlive a session, without running any of it."""

from overstay.scan.scanner import ScanResult, scan

__all__ = ["ScanResult", "scan"]
