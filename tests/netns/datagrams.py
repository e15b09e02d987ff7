#!/usr/bin/env python3
"""Sends or receives numbered datagrams; a process of its own, because it runs in a namespace.

  datagrams.py send ADDRESS COUNT BYTES   sends them as fast as it goes
  datagrams.py receive ADDRESS QUIET_S    prints the numbers that came, in that order, and the seconds
                                          from the first to the last, once nothing comes for QUIET_S
"""

import json
import socket
import sys
import time

PORT = 7000


def send(address, count, size):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect((address, PORT))
        for number in range(count):
            sender.send(number.to_bytes(4, "big").ljust(size, b"\0"))


def receive(address, quiet_s):
    numbers, times = [], []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        receiver.bind((address, PORT))
        print("listening", flush=True)
        receiver.settimeout(30)
        try:
            while True:
                numbers.append(int.from_bytes(receiver.recv(65536)[:4], "big"))
                times.append(time.monotonic())
                receiver.settimeout(quiet_s)
        except TimeoutError:
            pass
    print(json.dumps({"numbers": numbers, "seconds": times[-1] - times[0] if times else 0}))


if __name__ == "__main__":
    if sys.argv[1] == "send":
        send(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        receive(sys.argv[2], float(sys.argv[3]))
