"""The chief of a search: gives trials to workers, by KerasTuner's gRPC.

The messages are KerasTuner's own. They have no fields for the worker that
calls and for the reason why a trial failed: these are metadata of the call.
"""

import contextlib
import functools
import os
import sys
import time
from concurrent import futures

from keras_papers.extras import require
from keras_papers.tuner.engine.bound_process import is_orphaned
from keras_papers.tuner.engine.chief_address import (
    check_free,
    chief_address,
    is_one_of_several,
)

grpc = require("grpc", "tuner")
keras_tuner = require("keras_tuner", "tuner")
distribution = require("keras_tuner.src.distribute.utils", "tuner")
oracle_chief = require("keras_tuner.src.distribute.oracle_chief", "tuner")
protos = require("keras_tuner.src.protos", "tuner")

Status = keras_tuner.engine.trial.TrialStatus

LEASE = 60  # seconds for which a worker with a trial may be silent
IDLE_LEASE = 20  # the same without a trial; the end of a search waits for it
INTERVAL = 0.5  # seconds between two checks of the workers

OPTIONS = [
    # Else two chiefs could listen at one port, and each get some workers.
    ("grpc.so_reuseport", 0),
    # Workers ping every few seconds, to notice if the chief's machine is off.
    ("grpc.http2.max_ping_strikes", 0),
]


class RefusedError(Exception):
    """Refuses the call of a worker; the chief continues."""


def _ends_chief_on_error(method):
    """Stores an error in a call, which ends the chief; a decorator.

    gRPC would report it to the worker only. The disk may be full, or the
    oracle may fail to propose values because the device is busy.
    """

    @functools.wraps(method)
    def call(servicer, request, context):
        try:
            return method(servicer, request, context)
        except RefusedError as error:
            # gRPC limits the size of the details.
            context.abort(
                grpc.StatusCode.FAILED_PRECONDITION, str(error)[:1500]
            )
        except Exception as error:
            servicer.error = error
            raise

    return call


class Servicer(oracle_chief.OracleServicer):
    """Answers the calls of workers; repeats the trials of those that died.

    Everything runs on one thread, in the order of the calls.
    """

    def __init__(self, oracle, lease):
        super().__init__(oracle)
        self.lease = lease
        self.started = time.monotonic()
        # Time of the last call of each worker. The workers of a chief that
        # was killed have the time of a lease to find this one.
        self.last_calls = dict.fromkeys(oracle.ongoing_trials, self.started)
        self.processes = {}  # ids of each worker's processes, in their order
        self.has_stopped_one = False
        self.error = None

    @_ends_chief_on_error
    def CreateTrial(self, request, context):
        worker, metadata = request.tuner_id, _metadata(context)
        self._check_search(metadata.get("search", self.oracle.search_id))
        self._check_process(worker, metadata.get("process"))
        self.last_calls[worker] = time.monotonic()
        trial = self.oracle.create_trial(worker)
        if trial.status == Status.STOPPED:
            del self.last_calls[worker]
            self.has_stopped_one = True
            if self.oracle.failure:
                raise RefusedError(self.oracle.failure)
        context.send_initial_metadata((("search", self.oracle.search_id),))
        return protos.get_service().CreateTrialResponse(trial=trial.to_proto())

    def _check_search(self, search_id):
        """Refuses a worker of another search: trials have the same ids."""
        if search_id != self.oracle.search_id:
            raise RefusedError(
                "`KERASTUNER_ORACLE_IP` and `KERASTUNER_ORACLE_PORT` are where "
                "the chief of a worker's search listens. Received: a worker "
                "of another search, which was there before. Start the worker "
                "again, for the search that is there now."
            )

    def _check_process(self, worker, process):
        """Accepts a process as the latest one of a worker."""
        processes = self.processes.setdefault(worker, [process])
        if process in processes[:-1]:
            raise RefusedError(
                "`KERASTUNER_TUNER_ID` is a worker's own. Received: "
                f"{worker!r} from two processes that are alive. Give each "
                "worker another."
            )
        if process != processes[-1]:
            processes.append(process)
            self._release(worker, "was started again")

    def _release(self, worker, why):
        trial = self.oracle.release(worker)
        if trial is not None:
            given_up = trial.status == Status.FAILED
            then = "given up" if given_up else "run again"
            # Stdout may hold JSON.
            print(
                f"{worker} {why}: trial {trial.trial_id} is {then}.",
                file=sys.stderr,
            )

    def GetSpace(self, request, context):
        own = self.oracle.search_id
        # Before its first trial, a worker does not know the search.
        if _metadata(context).get("search", own) == own:
            self._record_call(context)
        return super().GetSpace(request, context)

    @_ends_chief_on_error
    def UpdateTrial(self, request, context):
        self._check_search(_metadata(context).get("search"))
        self._record_call(context)
        return super().UpdateTrial(request, context)

    @_ends_chief_on_error
    def EndTrial(self, request, context):
        self._check_search(_metadata(context).get("search"))
        worker = self._record_call(context)
        trial = keras_tuner.engine.trial.Trial.from_proto(request.trial)
        trial.hyperparameters = _parents_first(trial.hyperparameters)
        message = _metadata(context).get("message-bin", b"")
        trial.message = message.decode(errors="replace") or None
        if self._counts(trial, worker):
            self.oracle.end_trial(trial)
        return protos.get_service().EndTrialResponse()

    def _counts(self, trial, worker):
        """Returns whether a worker may end a trial.

        The trial may have been given to another worker. Then this one may
        still complete it, if its metrics are recorded; a failure of this one
        does not end the trial of the other.
        """
        own = self.oracle.ongoing_trials.get(worker)
        if own is not None and own.trial_id == trial.trial_id:
            return True
        metrics = self.oracle.trials[trial.trial_id].metrics
        return trial.status == Status.COMPLETED and metrics.exists(
            self.oracle.objective.name
        )

    def _record_call(self, context):
        worker = _metadata(context).get("worker")
        if worker in self.last_calls:
            self.last_calls[worker] = time.monotonic()
        return worker

    def release_silent(self, now):
        """Repeats the trials of workers whose lease has expired.

        Args:
            now: Time when the check was put in the queue. A worker that has
                called since is in the queue, too.
        """
        for worker, called in list(self.last_calls.items()):
            if worker in self.oracle.ongoing_trials:
                if now - called > self.lease:
                    del self.last_calls[worker]
                    self._release(worker, f"is silent for {self.lease:g} s")
            elif now - called > IDLE_LEASE:
                del self.last_calls[worker]

    def is_over(self):
        """Returns whether every worker has stopped, and no trial is left."""
        if self.last_calls:
            return False
        if self.oracle.failure:
            return True
        # The workers of a chief that was killed at the end may have been
        # stopped by it, or not: this one waits for them.
        waited = time.monotonic() - self.started > IDLE_LEASE
        return self.oracle.is_exhausted and (self.has_stopped_one or waited)

    def check(self, now):
        """Checks the workers; returns whether the search is over."""
        if self.error:
            raise self.error
        self.release_silent(now)
        return self.is_over()


