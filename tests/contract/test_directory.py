"""The port `Directory`: the fake and OpenLDAP keep one contract; then what only a real directory can show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from ldap3 import LEVEL, MODIFY_ADD, MODIFY_DELETE, MODIFY_REPLACE, Connection

from estudent.adapters.ldap.answers import entry_found, texts_found
from estudent.adapters.ldap.attributes import ALBUM, LOCKED, READ, Texts, attributes_of, decoded
from estudent.adapters.ldap.connection import Access, connect_to, hang_up
from estudent.adapters.ldap.directory import LdapDirectory
from estudent.adapters.ldap.escaping import dn_of, people_of
from estudent.adapters.ldap.likeness import encoded
from estudent.adapters.ldap.reading import all_with_albums, with_albums
from estudent.adapters.ldap.writing import Add, Window
from estudent.domain.directory_entry import Entry
from estudent.domain.outcome import Result
from estudent.domain.plan import Lock, Step, StepKind
from estudent.ports import Directory, Misconfigured
from sandbox.slapd import Slapd
from tests.contract.directory_contract import NAMES, DirectoryContract, a_new_entry, left_to_do, results, settle
from tests.fakes import FakeDirectory

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.fixture(scope="module")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with Slapd(tmp_path_factory.mktemp("slapd"), durable=False) as running:
        yield running


@pytest.fixture(scope="module")
def openldap(slapd: Slapd) -> Iterator[LdapDirectory]:
    directory = a_directory(slapd)
    yield directory
    directory.close()


@pytest.fixture(scope="module")
def by_hand(slapd: Slapd) -> Iterator[Connection]:
    """What somebody else with the right to write does behind the adapter's back."""
    connection = connect_to(slapd.ldaps_uri, access(slapd))
    yield connection
    hang_up(connection)


def access(slapd: Slapd, service: str = "provisioner") -> Access:
    account = slapd.accounts[service]
    return Access((slapd.ldaps_uri,), account.dn, account.password, slapd.ca_file, 5, 10)


def a_directory(slapd: Slapd, service: str = "provisioner", *, scan_above: int = 2000) -> LdapDirectory:
    account = slapd.accounts[service]
    return LdapDirectory(
        [slapd.ldaps_uri], account.dn, account.password, slapd.suffix, slapd.ca_file, scan_above=scan_above
    )


Edit = Callable[..., None]


@pytest.fixture
def edit(slapd: Slapd, by_hand: Any) -> Edit:
    def edit(entry: Entry, **changes: tuple[str, list[str]]) -> None:
        done = by_hand.modify(dn_of(entry.album, slapd.suffix), {name: [how] for name, how in changes.items()})
        assert done[0], done[1]

    return edit


class TestFakeDirectory(DirectoryContract):
    @pytest.fixture
    def directory(self) -> Directory:
        return FakeDirectory()


class TestOpenLdapDirectory(DirectoryContract):
    @pytest.fixture
    def directory(self, openldap: LdapDirectory) -> Directory:
        return openldap


# Locks


def sign_in(slapd: Slapd, entry: Entry, password: str) -> bool:
    """Tell whether a student gets in."""
    there = (slapd.ldaps_uri,)
    try:
        hang_up(connect_to(there[0], Access(there, dn_of(entry.album, slapd.suffix), password, slapd.ca_file, 5, 10)))
    except Misconfigured:
        return False
    return True


def choose_password(slapd: Slapd, entry: Entry, password: str) -> None:
    """Do what the portal does."""
    portal: Any = connect_to(slapd.ldaps_uri, access(slapd, "portal"))
    assert portal.modify(dn_of(entry.album, slapd.suffix), {"userPassword": [(MODIFY_REPLACE, [password])]})[0]
    hang_up(portal)


