"""Foreign students: their countries, how their names are written, and how their documents are numbered."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

CYRILLIC_SHARE = 0.4

UKRAINIAN = {
    "f": (
        ("Олександра", "Oleksandra"), ("Софія", "Sofiia"), ("Анастасія", "Anastasiia"), ("Марія", "Mariia"),
        ("Вікторія", "Viktoriia"), ("Юлія", "Yuliia"), ("Соломія", "Solomiia"), ("Дар'я", "Daria"),
        ("Єлизавета", "Yelyzaveta"), ("Катерина", "Kateryna"), ("Злата", "Zlata"), ("Ганна", "Hanna"),
    ),
    "m": (
        ("Олександр", "Oleksandr"), ("Дмитро", "Dmytro"), ("Андрій", "Andrii"), ("Максим", "Maksym"),
        ("Владислав", "Vladyslav"), ("Іван", "Ivan"), ("Ярослав", "Yaroslav"), ("Ігор", "Ihor"),
        ("Богдан", "Bohdan"), ("Назар", "Nazar"), ("Євген", "Yevhen"), ("Тарас", "Taras"),
    ),
}  # fmt: skip
UKRAINIAN_SURNAMES = (
    ("Мельник", "Melnyk"), ("Шевченко", "Shevchenko"), ("Коваленко", "Kovalenko"), ("Бондаренко", "Bondarenko"),
    ("Бойко", "Boiko"), ("Ткаченко", "Tkachenko"), ("Кравченко", "Kravchenko"), ("Ковальчук", "Kovalchuk"),
    ("Коваль", "Koval"), ("Олійник", "Oliinyk"), ("Шевчук", "Shevchuk"), ("Поліщук", "Polishchuk"),
    ("Козак", "Kozak"), ("Романюк", "Romaniuk"), ("Савчук", "Savchuk"), ("Марченко", "Marchenko"),
    ("Руденко", "Rudenko"), ("Петренко", "Petrenko"), ("Мороз", "Moroz"), ("Жук", "Zhuk"),
    ("Яковенко", "Yakovenko"), ("Тимошенко", "Tymoshenko"), ("Зінченко", "Zinchenko"), ("Єременко", "Yeremenko"),
    ("Лисенко", "Lysenko"), ("Щербак", "Shcherbak"), ("Гнатюк", "Hnatiuk"), ("Ґудзь", "Gudz"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Country:
    """Where foreigners come from: share among them, document patterns by kind, and names of women and men."""

    code: str
    share: int
    passport: str
    surnames: tuple[str, ...] = ()
    female: tuple[str, ...] = ()
    male: tuple[str, ...] = ()
    card: str = ""
    pesel_share: float = 0.05


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.replace("_", " ") for word in text.split())


COUNTRIES = (
    Country("UA", 58, "AA999999", pesel_share=0.35),
    Country("BY", 8, "AA9999999", _words("Ivanou Kavaliou Novik Zhuk Kazlou Marozau"),
            _words("Anastasiya Hanna Darya Palina"), _words("Aliaksandr Maksim Uladzislau Yauhen"), pesel_share=0.2),
    Country("VN", 7, "A9999999", _words("Nguyễn Nguyễn Nguyễn Nguyễn Trần Lê Phạm Hoàng Vũ Đặng Bùi"),
            _words("Thị_Thu_Hà Thị_Mai Thị_Ngọc_Ánh Thùy_Dương Thị_Hồng_Nhung Khánh_Linh Thị_Phương_Thảo Bảo_Trâm"),
            _words("Văn_Minh Đức_Anh Quốc_Huy Văn_Hùng Tuấn_Kiệt Hữu_Phước Xuân_Trường Minh_Đức Quang_Dũng")),
    Country("IN", 7, "A9999999", _words("Patel Singh Sharma Reddy Iyer Das"),
            _words("Priya Ananya Kavya"), _words("Arjun Rahul Vikram Rohan")),
    Country("TR", 6, "A99999999", _words("Yılmaz Kaya Demir Şahin Çelik Öztürk"),
            _words("Zeynep Elif Ayşe"), _words("Emre Oğuz İbrahim Mehmet")),
    Country("NG", 4, "A99999999", _words("Okafor Adeyemi Musa Okonkwo Eze"),
            _words("Chioma Ngozi Aisha"), _words("Emeka Oluwaseun Ibrahim")),
    Country("DE", 3, "A99A99A99", _words("Müller Schäfer Groß von_der_Heide Weiß"),
            _words("Lena Sophie Käthe"), _words("Jürgen Lukas Jörg"), card="AA9999999"),
    Country("ES", 2, "AAA999999", _words("García_López Núñez_Peña Fernández_de_la_Cruz"),
            _words("Lucía María_José Begoña"), _words("José_Luis Íñigo Álvaro"), card="99999999A"),
    Country("CZ", 2, "99999999", _words("Novák Dvořák Svoboda Černý"), _words("Tereza Kateřina"),
            _words("Jiří Ondřej"), card="999999999"),
    Country("ID", 2, "A9999999", _words("Suharto Wulandari Kartika Setiawan Purnomo Lestari")),
    Country("IE", 1, "AA9999999", _words("O'Brien Ní_Dhomhnaill Ó_Súilleabháin"), _words("Siobhán Aoife"),
            _words("Seán Pádraig")),
)  # fmt: skip
SHARES = [country.share for country in COUNTRIES]


def country(random: Random) -> Country:
    """Return the country of a foreigner."""
    return random.choices(COUNTRIES, SHARES)[0]


def name(of: Country, female: bool, random: Random) -> tuple[str, str]:
    """Return given name and surname as the document spells them; Indonesians here have one word, a surname alone."""
    if of.code == "UA":
        script = 0 if random.random() < CYRILLIC_SHARE else 1
        given, surname = random.choice(UKRAINIAN["f" if female else "m"]), random.choice(UKRAINIAN_SURNAMES)
        return given[script], surname[script]
    names = of.female if female else of.male
    return (random.choice(names) if names else ""), random.choice(of.surnames)
