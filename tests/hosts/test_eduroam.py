"""Devices join eduroam on real hosts: eapol_test on outside1 is the access point, FreeRADIUS there everybody else.

outside1 gets two more addresses for the test, those of the national servers in the lab's inventory.
"""

from __future__ import annotations

import base64
import itertools
import time
import tomllib
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from argon2 import PasswordHasher
from testinfra.host import Host

from lab.running import Lab

REALM = "student.uczelnia.example"
SUFFIX = "dc=student,dc=uczelnia,dc=example"
SERVER, RADIUS = "radius.uczelnia.example", "10.77.0.51"
NATIONAL, SECOND_NATIONAL = "10.77.0.71", "10.77.0.72"
HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
LOCKED, LONG_AGO = "000001010000Z", "20200101000000Z"
CANARY = "kanarek-9f2b"
HostNamed = Callable[[str], Host]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the access point was told."""

    joined: bool
    told: str
    seconds: float

    @property
    def pseudonym(self) -> str:
        """The Chargeable-User-Identity, which the place that was visited keeps instead of a name."""
        return self.attribute(89)

    def attribute(self, number: int) -> str:
        """Return an attribute of the last answer, e.g. 25 for Class; empty if there is none."""
        last = self.told.rpartition("RADIUS message: code=2 (Access-Accept)")[2]
        lines = iter(last.splitlines())
        return next(
            (next(lines).partition("Value: ")[2].strip("'") for line in lines if f"Attribute {number} " in line), ""
        )


class AccessPoint:
    """eapol_test on a host: it plays the device and the access point at once."""

    def __init__(self, host: Host, secret: str, authority: str) -> None:
        self._host, self._secret = host, secret
        folder = f"/var/lib/eduroam-test/{uuid.uuid4()}"
        self._files = (f"{folder}/{number}" for number in itertools.count())
        self._authority = next(self._files)
        put(host, self._authority, authority)

    def join(
        self,
        name: str,
        password: str,
        *,
        outer: str = f"anonymous@{REALM}",
        method: tuple[str, str] = ("TTLS", "auth=PAP"),
        server: str = SERVER,
        options: str = "",
    ) -> Answer:
        device = {
            "ssid": '"eduroam"',
            "key_mgmt": "WPA-EAP",
            "eap": method[0],
            "phase2": f'"{method[1]}"',
            "identity": f'"{name}"',
            "anonymous_identity": f'"{outer}"',
            "password": password.encode().hex() if not password.isascii() else f'"{password}"',
            "ca_cert": f'"{self._authority}"',
            "domain_match": f'"{server}"',
        }
        file = next(self._files)
        put(self._host, file, "network={\n" + "".join(f"  {key}={value}\n" for key, value in device.items()) + "}\n")
        begun = time.monotonic()
        done = self._host.run(f"eapol_test -c {file} -a {RADIUS} -s {self._secret} -t 25 -r 0 {options}")
        return Answer(done.stdout.rstrip().endswith("SUCCESS"), done.stdout, time.monotonic() - begun)


def put(host: Host, file: str, text: str) -> None:
    host.check_output(
        f"mkdir -p $(dirname {file}) && echo {base64.b64encode(text.encode()).decode()} | base64 -d > {file}"
    )


class Directory:
    """The students of this test, put into the directory by its administrator."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._albums = itertools.count(990_001)
        self.made: list[str] = []

    def admit(self, password: str) -> str:
        """Add a student whose account is active, and return the login."""
        album = next(self._albums)
        login, dn = f"s{album}", self.dn(f"s{album}")
        self.change(
            f"dn: {dn}\nchangetype: add\nobjectClass: inetOrgPerson\nobjectClass: eduPerson\n"
            f"objectClass: inetLocalMailRecipient\nuid: {login}\ncn: Zofia Nowak\nsn: Nowak\nemployeeNumber: {album}\n"
            f"eduPersonPrincipalName: {login}@{REALM}\nmailLocalAddress: {login}@{REALM}\n"
        )
        self.made.append(login)
        self.set_password(login, password)
        return login

    def set_password(self, login: str, password: str) -> None:
        self.replace(login, "userPassword", "{ARGON2}" + HASHER.hash(password))
        self.replace(login, "pwdReset")

    def replace(self, login: str, attribute: str, value: str = "") -> None:
        line = f"{attribute}:: {base64.b64encode(value.encode()).decode()}\n" if value else ""
        self.change(f"dn: {self.dn(login)}\nchangetype: modify\nreplace: {attribute}\n{line}")

    def failures(self, login: str) -> int:
        """Return how many wrong passwords the directory has noted."""
        found = self._host.check_output(
            "ldapsearch -LLL -Q -Y EXTERNAL -H ldapi:/// -s base -b %s pwdFailureTime", self.dn(login)
        )
        return int(found.count("pwdFailureTime:"))

    def accepts(self, login: str, password: str) -> bool:
        """Tell whether the person can still sign in elsewhere."""
        uri = "ldaps://directory1.uczelnia.example"
        command = "LDAPTLS_CACERT=/etc/ssl/estudent/ca.pem ldapwhoami -x -H %s -D %s -w %s"
        return bool(self._host.run(command, uri, self.dn(login), password).rc == 0)

    def change(self, ldif: str) -> None:
        encoded = base64.b64encode(ldif.encode()).decode()
        self._host.check_output(f"echo {encoded} | base64 -d | ldapmodify -Q -Y EXTERNAL -H ldapi:///")

    def forget(self) -> None:
        for login in self.made:
            self.change(f"dn: {self.dn(login)}\nchangetype: delete\n")

    def dn(self, login: str) -> str:
        return f"uid={login},ou=people,{SUFFIX}"