def test_the_first_password_opens_an_entry(slapd: Slapd, openldap: LdapDirectory) -> None:
    wanted = a_new_entry(lock=Lock.UNTIL_ACTIVATED)
    settle(openldap, wanted)
    assert not sign_in(slapd, wanted, "first")
    choose_password(slapd, wanted, "first")
    assert sign_in(slapd, wanted, "first")
    assert openldap.find([wanted.album])[wanted.album].lock is Lock.OPEN


def test_no_password_opens_a_barred_entry(slapd: Slapd, openldap: LdapDirectory) -> None:
    wanted = a_new_entry(lock=Lock.OPEN)
    settle(openldap, wanted)
    choose_password(slapd, wanted, "first")
    settle(openldap, replace(wanted, lock=Lock.BARRED))
    choose_password(slapd, wanted, "second")
    assert not sign_in(slapd, wanted, "second")
    assert openldap.find([wanted.album])[wanted.album].lock is Lock.BARRED


def test_whoever_is_unlocked_gets_in_with_the_old_password(slapd: Slapd, openldap: LdapDirectory) -> None:
    wanted = a_new_entry(lock=Lock.OPEN)
    settle(openldap, wanted)
    choose_password(slapd, wanted, "old")
    settle(openldap, replace(wanted, lock=Lock.BARRED))
    settle(openldap, wanted)
    assert sign_in(slapd, wanted, "old")


def test_ten_wrong_passwords_are_no_lock_of_ours(openldap: LdapDirectory, edit: Edit) -> None:
    wanted = a_new_entry(lock=Lock.OPEN)
    settle(openldap, wanted)
    edit(wanted, pwdAccountLockedTime=(MODIFY_REPLACE, ["20261124010000Z"]))
    assert left_to_do(openldap, wanted) == []


def test_a_date_on_which_somebody_else_lets_an_account_end_is_left_alone(openldap: LdapDirectory, edit: Edit) -> None:
    wanted = a_new_entry(lock=Lock.OPEN)
    settle(openldap, wanted)
    edit(wanted, pwdEndTime=(MODIFY_REPLACE, ["20301001000000Z"]))
    assert left_to_do(openldap, wanted) == []


# What others wrote


def test_what_we_do_not_manage_is_left_alone(openldap: LdapDirectory, by_hand: Any, edit: Edit) -> None:
    wanted = a_new_entry()
    settle(openldap, wanted)
    edit(
        wanted,
        objectClass=(MODIFY_ADD, ["schacUserEntitlements"]),
        schacUserStatus=(MODIFY_ADD, ["urn:schac:userStatus:example"]),
        telephoneNumber=(MODIFY_ADD, ["+48 22 000 00 00"]),
        schacPersonalUniqueCode=(MODIFY_ADD, ["urn:schac:personalUniqueCode:pl:card:17"]),
    )
    assert left_to_do(openldap, wanted) == []
    settle(openldap, replace(wanted, surname="Nowak", personal_unique_code=f"{wanted.personal_unique_code}0"))
    kept = by_hand.search("dc=student,dc=example,dc=pl", f"(uid={wanted.uid})", attributes=["*"])[2][0]["attributes"]
    assert kept["telephoneNumber"] == ["+48 22 000 00 00"]
    assert "schacUserEntitlements" in kept["objectClass"]
    assert set(kept["schacPersonalUniqueCode"]) == {
        "urn:schac:personalUniqueCode:pl:card:17",
        f"{wanted.personal_unique_code}0",
    }


@pytest.mark.parametrize("language", ["uk", "x" * 150])
def test_the_same_in_another_language_is_left_alone(openldap: LdapDirectory, edit: Edit, language: str) -> None:
    """Whoever asks for an attribute gets its variants, too (RFC 4511, section 4.5.1.8)."""
    wanted = a_new_entry()
    settle(openldap, wanted)
    edit(wanted, **{f"sn;lang-{language}": (MODIFY_ADD, ["Жак"])})
    assert left_to_do(openldap, wanted) == []
    mailbox = f"lucja.zak.{wanted.album}@example.pl"
    later = replace(wanted, mail=(mailbox,), local_addresses=(*wanted.local_addresses, mailbox))
    settle(openldap, later)
    assert left_to_do(openldap, later) == []


