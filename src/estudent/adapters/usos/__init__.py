"""USOS behind the port `Usos`: its API with an administrative consumer key, Oracle objects, or files."""

from estudent.adapters.usos.api import UsosApi
from estudent.adapters.usos.database import oracledb
from estudent.adapters.usos.files import UsosFiles
from estudent.adapters.usos.oracle import UsosOracle

__all__ = ["UsosApi", "UsosFiles", "UsosOracle", "oracledb"]
