"""A small project with plays for this machine, and secrets that must not be seen again: canaries."""

from __future__ import annotations

import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

from ansible.parsing.vault import VaultLib, VaultSecret

from estudent.adapters.ansible import AnsiblePlaybooks

ROOT = Path(__file__).resolve().parents[1]
PASSWORD = "canary-of-the-vault-itself"
IN_A_FILE = "canary-in-a-vaulted-file"
IN_A_LIST = "canary/in+a list"
ON_A_LINE = "canary-on-a-line-of-many"
INLINE = "canary-in-a-single-value"
UNLOGGED = "canary-of-a-silent-task"
IN_A_MESSAGE = "canary-of-a-silent-message"
CANARIES = (PASSWORD, IN_A_FILE, IN_A_LIST, ON_A_LINE, INLINE, UNLOGGED, IN_A_MESSAGE)

# The strategy is the project's own.
CONFIGURATION = """\
[defaults]
strategy_plugins = {root}/playbooks/strategy_plugins
library = {root}/playbooks/library
strategy = {strategy}
force_handlers = True
retry_files_enabled = False
deprecation_warnings = False
"""
# What modules that ask systemd hear here: every unit runs since the boot, but `away`, which is not installed.
SYSTEMCTL = """\
#!{python} -IS
import os, sys, time
from pathlib import Path
verb, *arguments = sys.argv[1:]
units = [each.strip("'") for each in arguments if not each.startswith("-")]
started = [Path(os.environ["UNITS"]) / unit.removesuffix(".service") for unit in units]
if verb in ("restart", "reload"):
    for file in started:
        file.parent.mkdir(exist_ok=True)
        file.touch()
for file in started if verb == "show" else ():
    since = file.stat().st_mtime - time.time() + time.monotonic() if file.exists() else 0
    print("LoadState=" + ("not-found" if file.name == "away" else "loaded"))
    print("ActiveState=active\\nUnitFileState=enabled\\nNeedDaemonReload=no")
    print(f"StateChangeTimestampMonotonic={{since * 1e6:.0f}}\\nActiveEnterTimestampMonotonic={{since * 1e6:.0f}}\\n")
"""
# Mitogen keeps a Python for each connection; hosts that differ in nothing would share one, and wait for each other.
INVENTORY = """\
all:
  vars:
    ansible_connection: local
    ansible_python_interpreter: "{{ ansible_playbook_python | dirname }}/{{ python }}"
    target: "{{ inventory_dir }}/../changed/{{ inventory_hostname }}"
  children:
    here: {hosts: {one: {python: python}, two: {python: python3}}}
    away: {hosts: {lost: {python: python3, ansible_connection: ssh, ansible_host: 127.0.0.1, ansible_port: 1}}}
"""
VAULT = f"""\
vault_password: {IN_A_FILE}
vault_list: [{{key: {IN_A_LIST}}}, 17]
vault_long: |
  the first line of many
  {ON_A_LINE}
"""
PLAYS = {
    "site": """\
- name: Everything is in place
  hosts: here
  gather_facts: false
  tasks:
    - name: The folder is there
      ansible.builtin.file: {path: "{{ target }}", state: directory, mode: "0700"}
    - name: The greeting is written
      ansible.builtin.copy: {dest: "{{ target }}/greeting", content: "good morning\\nall\\n", mode: "0600"}
    - name: The configuration knows {{ vault_password }}
      ansible.builtin.copy:
        dest: "{{ target }}/configuration"
        mode: "0600"
        content: |
          password = {{ vault_password }}
          encoded = {{ vault_password | b64encode }}
          quoted = {{ vault_list[0].key | urlencode }}
          json = {{ vault_list | to_json }}
          single = {{ single }}
          {{ vault_long }}
          port = 389
    - name: The secret is kept
      ansible.builtin.copy: {dest: "{{ target }}/secret", content: "canary-of-a-silent-task", mode: "0600"}
      no_log: true
    - name: Nothing of ours is told to Ansible
      ansible.builtin.assert:
        that: lookup('env', 'PREFECT_API_AUTH_STRING') == '' and lookup('env', 'ESTUDENT_REGISTRY__URL') == ''
""",
    "base": """\
- name: Everything takes its time
  hosts: here
  gather_facts: false
  tasks:
    - name: The slow thing is done
      ansible.builtin.command: sleep 600
      check_mode: false
      changed_when: true
""",
    "database": """\
- name: Something is wrong
  hosts: here
  gather_facts: false
  tasks:
    - name: The thing is broken
      ansible.builtin.fail: {msg: "no room on {{ vault_password }}"}
      when: inventory_hostname == 'two'
    - name: The silent thing is broken
      ansible.builtin.fail: {msg: canary-of-a-silent-message}
      no_log: true
""",
    "portal": """\
- name: Something is wrong with one of two
  hosts: here
  gather_facts: false
  any_errors_fatal: true
  tasks:
    - name: What a handler makes good is changed
      ansible.builtin.copy: {dest: "{{ target }}-first", content: "", mode: "0600"}
      notify: The change is put in force
    - name: One of two is broken
      ansible.builtin.fail: {msg: broken}
      when: inventory_hostname == 'two'
    - name: The rest is done
      ansible.builtin.copy: {dest: "{{ target }}-rest", content: "", mode: "0600"}
  handlers:
    - name: The change is put in force
      ansible.builtin.copy: {dest: "{{ target }}-in-force", content: "", mode: "0600"}
""",
    "eduroam": """\
- name: Services follow their settings
  hosts: here
  gather_facts: false
  environment: {PATH: "{{ inventory_dir }}/../bin:{{ lookup('env', 'PATH') }}", UNITS: "{{ target }}-units"}
  tasks:
    - name: The settings are written
      ansible.builtin.copy: {dest: "{{ target }}-settings", content: "a = 1", mode: "0600"}
      notify: [The server is restarted, The front is reloaded, What else reads them is told, The other file is read]
    - name: The server runs, and has read its settings
      units: {names: [server.service], starts_with: {server.service: ["{{ target }}-settings"]}}
      notify: The server is restarted
    - name: What only one of them has is written
      ansible.builtin.copy: {dest: "{{ target }}-only", content: "", mode: "0600"}
      when: inventory_hostname == 'two'
      notify: The timers are restarted
    - name: What was changed is in force
      ansible.builtin.meta: flush_handlers
  handlers:
    - name: The server is restarted
      ansible.builtin.systemd_service: {name: server.service, state: restarted}
    - name: The front is reloaded
      ansible.builtin.systemd_service: {name: front, state: reloaded}
    - name: The timers are restarted
      ansible.builtin.systemd_service: {name: "{{ item }}", state: restarted}
      loop: [day.timer, night.timer]
    - name: What else reads them is told
      ansible.builtin.command: {argv: [mkdir, "{{ target }}-told"], removes: /}
      changed_when: true
    - name: The other file is read
      ansible.builtin.systemd_service: {name: other, state: restarted}
      when: false
""",
    "orchestration": """\
- name: A check can't know of every restart
  hosts: one
  gather_facts: false
  environment: {PATH: "{{ inventory_dir }}/../bin:{{ lookup('env', 'PATH') }}", UNITS: "{{ target }}-units"}
  tasks:
    - name: What the check can't do is done
      ansible.builtin.copy: {dest: "{{ target }}-unseen", content: "", mode: "0600"}
      when: not ansible_check_mode
      notify: The hidden one is restarted
    - name: What a package brings is set
      ansible.builtin.copy: {dest: "{{ target }}-seen", content: "", mode: "0600"}
      notify: What is not installed yet is restarted
  handlers:
    - name: The hidden one is restarted
      ansible.builtin.systemd_service: {name: hidden, state: restarted}
    - name: What is not installed yet is restarted
      ansible.builtin.systemd_service: {name: away, state: restarted}
      register: restart
      failed_when: restart is failed and not (ansible_check_mode and 'Could not find' in restart.msg)
""",
    "cache": """\
- name: Somebody is away
  hosts: all
  gather_facts: false
  tasks:
    - name: The host answers
      ansible.builtin.ping:
""",
    "directory": "- hosts: here\n  tasks: [: \n",
    "sso": """\
- name: A check can't see everything
  hosts: one
  gather_facts: false
  tasks:
    - name: The file is made
      ansible.builtin.file: {path: "{{ target }}-later", state: touch, mode: "0600"}
    - name: The file is read
      ansible.builtin.slurp: {src: "{{ target }}-later"}
""",
}


