"""A database that somebody else is writing to."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import connection


@contextmanager
def database_busy() -> Iterator[None]:
    """Let somebody else hold what a decision is written with."""
    options = connection.settings_dict
    if connection.vendor == "sqlite":
        other = sqlite3.connect(options["NAME"], isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
    else:
        other = psycopg.connect(
            host=options["HOST"],
            port=options["PORT"],
            user=options["USER"],
            password=options["PASSWORD"],
            dbname=options["NAME"],
        )
        other.execute("LOCK TABLE decisions_decision IN ACCESS EXCLUSIVE MODE")
    try:
        yield
    finally:
        other.rollback() if connection.vendor == "postgresql" else other.execute("ROLLBACK")
        other.close()
