"""The desk of the student office: look somebody up, see where they are stuck and why, and help."""

from estudent.portal.desk import actions, board, card, log, payments, rejections, search
from estudent.portal.desk.blueprint import pages

__all__ = ["actions", "board", "card", "log", "pages", "payments", "rejections", "search"]