class World:
    """The national servers, and another university behind them, whose guest is guest@foreign.example."""

    def __init__(self, host: Host, secret: str) -> None:
        self._host, self._secret = host, secret
        host.check_output(
            "mkdir -p /var/lib/eduroam-test && openssl req -x509 -newkey rsa:2048 -nodes -days 2"
            " -subj /CN=radius.foreign.example -addext subjectAltName=DNS:radius.foreign.example"
            " -keyout /var/lib/eduroam-test/own.key -out /var/lib/eduroam-test/own.pem"
        )

    @property
    def authority(self) -> str:
        """The authority that the other university's people trust."""
        return str(self._host.file("/var/lib/eduroam-test/own.pem").content_string)

    def start(self, address: str) -> None:
        folder = f"/var/lib/eduroam-test/{address}"
        put(self._host, f"{folder}/radiusd.conf", WORLD.replace("ADDRESS", address).replace("SECRET", self._secret))
        put(self._host, f"{folder}/asked", "")
        self._host.check_output(f"systemd-run --unit=national-{address} freeradius -f -l stdout -d {folder}")
        for _ in range(50):
            if f"{address}:1812" in self._host.check_output("ss -Hlun"):
                return
            time.sleep(0.2)
        raise AssertionError(self._host.run(f"journalctl --no-pager -n 20 -u national-{address}").stdout)

    def stop(self, address: str) -> None:
        self._host.check_output(f"systemctl stop national-{address}")

    def asked(self, address: str = NATIONAL) -> str:
        """Return what was asked since it started or was last asked for."""
        file = f"/var/lib/eduroam-test/{address}/asked"
        return str(self._host.check_output(f"cat {file} && truncate -s 0 {file}"))


WORLD = """\
prefix = /usr
libdir = /usr/lib/freeradius
raddbdir = /var/lib/eduroam-test/ADDRESS
logdir = ${raddbdir}
run_dir = ${raddbdir}
correct_escapes = yes
log {
  destination = stdout
}
security {
  reject_delay = 0
  status_server = yes
}
client university {
  ipaddr = 10.77.0.51
  secret = SECRET
  require_message_authenticator = yes
}
modules {
  always reject {
    rcode = reject
  }
  linelog asked {
    filename = ${raddbdir}/asked
    format = "%{User-Name} operator=%{Operator-Name} cui=%{Chargeable-User-Identity}"
  }
  eap {
    default_eap_type = ttls
    tls-config own {
      certificate_file = /var/lib/eduroam-test/own.pem
      private_key_file = /var/lib/eduroam-test/own.key
      ecdh_curve = ""
    }
    ttls {
      tls = own
      default_eap_type = md5
      virtual_server = inner
    }
    md5 {
    }
  }
}
server outer {
  listen {
    type = auth
    ipaddr = ADDRESS
    port = 1812
  }
  authorize {
    asked
    eap
  }
  authenticate {
    eap
  }
  post-auth {
    update reply {
      &Tunnel-Private-Group-Id := "666"
      &Class := 0x736563726574
    }
  }
}
server inner {
  authorize {
    if (&User-Name == "guest@foreign.example" && &User-Password == "abroad") {
      update control {
        &Auth-Type := Accept
      }
    }
    else {
      reject
    }
  }
}
"""


@pytest.fixture(scope="module")
def authority(host: HostNamed) -> str:
    return str(host("edge1").file("/etc/ssl/estudent/ca.pem").content_string)


