"""What every role, play and inventory has in common; read from the files, no host is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab import secrets, variables

PROJECT = variables.PROJECT
PLAYBOOKS = PROJECT / "playbooks"
TEMPLATES = PROJECT / "templates/hosts"
INVENTORIES = ("lab", "staging", "production")
ROLES = sorted(role.name for role in variables.ROLES.iterdir() if (role / "tasks").is_dir())
PLAYS = sorted(file.name for file in PLAYBOOKS.glob("*.yml") if not file.name.startswith("."))
SOURCE = re.compile(r"\{\{ templates_dir \}\}/hosts/([^\"']+?\.j2)|templates_dir ~ '/hosts/([^']+\.j2)'")


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML as Ansible reads it, in which values may be encrypted."""


Loader.add_constructor("!vault", lambda _loader, node: node.value)


@cache
def read(file: Path) -> Any:
    return yaml.load(file.read_text(), Loader) if file.exists() else None  # noqa: S506 - a SafeLoader


def files_of(role: str) -> list[Path]:
    return [
        file
        for kind in ("tasks", "handlers", "vars", "defaults")
        for file in (variables.ROLES / role).glob(f"{kind}/*.yml")
    ]


def strings(node: object) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        for key, value in node.items():
            yield from strings(key)
            yield from strings(value)
    elif isinstance(node, list):
        for each in node:
            yield from strings(each)


def tasks(node: object) -> Iterator[Mapping[str, Any]]:
    for task in node if isinstance(node, list) else []:
        yield task
        for part in ("block", "rescue", "always"):
            yield from tasks(task.get(part))


# Roles


@pytest.mark.parametrize("role", ROLES)
def test_a_role_types_every_variable_and_gives_every_other_a_default(role: str) -> None:
    options = variables.options(variables.ROLES / role)
    defaults = read(variables.ROLES / role / "defaults/main.yml") or {}
    required = {name for name, option in options.items() if option.get("required")}
    assert set(options) - required == set(defaults) - required
    assert set(defaults) <= set(options)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_names_its_variables_after_itself(role: str) -> None:
    folder = variables.ROLES / role
    named = [
        *variables.options(folder),
        *(read(folder / "defaults/main.yml") or {}),
        *(read(folder / "vars/main.yml") or {}),
    ]
    named += [task["register"] for file in files_of(role) for task in tasks(read(file)) if "register" in task]
    assert [name for name in named if not name.startswith(f"{role}_")] == []


@pytest.mark.parametrize("role", ROLES)
def test_a_role_hides_its_secrets(role: str) -> None:
    options = variables.options(variables.ROLES / role)
    secret = [name for name in options if re.search(r"_(password|secret|passphrase|salt)$", name)]
    assert [name for name in secret if not options[name].get("no_log")] == []


@pytest.mark.parametrize("role", ROLES)
def test_a_role_needs_no_facts(role: str) -> None:
    said = [text for file in files_of(role) for text in strings(read(file))]
    assert [text for text in said if "ansible_facts" in text or "ansible_distribution" in text] == []


# A check counts and names what restarts (docs/operations.md): what a handler would do in the run, it has to say there.


@pytest.mark.parametrize("role", ROLES)
def test_a_handler_is_not_left_out_of_a_check(role: str) -> None:
    for handler in tasks(read(variables.ROLES / role / "handlers/main.yml")):
        assert "ansible_check_mode" not in str(handler.get("when", "")), handler["name"]
        if command := handler.get("ansible.builtin.command"):
            assert command.get("removes") == "/" and handler.get("changed_when") is True, handler["name"]
        assert not {"ansible.builtin.shell", "ansible.builtin.raw", "ansible.builtin.script"} & set(handler)


@pytest.mark.parametrize("role", ROLES)
def test_a_check_looks_at_units_and_what_they_have_not_read(role: str) -> None:
    looking = [task for file in files_of(role) for task in tasks(read(file)) if "units" in task]
    assert [task["name"] for task in looking if "ansible_check_mode" in str(task.get("when", ""))] == []


# Plays


@pytest.mark.parametrize("play", PLAYS)
def test_a_play_stops_for_all_when_one_host_fails_and_asks_for_no_facts(play: str) -> None:
    for each in read(PLAYBOOKS / play):
        if "hosts" in each:
            assert each.get("name"), play
            assert each.get("any_errors_fatal") is True, each["name"]
            assert each.get("gather_facts") is False, each["name"]
            assert "become" in each, each["name"]


