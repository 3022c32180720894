"""Ansible, run by ansible-runner: plays out, happenings without secrets in."""

from estudent.adapters.ansible.playbooks import AnsiblePlaybooks

__all__ = ["AnsiblePlaybooks"]
