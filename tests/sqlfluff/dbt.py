"""Stands in for the macros of dbt's own package `dbt` while sqlfluff renders a model."""


def dateadd(datepart: str, interval: int, from_date_or_timestamp: str) -> str:
    """Give the date that lies `interval` dateparts later."""
    return f"{from_date_or_timestamp} + interval '{interval} {datepart}'"


def date_trunc(datepart: str, date: str) -> str:
    """Give the date cut to the first moment of its datepart."""
    return f"date_trunc('{datepart}', {date})"


def datediff(first_date: str, second_date: str, datepart: str) -> str:
    """Give the number of datepart boundaries between two dates."""
    return f"date_diff('{datepart}', {first_date}, {second_date})"


def escape_single_quotes(text: str) -> str:
    """Give the text with each single quote written twice."""
    return text.replace("'", "''")


def string_literal(text: str) -> str:
    """Give the text as a SQL literal."""
    return f"'{text}'"


def date_spine(datepart: str, start_date: str, end_date: str) -> str:
    """Give the dates from the first one to the day before the last one."""
    return f"select {start_date} as date_{datepart}, {end_date} as end_date"


def last_day(date: str, datepart: str) -> str:
    """Give the last day of a date's datepart."""
    return f"last_day({date}, '{datepart}')"


def type_string() -> str:
    """Give the name of the type of texts."""
    return "text"
