"""The recruitment office's system IRK, read through its API."""

from estudent.adapters.recruitment.irk.api import IrkApi, Scope
from estudent.adapters.recruitment.irk.client import Client, Patience
from estudent.adapters.recruitment.irk.pace import Pace
from estudent.adapters.recruitment.irk.record import FIELDS, WORDS, Meaning

__all__ = ["FIELDS", "WORDS", "Client", "IrkApi", "Meaning", "Pace", "Patience", "Scope"]