@pytest.mark.parametrize(
    ("attribute", "field"), [("sn", "surname"), ("cn", "display_name"), ("mail", "mail"), ("givenName", "given_name")]
)
def test_a_value_that_somebody_added_to_ours_is_a_difference_and_goes(
    openldap: LdapDirectory, edit: Edit, attribute: str, field: str
) -> None:
    wanted = a_new_entry(given_name="" if attribute == "givenName" else "Łucja")
    settle(openldap, wanted)
    edit(wanted, **{attribute: (MODIFY_ADD, [f"b{wanted.album}", f"a{wanted.album}"])})
    assert wanted.differences(openldap.find([wanted.album])[wanted.album]) == (field,)
    settle(openldap, wanted)
    assert left_to_do(openldap, wanted) == []


@pytest.mark.parametrize(("attribute", "field"), [("displayName", "display_name"), ("preferredLanguage", "language")])
def test_a_value_that_somebody_took_away_is_a_difference_and_comes_back(
    openldap: LdapDirectory, edit: Edit, attribute: str, field: str
) -> None:
    wanted = a_new_entry()
    settle(openldap, wanted)
    edit(wanted, **{attribute: (MODIFY_DELETE, [])})
    assert wanted.differences(openldap.find([wanted.album])[wanted.album]) == (field,)
    settle(openldap, wanted)
    assert left_to_do(openldap, wanted) == []


def test_an_entry_made_by_hand_gets_the_object_classes_it_lacks(
    slapd: Slapd, openldap: LdapDirectory, by_hand: Any
) -> None:
    wanted = a_new_entry()
    bare = {"objectClass": "inetOrgPerson", "sn": "?", "cn": "?", "employeeNumber": wanted.album.digits}
    assert by_hand.add(dn_of(wanted.album, slapd.suffix), attributes=bare)[0]
    settle(openldap, wanted)
    assert left_to_do(openldap, wanted) == []


def test_a_single_change_to_an_entry_made_by_hand_brings_the_object_class_it_needs(
    slapd: Slapd, openldap: LdapDirectory, by_hand: Any
) -> None:
    wanted = a_new_entry()
    bare = {"objectClass": "inetOrgPerson", "sn": "?", "cn": "?", "employeeNumber": wanted.album.digits}
    assert by_hand.add(dn_of(wanted.album, slapd.suffix), attributes=bare)[0]
    assert results(openldap, Step(StepKind.CHANGE, wanted, fields=("affiliations",))) == [Result.DONE]
    assert openldap.find([wanted.album])[wanted.album].affiliations == wanted.affiliations


def test_a_login_that_is_there_without_the_album_number_is_refused(
    slapd: Slapd, openldap: LdapDirectory, by_hand: Any
) -> None:
    wanted = a_new_entry()
    stranger = {"objectClass": "inetOrgPerson", "sn": "?", "cn": "?"}
    assert by_hand.add(dn_of(wanted.album, slapd.suffix), attributes=stranger)[0]
    (outcome,) = settle(openldap, wanted)
    assert outcome.result is Result.REFUSED
    assert outcome.detail == f"{wanted.uid} is there without this album number; correct its employeeNumber or rename it"


def test_an_album_number_under_another_login_is_refused_until_somebody_renames_it(
    slapd: Slapd, openldap: LdapDirectory, by_hand: Any
) -> None:
    wanted = a_new_entry()
    attributes = {**attributes_of(wanted), "uid": [f"x{wanted.album}"]}
    assert by_hand.add(f"uid=x{wanted.album},ou=people,{slapd.suffix}", attributes=attributes)[0]
    changed, locked = settle(openldap, replace(wanted, lock=Lock.BARRED))
    assert (changed.result, locked.result) == (Result.REFUSED, Result.REFUSED)
    assert "rename it" in changed.detail
    assert "rename it" in locked.detail