def test_an_upgrade_keeps_no_python_running_that_it_replaces() -> None:
    assert [each["strategy"] for each in read(PLAYBOOKS / "upgrade.yml")] == ["linear"]


def test_every_group_has_a_play_and_the_whole_site_has_all_of_them() -> None:
    assert [play for play in site() if play not in PLAYS] == []
    assert groups("lab") - {each["hosts"] for each in plays_of_site()} == set()


def site() -> list[str]:
    return [each["ansible.builtin.import_playbook"] for each in read(PLAYBOOKS / "site.yml")]


def plays_of_site() -> list[Mapping[str, Any]]:
    return [each for play in site() for each in read(PLAYBOOKS / play) or []]


# Templates


def loop_of(task: Mapping[str, Any]) -> list[object]:
    loop = task.get("loop")
    return loop if isinstance(loop, list) else []


def rendered(task: Mapping[str, Any]) -> Iterator[str]:
    for text in strings(task):
        for found in SOURCE.finditer(text):
            source = found[1] or found[2]
            if "{{ item" not in source:
                yield source
            for item in loop_of(task) if "{{ item" in source else []:
                fields = (
                    {f"item.{key}": value for key, value in item.items()} if isinstance(item, dict) else {"item": item}
                )
                yield re.sub(r"\{\{ (item[.a-z_]*) \}\}", lambda name: str(fields.get(name[1], name[0])), source)  # noqa: B023


@pytest.mark.parametrize("role", ROLES)
def test_every_template_that_a_role_names_is_there(role: str) -> None:
    named = [source for file in files_of(role) for task in tasks(read(file)) for source in rendered(task)]
    assert [source for source in named if "{{" not in source and not (TEMPLATES / source).is_file()] == []


def test_every_template_is_named_by_somebody() -> None:
    named = {
        source for role in ROLES for file in files_of(role) for task in tasks(read(file)) for source in rendered(task)
    }
    others = "\n".join(file.read_text() for file in mentioning())
    lost = [
        file
        for file in TEMPLATES.rglob("*.j2")
        if str(file.relative_to(TEMPLATES)) not in named
        and not re.search(rf"(?<![\w.-]){re.escape(file.name.removesuffix('.j2'))}(\.j2|(?![\w.-]))", others)
    ]
    assert lost == []


def mentioning() -> Iterator[Path]:
    """Yield what may name a template in its own way: programs, other templates, lists of names in variables."""
    for folder in (PLAYBOOKS, PROJECT / "inventories", PROJECT / "sandbox", TEMPLATES):
        yield from (file for file in folder.rglob("*") if file.suffix in {".yml", ".py", ".j2"})


# Inventories


@cache
def hosts(inventory: str) -> Mapping[str, Mapping[str, Any]]:
    children = read(PROJECT / "inventories" / inventory / "hosts.yml")["all"]["children"]
    return {group: children[group].get("hosts") or {} for group in children}


def groups(inventory: str) -> set[str]:
    return set(hosts(inventory))


def variables_of(inventory: str, group: str) -> Mapping[str, Any]:
    """Return what the inventory says to every host of a group, host variables of the first one included."""
    found: dict[str, Any] = {}
    for name in ("all", group):
        for file in sorted((PROJECT / "inventories" / inventory / "group_vars" / name).glob("*.yml")):
            found |= {} if file.name == "vault.yml" else read(file) or {}
    return found | next(iter(hosts(inventory)[group].values()), {})


def roles_of(group: str) -> set[str]:
    plays = [each for each in plays_of_site() if each["hosts"] in {group, "all"}]
    return {role if isinstance(role, str) else role["role"] for each in plays for role in each.get("roles", [])}


@pytest.mark.parametrize("inventory", INVENTORIES)
def test_inventories_have_the_same_groups(inventory: str) -> None:
    assert groups(inventory) == groups("lab")


@pytest.mark.parametrize("inventory", INVENTORIES)
def test_hosts_have_addresses_of_their_own(inventory: str) -> None:
    found = read(PROJECT / "inventories" / inventory / "hosts.yml")["all"]["hosts"]
    addresses = [host["address"] for host in found.values()]
    assert len(set(addresses)) == len(addresses)
    assert {name for group in hosts(inventory).values() for name in group} == set(found)


