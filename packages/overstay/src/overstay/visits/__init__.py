"""Opens and closes clients on a server, each leaving in the exact way that was asked for."""

from overstay.visits.client import Client
from overstay.visits.departure import SILENT, Departure
from overstay.visits.destination import Destination
from overstay.visits.driver import Driver
from overstay.visits.record import Connection, VisitRecord
from overstay.visits.script import VisitScript

__all__ = [
    "SILENT",
    "Client",
    "Connection",
    "Departure",
    "Destination",
    "Driver",
    "VisitRecord",
    "VisitScript",
]
