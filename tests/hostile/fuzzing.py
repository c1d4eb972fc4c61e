"""What fuzzers have in common: how long they run, and values that are nearly right.

By default each makes the same few hundred attempts every time. `FUZZ=long` (`make fuzz`) makes FUZZ_EXAMPLES of them,
other ones each time.
"""

import json
import os
from urllib.parse import quote_from_bytes

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

FOR_LONG = int(os.environ.get("FUZZ_EXAMPLES", "10000"))
QUICK = {
    "max_examples": 250,
    "derandomize": True,
    "database": None,
    "deadline": None,
    "print_blob": True,
    "suppress_health_check": list(HealthCheck),
}
settings.register_profile("quick", **QUICK)
settings.register_profile("long", **QUICK | {"max_examples": FOR_LONG, "derandomize": False})
# A decorator for tests with @given.
fuzzed = settings.get_profile(os.environ.get("FUZZ", "quick"))
# The same for what takes long: a tenth of the attempts, and no shrinking.
fuzzed_slowly = settings(fuzzed, max_examples=fuzzed.max_examples // 10, phases=[Phase.explicit, Phase.generate])

ODD = [
    *(
        b"",
        b"\0",
        b" ",
        b"\t",
        b"\r\n",
        b"%",
        b"%00",
        b"+",
        b"-",
        b"-1",
        b".",
        b"..",
        b"/",
        b",",
        b";",
        b":",
        b"*",
        b"'",
    ),
    *(b'"', b"\\", b"_", b"[", b"]", b"{", b"}", b"(", b"&", b"=", b"#", b"@", b"~", b"\x7f", b"\x85", b"\xff"),
    *(
        b"0",
        b"00",
        b"1.5",
        b"1e400",
        b"1_000",
        b"0x10",
        b"NaN",
        b"null",
        b"9" * 19,
        b"9" * 20,
        b"9" * 400,
        b"9" * 5_000,
    ),
    *(b"%d" % (2**power + step) for power in (15, 16, 31, 32, 63, 64) for step in (-1, 0, 1)),
    *(b"0000-00-00", b"0001-01-01", b"9999-12-31", b"T23:59:60Z", b"+14:00", b"-23:59", b"+99:99", b".999999999"),
    *(
        text.encode()
        for text in ("٣", "²", "é", "e\u0301", "ß", "İ", "ﬃ", "㍿", "ﷺ", "\u202e", "\ufeff", "\ufffd", "😀")
    ),
    *(b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80", "\U0010ffff".encode(), b"a" * 300, "㍿".encode() * 60),
]
odd = st.sampled_from(ODD) | st.binary(max_size=8)


@st.composite
def near(draw, *examples):
    """Bytes that are one of these examples, or what becomes of it when up to three pieces are replaced."""
    data = draw(st.sampled_from(examples) | odd)
    data = data.encode() if isinstance(data, str) else data
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(data)))
        data = data[:start] + draw(odd) + data[draw(st.integers(start, len(data))) :]
    return data


def near_text(*examples):
    """The same as text; what is no UTF-8 becomes lone surrogates."""
    return near(*examples).map(lambda data: data.decode(errors="surrogateescape"))


def queries(**examples):
    """Query strings of some of these parameters, each near one of its examples."""
    given = st.fixed_dictionaries({}, optional={name: near(*texts) for name, texts in examples.items()})
    return given.map(lambda found: "&".join(f"{name}={quote_from_bytes(data)}" for name, data in found.items()))


TIMES = ("2030-01-31T12:00:00Z", "2030-01-31T12:00:00.123456+02:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z")
numbers = (
    st.integers()
    | st.floats()
    | st.sampled_from([sign * 2**n for n in (15, 31, 32, 53, 63, 64, 99) for sign in (1, -1)])
)
scalars = st.none() | st.booleans() | numbers | st.text(st.characters()) | near_text("a", *TIMES)
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


def bodies(**strategies):
    """JSON objects with some of these fields, each as its strategy has it or anything; or any JSON; or nearly JSON."""
    fields = {name: strategy | values for name, strategy in strategies.items()}
    objects = st.fixed_dictionaries({}, optional=fields)
    whole = st.fixed_dictionaries(strategies)
    text = st.one_of(objects, objects, whole, values, st.lists(objects, max_size=3)).map(written)
    return text | text.flatmap(near) | st.binary()


def written(value):
    """As JSON; lone surrogates, NaN and whole numbers of any size as Python writes them."""
    return json.dumps(value).encode()
