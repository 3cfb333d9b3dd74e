"""Texts that come from other people, made safe for where they are shown."""

# What a terminal may take for a command, or what writes from right to left; a line's end and a tab are harmless.
CONTROLS = sorted({*range(0x20), 0x7F, *range(0x80, 0xA0), 0x061C, *range(0x200E, 0x2010), *range(0x202A, 0x202F)})
CONTROLS += range(0x2066, 0x206A)
_DROPPED = dict.fromkeys(set(CONTROLS) - {ord("\n"), ord("\t")})

# A spreadsheet takes a cell that begins like this for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def clean(text: str) -> str:
    """A text without control characters; markup stays markup."""
    return text.translate(_DROPPED)


def cell(value: object) -> object:
    """A value for a CSV file that a spreadsheet opens: a text that would be a formula is quoted."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