def is_chief():
    """Returns whether the environment makes this process a chief."""
    return is_one_of_several() and distribution.is_chief_oracle()


def check_address():
    """Returns the host and port at which the environment has the chief.

    Raises:
        ValueError: If it cannot listen there.
    """
    host, port = chief_address()
    check_free(host, port)
    return host, port


def serve(oracle, lease=LEASE):
    """Gives the trials of an oracle to workers until every one has stopped.

    It listens at `KERASTUNER_ORACLE_IP` and `KERASTUNER_ORACLE_PORT`, as
    KerasTuner's chief does.

    Args:
        oracle: One of `durable_oracle`.
        lease: Seconds. The trial of a worker that is silent for longer is run
            again.

    Returns:
        The number of workers that have had trials.

    Raises:
        ValueError: If it cannot listen there.
        SearchFailedError: If the search failed; its workers raise it, too.
        Exception: Any other error in proposing or saving a trial.
    """
    host, port = check_address()
    with contextlib.ExitStack() as stack:
        executor = stack.enter_context(futures.ThreadPoolExecutor(1))
        server = grpc.server(executor, options=OPTIONS)
        servicer = Servicer(oracle, lease)
        protos.get_service_grpc().add_OracleServicer_to_server(servicer, server)
        server.add_insecure_port(f"{host}:{port}")
        # Waits until the last answers have arrived.
        stack.callback(lambda: server.stop(grace=5).wait())
        server.start()
        while not executor.submit(servicer.check, time.monotonic()).result():
            if is_orphaned():
                os._exit(1)
            time.sleep(INTERVAL)
    oracle.check_outcome()
    return len(servicer.processes)


def _metadata(context):
    return dict(context.invocation_metadata())


def _parents_first(hyperparameters):
    """Puts hyperparameters before those that depend on them.

    KerasTuner's messages sort them by type.
    """
    ordered = keras_tuner.HyperParameters()
    ordered.merge(
        sorted(hyperparameters.space, key=lambda hp: len(hp.conditions))
    )
    ordered.values = hyperparameters.values
    return ordered