@pytest.fixture(scope="module")
def outside(host: HostNamed) -> Iterator[Host]:
    outside = host("outside1")
    outside.check_output("systemctl mask freeradius && apt-get -qq update")
    outside.check_output(
        "DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends eapoltest freeradius"
    )
    for address in (NATIONAL, SECOND_NATIONAL):
        outside.check_output(f"ip address replace {address}/24 dev host0")
    # Where the firewall stands already, the rest of the world has to be asked too.
    outside.run("nft insert rule inet estudent services ip saddr 10.77.0.51 udp dport 1812 accept")
    yield outside
    for address in (NATIONAL, SECOND_NATIONAL):
        outside.check_output(f"ip address delete {address}/24 dev host0")
    outside.run("systemctl reload nftables")
    outside.check_output(
        "apt-get -qq purge -y eapoltest freeradius && systemctl unmask freeradius && rm -rf /var/lib/eduroam-test"
    )


@pytest.fixture(scope="module")
def access_point(outside: Host, lab: Lab, authority: str) -> AccessPoint:
    return AccessPoint(outside, lab.secret("vault_eduroam_access_point_secret"), authority)


@pytest.fixture(scope="module")
def directory(host: HostNamed) -> Iterator[Directory]:
    directory = Directory(host("directory1"))
    yield directory
    directory.forget()


@pytest.fixture(scope="module")
def world(outside: Host, lab: Lab) -> Iterator[World]:
    world = World(outside, lab.secret("vault_eduroam_national_secret"))
    for address in (NATIONAL, SECOND_NATIONAL):
        world.start(address)
    yield world
    for address in (NATIONAL, SECOND_NATIONAL):
        world.stop(address)


@pytest.fixture
def national(world: World) -> World:
    """The national servers, which have not been asked anything yet."""
    for address in (NATIONAL, SECOND_NATIONAL):
        world.asked(address)
    return world


@pytest.fixture(scope="module")
def guest(outside: Host, world: World, lab: Lab) -> Callable[[str], Answer]:
    """Join as the guest of another university, whose device trusts that university's server."""
    access_point = AccessPoint(outside, lab.secret("vault_eduroam_access_point_secret"), world.authority)

    def join(password: str) -> Answer:
        return access_point.join(
            "guest@foreign.example", password, outer="anonymous@foreign.example", server="radius.foreign.example"
        )

    return join


@pytest.fixture(scope="module")
def abroad(outside: Host, world: World, lab: Lab, authority: str) -> Callable[..., Answer]:
    """Join from another university, whose question comes by the first national server."""
    access_point = AccessPoint(outside, lab.secret("vault_eduroam_national_secret"), authority)

    def join(name: str, password: str, outer: str = f"anonymous@{REALM}", operator: str = "1foreign.example") -> Answer:
        options = f"-A {NATIONAL} -N126:s:{operator} -N89:x:00"
        return access_point.join(name, password, outer=outer, options=options)

    return join


# At home


def test_the_right_password_joins(access_point: AccessPoint, directory: Directory) -> None:
    login = directory.admit("correct horse")
    assert access_point.join(f"{login}@{REALM}", "correct horse").joined


def test_the_realm_may_be_left_out_inside_and_letters_may_be_large(
    access_point: AccessPoint, directory: Directory
) -> None:
    login = directory.admit("correct horse")
    assert access_point.join(login, "correct horse").joined
    assert access_point.join(f"{login.upper()}@{REALM.upper()}", "correct horse", outer=f"@{REALM}").joined


def test_a_password_may_have_any_letter(access_point: AccessPoint, directory: Directory) -> None:
    login = directory.admit("zażółć %{User-Name} ${name} {x}")
    assert access_point.join(login, "zażółć %{User-Name} ${name} {x}").joined


def test_a_wrong_password_and_an_unknown_person_are_refused(access_point: AccessPoint, directory: Directory) -> None:
    login = directory.admit("correct horse")
    assert not access_point.join(f"{login}@{REALM}", "wrong").joined
    assert not access_point.join(f"s123@{REALM}", "correct horse").joined
    assert not access_point.join(f"*@{REALM}", "correct horse").joined


@pytest.mark.parametrize(("attribute", "value"), [("pwdAccountLockedTime", LOCKED), ("pwdEndTime", LONG_AGO)])
def test_a_locked_person_is_refused(
    access_point: AccessPoint, directory: Directory, attribute: str, value: str
) -> None:
    login = directory.admit("correct horse")
    directory.replace(login, attribute, value)
    assert not access_point.join(f"{login}@{REALM}", "correct horse").joined


def test_who_has_no_password_yet_is_refused(access_point: AccessPoint, directory: Directory) -> None:
    login = directory.admit("correct horse")
    directory.replace(login, "userPassword")
    assert not access_point.join(f"{login}@{REALM}", "correct horse").joined