def test_the_student_who_has_the_address_is_named_by_login(openldap: LdapDirectory) -> None:
    owner = a_new_entry()
    settle(openldap, owner)
    (outcome,) = settle(openldap, a_new_entry(local_addresses=owner.local_addresses))
    assert outcome.detail == f"another entry has this address: {owner.uid}; correct whichever entry is wrong"


def test_each_refusal_among_many_has_the_words_it_has_alone(
    slapd: Slapd, openldap: LdapDirectory, by_hand: Any
) -> None:
    owner, stranger, bare, missing = (a_new_entry() for _ in range(4))
    settle(openldap, owner)
    plain = {"objectClass": "inetOrgPerson", "sn": "?", "cn": "?"}
    assert by_hand.add(dn_of(stranger.album, slapd.suffix), attributes=plain)[0]
    numbered = {**plain, "employeeNumber": bare.album.digits}
    assert by_hand.add(dn_of(bare.album, slapd.suffix), attributes=numbered)[0]
    steps = [
        Step(StepKind.ADD, a_new_entry(local_addresses=owner.local_addresses)),
        Step(StepKind.ADD, stranger),
        Step(StepKind.CHANGE, bare, fields=("affiliations",)),
        Step(StepKind.CHANGE, missing, fields=("surname",)),
        Step(StepKind.ADD, a_new_entry(surname="\ud800")),
        *(Step(StepKind.ADD, a_new_entry()) for _ in range(5)),
    ]
    outcomes = list(openldap.carry_out(steps))
    alone = [outcome.detail for step in steps for outcome in openldap.carry_out([step])]
    assert [outcome.detail for outcome in outcomes] == alone
    refused = [at for at, outcome in enumerate(outcomes) if outcome.result is Result.REFUSED]
    assert refused == [0, 1, 3, 4]


def test_a_value_that_no_directory_takes_is_refused_alone(openldap: LdapDirectory) -> None:
    steps = [Step(StepKind.ADD, a_new_entry(surname=name)) for name in ("", "\ud800", "Żak")]
    assert results(openldap, *steps) == [Result.REFUSED, Result.REFUSED, Result.DONE]


# Many


def test_many_are_found_the_same_by_looking_up_and_by_reading_all(slapd: Slapd, openldap: LdapDirectory) -> None:
    wanted = [a_new_entry() for _ in range(120)]
    settle(openldap, *wanted)
    albums = [entry.album for entry in wanted[:110]] + [a_new_entry().album]
    scanning = a_directory(slapd, scan_above=0)
    found = openldap.find(albums)
    assert scanning.find(albums) == found
    assert len(found) == 110
    scanning.close()


def test_more_are_read_than_others_may_read(slapd: Slapd, openldap: LdapDirectory) -> None:
    wanted = [a_new_entry() for _ in range(510)]
    settle(openldap, *wanted)
    scanning = a_directory(slapd, scan_above=0)
    assert len(scanning.find([entry.album for entry in wanted])) == 510
    scanning.close()


def test_whom_others_may_not_read_is_no_short_answer(slapd: Slapd, openldap: LdapDirectory) -> None:
    settle(openldap, *(a_new_entry() for _ in range(510)))
    limited = a_directory(slapd, "sso", scan_above=0)
    with pytest.raises(Misconfigured, match=r"4 sizeLimitExceeded; give the account .* size=unlimited"):
        limited.find([a_new_entry().album])
    limited.close()


def test_entries_are_read_as_ldap3_reads_them(slapd: Slapd, openldap: LdapDirectory, by_hand: Any, edit: Edit) -> None:
    wanted = [a_new_entry(given_name=given, surname=surname) for given, surname in NAMES]
    many = tuple(f"a{at}.{wanted[0].album}@example.pl" for at in range(60))
    settle(openldap, *wanted, a_new_entry(local_addresses=many), a_new_entry(lock=Lock.BARRED))
    edit(wanted[0], cn=(MODIFY_ADD, [b"\xff\xfe".decode("latin-1"), "x" * 20_000]))
    people = people_of(slapd.suffix)
    asked = {"search_scope": LEVEL, "attributes": list(READ)}
    by_ldap3 = by_hand.extend.standard.paged_search(people, f"({ALBUM}=*)", paged_size=100, **asked)
    expected = {each["raw_attributes"][ALBUM][0].decode(): decoded(each["raw_attributes"]) for each in by_ldap3}
    assert by_number(all_with_albums(by_hand, people)) == expected
    assert by_number(with_albums(by_hand, people, [*expected, "0000001"])) == expected