@dataclass(frozen=True)
class Project:
    """The project in its folder."""

    folder: Path

    @property
    def playbooks(self) -> AnsiblePlaybooks:
        """The project's plays."""
        lock, password = self.folder / "lock", self.folder / "password"
        return AnsiblePlaybooks(self.folder, self.folder / "inventory", None, password, None, None, lock)

    @property
    def mark(self) -> str:
        """What marks the processes of its deployments."""
        return f"UNDER_DEPLOYMENT_LOCK={self.folder / 'lock'}"

    def changed(self, host: str, file: str) -> str | None:
        """Return what a play wrote, or None."""
        path = self.folder / "changed" / host / file
        return path.read_text() if path.exists() else None

    def settings(self) -> str:
        """Return the settings with which this project is deployed."""
        return textwrap.dedent(f"""\
            [registry]
            fingerprint_key = "a key of the tests, long enough for it"
            [deployment]
            project = "{self.folder}"
            inventory = "inventory"
            vault_password_file = "{self.folder / "password"}"
            lock_file = "{self.folder / "lock"}"
            """)


def a_project(folder: Path, strategy: str = "mitogen_linear") -> Project:
    """Write the project's files."""
    for name in ("playbooks", "changed", "bin", "inventory/group_vars/all", "inventory/host_vars"):
        (folder / name).mkdir(parents=True)
    for name, play in PLAYS.items():
        (folder / "playbooks" / f"{name}.yml").write_text(play)
    (folder / "ansible.cfg").write_text(CONFIGURATION.format(root=ROOT, strategy=strategy))
    (folder / "bin/systemctl").write_text(SYSTEMCTL.format(python=sys.executable))
    (folder / "bin/systemctl").chmod(0o755)
    (folder / "password").write_text(f"{PASSWORD}\n")
    (folder / "inventory/hosts.yml").write_text(INVENTORY)
    (folder / "inventory/group_vars/all/vault.yml").write_text(encrypted(VAULT))
    single = textwrap.indent(encrypted(INLINE), "  ")
    (folder / "inventory/group_vars/all/vars.yml").write_text(f"single: !vault |\n{single}")
    return Project(folder)


def alive(pid: int) -> bool:
    """Say whether a process still does anything; one that has ended may wait for its parent to take notice."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def command_of(pid: int) -> bytes:
    """Return the command line of a process; one that has ended has none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def encrypted(text: str) -> str:
    """Return a text as Ansible's vault keeps it."""
    vault = VaultLib([("default", VaultSecret(PASSWORD.encode()))])
    kept: bytes = vault.encrypt(text)
    return kept.decode()