@pytest.mark.parametrize("inventory", INVENTORIES)
@pytest.mark.parametrize("group", sorted(groups("lab")))
def test_an_inventory_says_all_that_the_roles_of_its_groups_ask(inventory: str, group: str) -> None:
    if not hosts(inventory)[group]:
        return
    said = variables_of(inventory, group)
    asked = {name for role in roles_of(group) for name in variables.asked(variables.ROLES / role)}
    assert sorted(asked - set(said)) == []


@pytest.mark.parametrize("inventory", INVENTORIES)
def test_an_inventory_sets_only_what_a_role_knows(inventory: str) -> None:
    known = {name for role in variables.roles() for name in variables.options(role)}
    for group in ("all", *groups(inventory)):
        for name in variables_of(inventory, group) if group != "all" else ():
            role = next((role for role in ROLES if name.startswith(f"{role}_")), None)
            assert role is None or name in known or name in SHARED, f"{inventory}, {group}: {name}"


SHARED = {"portal_name", "sso_name", "orchestration_name"}
"""Names that people use; they belong to the whole inventory and look like a role's own variables."""


# Secrets


@pytest.mark.parametrize("inventory", INVENTORIES)
def test_every_secret_that_an_inventory_names_is_made_up_or_given(inventory: str) -> None:
    names = secrets.Inventory(inventory, Path("unread")).names()
    assert sorted(names - set(secrets.SECRETS) - set(secrets.GIVEN)) == []


def test_secrets_that_only_a_linked_folder_names_are_known() -> None:
    assert (PROJECT / "inventories/staging/group_vars/portal").is_symlink()
    assert "vault_portal_secret_key" in secrets.Inventory("staging", Path("unread")).names()


def test_every_secret_that_is_made_up_is_used() -> None:
    used = {name for inventory in INVENTORIES for name in secrets.Inventory(inventory, Path("unread")).names()}
    assert sorted((set(secrets.SECRETS) | set(secrets.GIVEN)) - used) == []


def test_the_lab_needs_nothing_that_others_tell() -> None:
    assert sorted(secrets.LAB.names() & set(secrets.GIVEN)) == []


def test_the_example_lists_every_secret_with_a_comment_and_none_in_clear() -> None:
    file = PROJECT / "inventories/vault.example.yml"
    assert read(file) == dict.fromkeys(secrets.SECRETS, "made") | dict.fromkeys(secrets.GIVEN, "given")
    for paragraph in file.read_text().strip().split("\n\n"):
        assert paragraph.startswith("# ")


def test_what_must_stay_is_never_made_up_anew(tmp_path: Path) -> None:
    inventory = secrets.Inventory(str(tmp_path), tmp_path / "password")
    secrets.make_up(inventory, ["vault_payments_key", "vault_cache_password"], {})
    with pytest.raises(secrets.Refused, match="vault_payments_key"):
        secrets.rotate(inventory, ["vault_p*"])


def test_a_secret_made_up_anew_leaves_the_others_as_they_were(tmp_path: Path) -> None:
    inventory = secrets.Inventory(str(tmp_path), tmp_path / "password")
    secrets.make_up(inventory, ["vault_payments_key", "vault_cache_password"], {})
    before = inventory.read()
    assert secrets.rotate(inventory, ["vault_cache_password"]) == ["vault_cache_password"]
    after = inventory.read()
    assert after["vault_payments_key"] == before["vault_payments_key"]
    assert after["vault_cache_password"] != before["vault_cache_password"]


def test_a_vault_shows_nothing_to_who_has_not_its_password(tmp_path: Path) -> None:
    inventory = secrets.Inventory(str(tmp_path), tmp_path / "password")
    secrets.make_up(inventory, ["vault_cache_password"], {})
    assert inventory.vault.read_text().startswith("$ANSIBLE_VAULT;1.1;AES256\n")
    assert inventory.vault.stat().st_mode & 0o077 == 0


# Docs


def test_the_page_about_inventories_tells_every_variable() -> None:
    assert variables.PAGE.read_text() == variables.page(), "write it anew: python -m lab.variables"
