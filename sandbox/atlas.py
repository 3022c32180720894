"""Every page of the portal, who may see it and how one gets there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import insert

from estudent.adapters.registry.tables import fee_file, statement, statement_line
from estudent.bootstrap import now
from sandbox.browser import Browsers
from sandbox.sample import Row
from sandbox.semester import Semester
from sandbox.walking import Walk

Way = Callable[[Walk], None]

VISITOR, NEWCOMER, WAITING, SETTLED, ELSEWHERE = "visitor", "newcomer", "waiting", "settled", "elsewhere"
MARRIED = "married"
READER, CLERK, ADMINISTRATOR = "rczytelnik", "jkowalska", "aadmin"
STUDENTS = (NEWCOMER, SETTLED, MARRIED, ELSEWHERE, WAITING)
STAFF = (READER, CLERK, ADMINISTRATOR)


@dataclass(frozen=True, slots=True)
class Place:
    """A page in one of its states: which endpoint shows it, to whom, at which address."""

    endpoint: str
    who: str
    path: str

    def __str__(self) -> str:
        return f"{self.path} as {self.who}"


PLACES = (
    Place("home.front", VISITOR, "/"),
    Place("services.all_services", VISITOR, "/services"),
    Place("services.software", VISITOR, "/services/software"),
    Place("services.eduroam", VISITOR, "/services/eduroam"),
    Place("services.eduroam", SETTLED, "/services/eduroam"),
    Place("help.front", VISITOR, "/help"),
    *(
        Place("help.topic", VISITOR, f"/help/{name}")
        for name in ("account", "sign-in", "password", "mailbox", "usosweb", "fees", "eduroam", "troubles")
    ),
    Place("activation.front", VISITOR, "/create"),
    Place("activation.by_data", VISITOR, "/create/data"),
    Place("activation.link", VISITOR, "/activate"),
    Place("activation.confirm", VISITOR, "/activate/confirm"),
    Place("activation.code", VISITOR, "/create/code"),
    Place("activation.office_code", VISITOR, "/create/office-code"),
    Place("choosing.password", VISITOR, "/create/password"),
    Place("choosing.new_password", VISITOR, "/recover/password"),
    Place("choosing.waiting", VISITOR, "/create/waiting"),
    Place("choosing.done", NEWCOMER, "/create/done"),
    Place("choosing.recovered", NEWCOMER, "/recover/done"),
    Place("recovery.forgot", VISITOR, "/forgot"),
    Place("recovery.front", VISITOR, "/recover"),
    Place("steps.all_steps", NEWCOMER, "/steps"),
    Place("steps.all_steps", WAITING, "/steps"),
    Place("steps.all_steps", SETTLED, "/steps"),
    Place("mailbox.front", NEWCOMER, "/mailbox"),
    Place("mailbox.front", WAITING, "/mailbox"),
    Place("mailbox.front", SETTLED, "/mailbox"),
    Place("mailbox.front", MARRIED, "/mailbox"),
    Place("mailbox.front", SETTLED, "{managed}/mailbox"),
    Place("mailbox.new", NEWCOMER, "/mailbox/new"),
    Place("mailbox_password.confirm", SETTLED, "{managed}/mailbox/password"),
    Place("mailbox_rename.choose", MARRIED, "/mailbox/rename"),
    Place("fees.front", NEWCOMER, "/fees"),
    Place("fees.front", WAITING, "/fees"),
    Place("fees.front", SETTLED, "/fees"),
    Place("fees.front", ELSEWHERE, "/fees"),
    Place("account.front", SETTLED, "/account"),
    Place("account.sessions", SETTLED, "/sessions"),
    Place("account.password", SETTLED, "/password"),
    Place("sign_in.desk_login", VISITOR, "/desk/login"),
    Place("desk.front", READER, "/desk/"),
    Place("desk.front", ADMINISTRATOR, "/desk/"),
    Place("desk.student", READER, "/desk/student/{settled}"),
    Place("desk.student", CLERK, "/desk/student/{settled}"),
    Place("desk.student", CLERK, "/desk/student/{waiting}"),
    Place("desk.board", READER, "/desk/board"),
    Place("desk.board", CLERK, "/desk/board?stage=account"),
    Place("desk.rejections", READER, "/desk/rejections"),
    Place("desk.payments", READER, "/desk/payments"),
    Place("desk.payment", READER, "/desk/payments/1"),
    Place("desk.payment", CLERK, "/desk/payments/1"),
    Place("desk.log", READER, "/desk/log"),
    Place("desk.log", ADMINISTRATOR, "/desk/log"),
    Place("", VISITOR, "/nowhere"),
)

NO_PAGES: Mapping[str, str] = {
    "static": "files",
    "health.healthz": "an answer for balancers, in plain text",
    "home.choose_language": "leads back to the page from which it was chosen",
    "home.logo": "a picture",
    "home.colour": "a style sheet",
    "challenge.puzzle": "data for the widget",
    "challenge.code_picture": "a picture",
    "challenge.code_recording": "a recording",
    "choosing.state": "data for a script",
    "steps.live": "a part of /steps",
    "mailbox.live": "a part of /mailbox",
    "fees.code": "a picture",
    "services.eap_config": "a file for devices",
    "services.apple_profile": "a file for devices",
    "services.authorities": "a file for devices",
    "desk.chart": "a picture",
    "desk.export": "a file for spreadsheets",
    "desk.rejections_sheet": "a file for spreadsheets",
    "desk.no_students": "leads back to the search",
    "single_sign_on.arrive": "leads on to the desk",
}
"""What GET answers without being a page, and why."""


# States that only sending something leads to. Each is an unfinished walk that ends where somebody stops to read.


def _nothing_typed(path: str, button: str) -> Way:
    def way(walk: Walk) -> None:
        walk.open(path)
        walk.press(button)

    return way


def _nobody(walk: Walk) -> None:
    walk.open("/create/data")
    walk.type(album="999999", family_name="Nikt", pesel="44051401359")
    walk.press("Send me a code")


def _wrong_password(walk: Walk) -> None:
    walk.sign_in("s999999", "this is not the password")


def _broken_link(walk: Walk) -> None:
    walk.open("/activate")
    walk.type(link="0" * 64)
    walk.press("Go on")


def _letter(walk: Walk) -> None:
    walk.open_letter(walk.semester.somebody())


def _wrong_number(walk: Walk) -> None:
    _letter(walk)
    walk.type(album="999999")
    walk.press("Go on")


def _code_asked(walk: Walk) -> None:
    walk.claim(walk.semester.somebody())


def _wrong_code(walk: Walk) -> None:
    _code_asked(walk)
    walk.type(code="0000-0000")
    walk.press("Go on")


def _password(walk: Walk) -> None:
    row = walk.semester.somebody()
    walk.open_letter(row)
    walk.type(album=row.album_number)
    walk.press("Go on")


def _weak_password(walk: Walk) -> None:
    _password(walk)
    walk.choose_password("haslo")


def _wrong_office_code(walk: Walk) -> None:
    walk.open("/create/office-code")
    walk.type(album="999999", code="00000-00000")
    walk.press("Go on")


def _forgot(walk: Walk) -> None:
    walk.open("/forgot")
    walk.type(name="s999999")
    walk.press("Send me the e-mail")


def _already_there(walk: Walk) -> None:
    row = walk.semester.somebody()
    walk.semester.activate(row)
    walk.claim(row)


def _name_confirmed(walk: Walk) -> None:
    walk.open("/mailbox/new")
    walk.press("Continue")


def _name_refused(walk: Walk) -> None:
    walk.open("/mailbox/new")
    walk.type(name="rektor")
    walk.press("Continue")


def _new_name_confirmed(walk: Walk) -> None:
    walk.open("/mailbox/rename")
    walk.press("Continue")


def _no_password_confirmed(walk: Walk) -> None:
    walk.open(f"{walk.semester.managed_url}/mailbox/password")
    walk.press("Open my mailbox with it")


def _search(text: str) -> Way:
    def way(walk: Walk) -> None:
        walk.open("/desk/")
        walk.type(text=text)
        walk.press("Search")

    return way


def _without_entry(walk: Walk) -> None:
    row = walk.semester.latecomer()
    _type_the_code(walk, row)


def _type_the_code(walk: Walk, row: Row) -> None:
    walk.claim(row)
    walk.type(code=walk.code_for(row))
    walk.press("Go on")


STATES: Mapping[str, tuple[str, Way]] = {
    "sign-in, nothing typed": (VISITOR, _nothing_typed("/", "Enter")),
    "sign-in, wrong password": (VISITOR, _wrong_password),
    "create by data, nothing typed": (VISITOR, _nothing_typed("/create/data", "Send me a code")),
    "create by data, nobody": (VISITOR, _nobody),
    "create by data, already there": (VISITOR, _already_there),
    "letter, nothing pasted": (VISITOR, _nothing_typed("/activate", "Go on")),
    "letter, broken link": (VISITOR, _broken_link),
    "letter, album number asked": (VISITOR, _letter),
    "letter, wrong album number": (VISITOR, _wrong_number),
    "code asked": (VISITOR, _code_asked),
    "code, wrong": (VISITOR, _wrong_code),
    "office code, nothing typed": (VISITOR, _nothing_typed("/create/office-code", "Go on")),
    "office code, wrong": (VISITOR, _wrong_office_code),
    "the entry is being made": (VISITOR, _without_entry),
    "password asked": (VISITOR, _password),
    "password, too weak": (VISITOR, _weak_password),
    "forgot, nothing typed": (VISITOR, _nothing_typed("/forgot", "Send me the e-mail")),
    "forgot, sent": (VISITOR, _forgot),
    "password change, nothing typed": (SETTLED, _nothing_typed("/password", "Change password")),
    "mailbox, name to confirm": (NEWCOMER, _name_confirmed),
    "mailbox, name refused": (NEWCOMER, _name_refused),
    "mailbox, new name to confirm": (MARRIED, _new_name_confirmed),
    "mailbox password, nothing typed": (SETTLED, _no_password_confirmed),
    "desk sign-in, nothing typed": (VISITOR, _nothing_typed("/desk/login", "Enter")),
    "desk search, many": (READER, _search("a")),
    "desk search, nobody": (READER, _search("xyzxyz")),
    "desk search, a PESEL": (READER, _search("44051401359")),
}


class Cast:
    """Students and staff of each kind, signed in once; their cookies are lent to every browser that plays them."""

    def __init__(self, semester: Semester) -> None:
        self.semester = semester
        self.albums: dict[str, str] = {}
        self.cookies: dict[str, Any] = {VISITOR: None}

    def enter_all(self, browsers: Browsers) -> None:
        """Sign everybody in; requests are held afterwards, so that waiting lasts."""
        for who in (*STUDENTS, *STAFF):
            with browsers.visitor(self.semester.url, source=f"10.9.0.{len(self.cookies)}") as visitor:
                self.enter(who, Walk(self.semester, visitor))
        self._let_a_payment_wait()

    def enter(self, who: str, walk: Walk) -> None:
        """Sign somebody in and keep the cookies."""
        if who in STAFF:
            walk.sign_in(who, self.semester.passwords[who], "/desk/login")
        else:
            self._begin(who, walk)
        self.cookies[who] = walk.visitor.context.storage_state()

    def address(self, place: Place) -> str:
        """Return where a place is, for these students."""
        return place.path.format(managed=self.semester.managed_url, **self.albums)

    def _begin(self, who: str, walk: Walk) -> None:
        story = {NEWCOMER: 8, WAITING: 2, SETTLED: 0, MARRIED: 0, ELSEWHERE: 7}[who]
        row = self.semester.somebody_of_story(story)
        self.albums[who] = row.album_number
        self.semester.activate(row)
        walk.sign_in(f"s{row.album_number}")
        if who in (SETTLED, MARRIED):
            walk.open_mailbox()
            walk.wait_for_mailbox()
        if who == MARRIED:
            self.semester.take_in(row._replace(family_name="Nowa-Zamężna"))
        if who == WAITING:
            self.semester.hold_requests()
            walk.open_mailbox()

    def _let_a_payment_wait(self) -> None:
        """Leave a clerk a payment that names a student's album number, and no account."""
        line = {"line": 7, "position": 1, "content": "1", "kind": "credit", "reference": "B1", "payer": "Jan Nowak"}
        whose = {
            "account": "",
            "title": f"czesne {self.albums[SETTLED]}",
            "amount": Decimal("12.50"),
            "currency": "PLN",
        }
        fate = {"state": "unmatched", "reason": "no account", "decision": "", "booking_date": date(2026, 10, 9)}
        file = {"kind": "statement", "name": "bank/a.sta", "bank": "bank", "digest": "1", "read_at": now()}
        with self.semester.campus() as here, here.database.writing() as connection:
            connection.execute(insert(fee_file).values(id=1, **file))
            connection.execute(insert(statement).values(id=1, fee_file_id=1, account="1", number="17", currency="PLN"))
            connection.execute(insert(statement_line).values(id=1, statement_id=1, **line, **whose, **fate))