def test_who_gets_a_mailbox_later_is_sent_as_somebody_new_with_one(
    slapd: Slapd, openldap: LdapDirectory, by_hand: Any
) -> None:
    """What differs in its order alone is the same, too, but takes longer to see."""
    at_first = a_new_entry()
    mailbox = f"lucja.zak.{at_first.album}@example.pl"
    wanted = replace(at_first, mail=(mailbox,), local_addresses=(*at_first.local_addresses, mailbox))
    settle(openldap, at_first)
    settle(openldap, wanted)
    (found,) = with_albums(by_hand, people_of(slapd.suffix), [wanted.album.digits])
    name, attributes = entry_found(found)
    assert (name.decode(), attributes) == (dn_of(wanted.album, slapd.suffix), b"".join(encoded(wanted)))


def by_number(found: Iterable[bytes]) -> dict[str, Texts]:
    """The entries by album number; each comes once."""
    entries = list(map(texts_found, found))
    numbered = {each[ALBUM][0]: each for each in entries}
    assert len(numbered) == len(entries)
    return numbered


def test_a_connection_that_read_and_wrote_much_is_ldap3s_again(slapd: Slapd, by_hand: Any) -> None:
    people, wanted = people_of(slapd.suffix), [a_new_entry() for _ in range(40)]
    requests = {at: Add(dn_of(each.album, slapd.suffix), attributes_of(each)) for at, each in enumerate(wanted)}
    window = Window(by_hand)
    window.send(requests)
    assert {window.answer() for _ in wanted} == {(at, True) for at in requests}
    assert len(list(with_albums(by_hand, people, [each.album.digits for each in wanted]))) == 40
    assert by_hand.search(people, f"({ALBUM}={wanted[7].album})", LEVEL)[0]


def test_many_threads_may_work_at_once(openldap: LdapDirectory) -> None:
    groups = [[a_new_entry() for _ in range(10)] for _ in range(8)]
    with ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(lambda group: settle(openldap, *group), groups))
    assert {outcome.result for group in outcomes for outcome in group} == {Result.DONE}
    assert left_to_do(openldap, *(entry for group in groups for entry in group)) == []


def test_an_account_without_the_right_to_write_stops_everything(slapd: Slapd) -> None:
    directory = a_directory(slapd, "sso")
    with pytest.raises(
        Misconfigured, match=r"50 insufficientAccessRights; give the account in ESTUDENT_DIRECTORY__BIND_DN"
    ):
        settle(directory, a_new_entry())
    directory.close()


def test_many_stop_too_where_none_can_work(slapd: Slapd, openldap: LdapDirectory) -> None:
    wanted = [a_new_entry() for _ in range(30)]
    directory = a_directory(slapd, "sso")
    with pytest.raises(Misconfigured, match="50 insufficientAccessRights"):
        settle(directory, *wanted)
    directory.close()
    assert openldap.find([each.album for each in wanted]) == {}


def test_a_permanent_lock_is_written_as_the_draft_says(openldap: LdapDirectory, by_hand: Any) -> None:
    wanted = a_new_entry(lock=Lock.UNTIL_ACTIVATED)
    settle(openldap, wanted)
    found = by_hand.search("dc=student,dc=example,dc=pl", f"(uid={wanted.uid})", attributes=["pwdAccountLockedTime"])
    assert found[2][0]["raw_attributes"]["pwdAccountLockedTime"] == [LOCKED.encode()]
