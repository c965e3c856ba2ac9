"""The address of a search's chief, from KerasTuner's environment variables."""

import os
import random
import socket

LOOPBACK = "127.0.0.1"
# Below the ports that the system gives to outgoing connections. A worker that
# calls a dead chief could otherwise be given the chief's own port.
PORTS = range(20_000, 30_000)
VARIABLES = (
    "KERASTUNER_ORACLE_IP",
    "KERASTUNER_ORACLE_PORT",
    "KERASTUNER_TUNER_ID",
)


def is_one_of_several():
    """Returns whether the environment makes this process a chief or a worker.

    KerasTuner ignores a port without a host: such a worker would search alone.

    Raises:
        ValueError: If only some of the variables are set.
    """
    missing = [name for name in VARIABLES if name not in os.environ]
    # KERASTUNER_TUNER_ID alone is the name of a search in one process.
    if set(VARIABLES[:2]) <= set(missing):
        return False
    if missing:
        raise ValueError(
            "`KERASTUNER_ORACLE_IP`, `KERASTUNER_ORACLE_PORT` and "
            "`KERASTUNER_TUNER_ID` make this process the chief or a worker of "
            f"a search. Received: no {' and no '.join(missing)}. Set all "
            "three, or none to search in one process."
        )
    return True


def chief_address():
    """Returns the host and port that the environment names.

    Raises:
        ValueError: If there is none, or no such port.
    """
    host = os.environ.get("KERASTUNER_ORACLE_IP")
    port = os.environ.get("KERASTUNER_ORACLE_PORT")
    if host and port and port.isdecimal() and 0 < int(port) < 2**16:
        return host, int(port)
    raise ValueError(
        "`KERASTUNER_ORACLE_IP` and `KERASTUNER_ORACLE_PORT` are the address "
        "of the chief of a search, the port from 1 to 65535. Received: "
        f"KERASTUNER_ORACLE_IP={host!r}, KERASTUNER_ORACLE_PORT={port!r}. Set "
        "both, for the chief and all workers alike."
    )


def check_free(host, port):
    """Raises ValueError unless a chief can listen at an address."""
    try:
        if port >= 2**16:
            raise OSError(None, "Ports end at 65535")
        socket.create_server((host, port)).close()
    except OSError as error:
        # Python adds the address, which the message has already.
        why, *_ = error.strerror.partition(" (while")
        raise ValueError(
            "`port` (KERASTUNER_ORACLE_PORT) is where the chief of a search "
            "listens, and must be free, at an address of this machine. "
            f"Received: {host}:{port} ({why}). Choose another for the chief "
            "and all workers, or end what holds this one."
        ) from None


def free_port():
    """Returns a port of this machine that nothing listens at."""
    while True:
        port = random.choice(PORTS)
        try:
            check_free(LOOPBACK, port)
        except ValueError:
            continue
        return port
