"""Banks' statements and reports of mass payments, out of a watched folder with one subfolder for each bank."""

from estudent.adapters.banks.exports import ExportFolder
from estudent.adapters.banks.folder import BankFolder
from estudent.adapters.banks.receivables import ReceivableFolder
from estudent.adapters.banks.scheme import BankScheme

__all__ = ["BankFolder", "BankScheme", "ExportFolder", "ReceivableFolder"]