def test_a_changed_password_works_within_seconds_and_the_old_one_no_longer(
    access_point: AccessPoint, directory: Directory
) -> None:
    login = directory.admit("correct horse")
    assert not access_point.join(login, "battery staple").joined
    directory.set_password(login, "battery staple")
    assert access_point.join(login, "battery staple").joined
    assert not access_point.join(login, "correct horse").joined


@pytest.mark.parametrize(
    "outer",
    [
        "anonymous",
        f"a@b@{REALM}",
        f"anonymous@{REALM}.",
        f"anonymous@.{REALM}",
        "anonymous@student..uczelnia.example",
        f"anony mous@{REALM}",
        f"anonymous@{REALM} ",
        "anonymous@uczelnia",
        f"anonymous@wlan.{REALM}",
        "0260010000000000@wlan.mnc001.mcc260.3gppnetwork.org",
    ],
)
def test_a_malformed_realm_or_one_that_nobody_has_is_refused(
    access_point: AccessPoint, directory: Directory, national: World, outer: str
) -> None:
    login = directory.admit("correct horse")
    assert not access_point.join(login, "correct horse", outer=outer).joined
    assert national.asked() == ""


def test_another_realm_in_the_tunnel_is_refused(access_point: AccessPoint, directory: Directory) -> None:
    login = directory.admit("correct horse")
    assert not access_point.join(f"{login}@foreign.example", "correct horse").joined
    assert not access_point.join(f"{login}@wlan.{REALM}", "correct horse").joined


def test_only_ttls_with_pap_is_offered(access_point: AccessPoint, directory: Directory) -> None:
    login = directory.admit("correct horse")
    for method in (("PEAP", "auth=MSCHAPV2"), ("TTLS", "auth=MSCHAPV2"), ("TTLS", "autheap=MD5")):
        assert not access_point.join(login, "correct horse", method=method).joined


def test_the_portals_profiles_name_this_server_and_its_authority(
    host: HostNamed, access_point: AccessPoint, directory: Directory, authority: str
) -> None:
    web = host("web1")
    settings = tomllib.loads(web.file("/etc/estudent/portal.toml").content_string)["eduroam"]
    assert web.file(settings["ca_file"]).content_string == authority
    login = directory.admit("correct horse")
    assert [access_point.join(login, "correct horse", server=name).joined for name in settings["servers"]] == [True]


def test_a_device_turns_away_from_a_server_of_another_name(access_point: AccessPoint, directory: Directory) -> None:
    login = directory.admit("correct horse")
    assert not access_point.join(login, "correct horse", server="radius.other.example").joined
    assert directory.failures(login) == 0


# Guessing


def test_many_wrong_passwords_at_once_are_stopped_before_the_directory_counts_them(
    access_point: AccessPoint, directory: Directory
) -> None:
    login = directory.admit("correct horse")
    with ThreadPoolExecutor(12) as guessers:
        answers = list(guessers.map(lambda number: access_point.join(login, f"guess {number}"), range(24)))
    assert not any(answer.joined for answer in answers)
    # Four were asked about; a directory that answers slowly is asked a second time, at the other host. Ten bar her.
    assert 4 <= directory.failures(login) <= 8
    assert not access_point.join(login, "correct horse").joined
    assert directory.accepts(login, "correct horse")


def test_who_was_guessed_at_joins_with_a_new_password_at_once(access_point: AccessPoint, directory: Directory) -> None:
    login = directory.admit("correct horse")
    for number in range(5):
        access_point.join(login, f"guess {number}")
    directory.set_password(login, "battery staple")
    assert access_point.join(login, "battery staple").joined


def test_a_telephone_with_an_old_password_keeps_nobody_out(access_point: AccessPoint, directory: Directory) -> None:
    login = directory.admit("correct horse")
    assert not any(access_point.join(login, "last year's").joined for _ in range(8))
    assert directory.failures(login) == 1
    assert access_point.join(login, "correct horse").joined


# Elsewhere


def test_a_guest_is_asked_about_at_the_national_servers(guest: Callable[[str], Answer], national: World) -> None:
    assert guest("abroad").joined
    asked = national.asked()
    assert "anonymous@foreign.example operator=1uczelnia.example cui=0x00" in asked


def test_a_guest_with_a_wrong_password_is_refused(guest: Callable[[str], Answer]) -> None:
    assert not guest("wrong").joined


def test_another_university_says_nothing_about_our_networks(guest: Callable[[str], Answer]) -> None:
    answer = guest("abroad")
    assert answer.joined
    assert (answer.attribute(81), answer.attribute(25)) == ("", "")


