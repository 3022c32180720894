"""Real Debian 13 hosts on one machine, to which Ansible deploys unchanged."""
