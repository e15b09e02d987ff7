"""Reads a challenge log without our own code: SQLite rows, and as much of protobuf as that takes."""

import sqlite3


def varint(data, at):
    result = shift = 0
    while True:
        byte = data[at]
        at += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, at
        shift += 7


def entries(data):
    """(number, value) of each field; numbers as int, the rest as bytes."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        wire = tag & 7
        if wire == 0:
            value, at = varint(data, at)
        elif wire == 2:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            value, at = data[at:at + size], at + size
        else:
            raise ValueError(f"wire type {wire}")
        yield tag >> 3, value


def fields(data):
    """{number: last value}."""
    return dict(entries(data))


def repeated(data, number):
    """The messages of a repeated field, each as {number: last value}."""
    return [fields(value) for field, value in entries(data) if field == number]


def closed_challenges(path):
    """The ChallengeClosed records (proto/kaisar/v1/log.proto) as {number: value}."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        rows = connection.execute("SELECT bytes FROM records ORDER BY seq")
        for (record,) in rows:
            body = fields(record)
            if 4 in body:
                yield fields(body[4])
    finally:
        connection.close()
