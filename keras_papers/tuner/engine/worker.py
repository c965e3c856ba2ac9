"""A worker of a search: calls the chief, as KerasTuner's worker does."""

import contextlib
import functools
import os
import sys
import threading
import time
import uuid

from keras_papers.extras import require
from keras_papers.tuner.engine.bound_process import is_orphaned
from keras_papers.tuner.engine.chief_address import (
    chief_address,
    is_one_of_several,
)
from keras_papers.tuner.engine.search_errors import (
    ChiefGoneError,
    SearchFailedError,
)

grpc = require("grpc", "tuner")
keras_tuner = require("keras_tuner", "tuner")
distribution = require("keras_tuner.src.distribute.utils", "tuner")
oracle_client = require("keras_tuner.src.distribute.oracle_client", "tuner")
protos = require("keras_tuner.src.protos", "tuner")

Status = keras_tuner.engine.trial.TrialStatus

PATIENCE = 60  # seconds to wait for a chief that does not answer
SILENCE = 5  # seconds of them after which a line says so
PAUSE = 0.5  # seconds before a call is repeated
HEARTBEAT = 5  # seconds between two
LONGEST_MESSAGE = 4000  # bytes; gRPC allows 8 KB of metadata

OPTIONS = [
    # Finds a chief that was started again soon.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 5000),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # A machine that is switched off does not close its connections.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.enable_http_proxy", 0),
]
AWAY = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.CANCELLED,  # by a chief that ends
)


class Client(oracle_client.OracleClient):
    """Calls the chief's oracle; waits if the chief is away.

    A call that a dying chief interrupted is repeated. That is safe: a worker
    that asks for a trial twice gets the same one, and only the first end of a
    trial counts.

    Args:
        oracle: The worker's own oracle, which knows the objective.
        patience: Seconds to wait for a chief that does not answer.

    Raises:
        ValueError: If the environment names no address.
    """

    def __init__(self, oracle, patience=PATIENCE):
        self.host, self.port = chief_address()
        super().__init__(oracle)
        self.patience = patience
        self._channel = grpc.insecure_channel(
            f"{self.host}:{self.port}", options=OPTIONS
        )
        self._calls = protos.get_service_grpc().OracleStub(self._channel)
        self._metadata = (
            ("worker", self.tuner_id),
            ("process", uuid.uuid4().hex),
        )
        self.stub = _Stub(self)  # in place of KerasTuner's
        self._is_closed = threading.Event()
        threading.Thread(target=self._send_heartbeats, daemon=True).start()

    def ask(self, name, request, *metadata):
        """Returns the chief's answer to a call.

        Raises:
            ChiefGoneError: If there is none within `patience`.
            SearchFailedError: If the search has failed.
        """
        call = getattr(self._calls, name)
        since, has_said = None, False
        while True:
            try:
                answer, of_call = call.with_call(
                    request, metadata=(*self._metadata, *metadata)
                )
                self._record_search(of_call)
                return answer
            except grpc.RpcError as error:
                if error.code() not in AWAY:
                    self.close()
                    raise SearchFailedError(_reason(name, error)) from None
            if self._is_closed.is_set():
                raise ChiefGoneError(
                    "The search is over and its chief is gone. Ask for what "
                    "was found in the program of the chief."
                )
            now = time.monotonic()
            since = since or now
            if now >= since + self.patience:
                self.close()
                raise ChiefGoneError(
                    "`KERASTUNER_ORACLE_IP` and `KERASTUNER_ORACLE_PORT` are "
                    "where the chief of the search listens. Received: "
                    f"{self.host}:{self.port}, where nobody has answered for "
                    f"{self.patience:g} s. Start the chief there, with "
                    "KERASTUNER_TUNER_ID=chief, or mend the network between, "
                    "and then start this worker again."
                )
            if now >= since + SILENCE and not has_said:
                has_said = True
                print(
                    f"{self.tuner_id} waits for the chief at {self.host}:"
                    f"{self.port}, {self.patience:g} s at most.",
                    file=sys.stderr,
                    flush=True,
                )
            time.sleep(min(PAUSE, since + self.patience - now))

    def _record_search(self, of_call):
        """Stores the id of the search, which later calls name."""
        metadata = dict(of_call.initial_metadata())
        if "search" in metadata and "search" not in dict(self._metadata):
            self._metadata += (("search", metadata["search"]),)

    def create_trial(self, tuner_id):
        trial = super().create_trial(tuner_id)
        if trial.status == Status.IDLE:
            time.sleep(PAUSE)  # KerasTuner asks again without a pause
        elif trial.status == Status.STOPPED:
            self.close()
        return trial

    def end_trial(self, trial):
        if self.should_report:
            message = (trial.message or "").encode()[-LONGEST_MESSAGE:]
            self.ask(
                "EndTrial",
                protos.get_service().EndTrialRequest(trial=trial.to_proto()),
                ("message-bin", message),
            )

    def close(self):
        """Ends the heartbeats, so that the chief does not wait."""
        self._is_closed.set()

    def _send_heartbeats(self):
        request = protos.get_service().GetSpaceRequest()
        while not self._is_closed.wait(HEARTBEAT):
            if is_orphaned():
                os._exit(1)
            with contextlib.suppress(grpc.RpcError):
                self._calls.GetSpace(request, metadata=self._metadata)


class _Stub:
    """Makes the calls of KerasTuner's client by `Client.ask`."""

    def __init__(self, client):
        self._client = client

    def __getattr__(self, name):
        return functools.partial(self._ask, name)

    def _ask(self, name, request, **waiting):
        return self._client.ask(name, request)


def _reason(name, error):
    if error.code() == grpc.StatusCode.FAILED_PRECONDITION:
        return error.details()
    return f"The chief could not answer {name}: {error.details()}"


def is_worker():
    """Returns whether the environment makes this process a worker."""
    return is_one_of_several() and not distribution.is_chief_oracle()
