"""Mitogen's strategy under a path that is the same for every Python; Ansible looks for plugins in folders alone."""

from __future__ import annotations

from ansible_mitogen.plugins.strategy.mitogen_linear import StrategyModule

__all__ = ["StrategyModule"]