def test_a_silent_national_server_is_replaced_by_the_next(guest: Callable[[str], Answer], national: World) -> None:
    # A server that has just answered is given up after ten seconds without an answer, a quarter of `zombie_period`,
    # and devices try again by themselves.
    national.stop(NATIONAL)
    try:
        assert any(guest("abroad").joined for _ in range(3))
        assert "anonymous@foreign.example" in national.asked(SECOND_NATIONAL)
    finally:
        national.start(NATIONAL)


def test_our_people_join_abroad(abroad: Callable[..., Answer], directory: Directory) -> None:
    login = directory.admit("correct horse")
    assert abroad(f"{login}@{REALM}", "correct horse").joined
    assert not abroad(f"{login}@{REALM}", "wrong").joined


def test_a_visited_place_knows_a_person_again_and_no_other_place_does(
    abroad: Callable[..., Answer], access_point: AccessPoint, directory: Directory
) -> None:
    login, other = directory.admit("correct horse"), directory.admit("correct horse")
    first = abroad(login, "correct horse").pseudonym
    assert len(first) == 64
    assert abroad(f"{login}@{REALM}", "correct horse").pseudonym == first
    others = {
        abroad(other, "correct horse").pseudonym,
        abroad(login, "correct horse", operator="1third.example").pseudonym,
        access_point.join(login, "correct horse").pseudonym,
    }
    assert len(others | {first}) == 4


def test_a_question_that_went_astray_is_not_passed_on(abroad: Callable[..., Answer], national: World) -> None:
    assert not abroad("guest@foreign.example", "abroad", outer="anonymous@foreign.example").joined
    assert national.asked() == ""


# Logs and faults


def test_no_log_has_a_password_or_a_name_from_the_tunnel(
    access_point: AccessPoint, directory: Directory, host: HostNamed
) -> None:
    login = directory.admit(f"{CANARY}-right")
    access_point.join(f"{login}@{REALM}", f"{CANARY}-right")
    access_point.join(f"{login}@{REALM}", f"{CANARY}-wrong")
    access_point.join(f"{CANARY}-unknown@{REALM}", f"{CANARY}-wrong")
    access_point.join(f"{CANARY} malformed", f"{CANARY}-wrong")
    access_point.join(f"{login}@{CANARY}.example", f"{CANARY}-right")
    logs = host("edge1").check_output(
        "cat /var/log/freeradius/*.log; journalctl --no-pager -o cat --since '-10 min' _SYSTEMD_UNIT=freeradius.service"
    )
    assert 'why="right password"' in logs
    assert 'why="another realm in the tunnel"' in logs
    assert CANARY not in logs
    assert login not in logs


def test_the_federations_statistics_have_neither_names_nor_devices(
    access_point: AccessPoint, directory: Directory, host: HostNamed
) -> None:
    login = directory.admit("correct horse")
    access_point.join(login, "correct horse", options="-M 02:00:5e:00:53:77")
    line = host("edge1").check_output("tail -n 1 /var/log/freeradius/fticks.log")
    assert line.startswith(f"F-TICKS/eduroam/1.0#REALM={REALM}#VISCOUNTRY=PL#VISINST=1uczelnia.example#CSI=")
    assert line.endswith("#RESULT=OK#")
    assert "5e" + "-00-53" not in line.lower()


def test_a_renewed_certificate_is_taken_up(access_point: AccessPoint, directory: Directory, host: HostNamed) -> None:
    login = directory.admit("correct horse")
    host("edge1").check_output("run-parts --exit-on-error --regex ^eduroam$ /etc/ssl/estudent/renewed.d")
    assert access_point.join(login, "correct horse").joined


def test_a_directory_host_dies_and_people_still_join(
    access_point: AccessPoint, directory: Directory, lab: Lab, host: HostNamed
) -> None:
    login = directory.admit("correct horse")
    await_copy(host("directory2"), directory.dn(login))
    assert access_point.join(login, "correct horse").joined
    lab.host("directory1").kill()
    try:
        first = access_point.join(login, "correct horse")
        later = access_point.join(login, "correct horse")
    finally:
        lab.host("directory1").boot()
        lab.host("directory1").await_ssh()
    assert (first.joined, later.joined) == (True, True)
    assert later.seconds < 8


def await_copy(host: Host, dn: str) -> None:
    command = "ldapsearch -LLL -Q -Y EXTERNAL -H ldapi:/// -s base -b %s userPassword"
    for _ in range(50):
        if "userPassword" in host.run(command, dn).stdout:
            return
        time.sleep(0.2)
    raise AssertionError("the second directory has not got the student")
