"""The chief of a search: hands out trials to workers, by KerasTuner's gRPC.

Messages are KerasTuner's own. What they have no field for travels as metadata
of a call: who calls, and why a trial failed.
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

LEASE = 60  # seconds that a worker with a trial may be silent
IDLE_LEASE = 20  # one without a trial, for which the end of a search waits
LOOK = 0.5  # seconds between looks at who is silent

OPTIONS = [
    # Two chiefs at one port would share the workers between them.
    ("grpc.so_reuseport", 0),
    # Workers look every few seconds whether the machine of the chief is up.
    ("grpc.http2.max_ping_strikes", 0),
]


class RefusedError(Exception):
    """Says why a worker is sent away; the chief is well."""


def _answers(method):
    """Ends a chief on an error of its own, which it told only a worker.

    Its disk may be full, so that it could not keep what it is told; or its
    oracle fails to propose, as where the device for latencies is busy.
    """

    @functools.wraps(method)
    def call(servicer, request, context):
        try:
            return method(servicer, request, context)
        except RefusedError as error:
            # What travels with an error has little room.
            context.abort(
                grpc.StatusCode.FAILED_PRECONDITION, str(error)[:1500]
            )
        except Exception as error:
            servicer.error = error
            raise

    return call


class Servicer(oracle_chief.OracleServicer):
    """Answers workers, and takes the trials of the dead from them.

    All of it runs on one thread, in the order in which it was asked for.
    """

    def __init__(self, oracle, lease):
        super().__init__(oracle)
        self.lease = lease
        self.started = time.monotonic()
        # When each worker was last heard; those of a chief that was killed
        # have a lease's time to find this one.
        self.heard = dict.fromkeys(oracle.ongoing_trials, self.started)
        self.processes = {}  # those that each worker has been, in turn
        self.has_told = False
        self.error = None

    @_answers
    def CreateTrial(self, request, context):
        worker, told = request.tuner_id, _metadata(context)
        self._check_search(told.get("search", self.oracle.search_id))
        self._know(worker, told.get("process"))
        self.heard[worker] = time.monotonic()
        trial = self.oracle.create_trial(worker)
        if trial.status == Status.STOPPED:
            del self.heard[worker]
            self.has_told = True
            if self.oracle.failure:
                raise RefusedError(self.oracle.failure)
        context.send_initial_metadata((("search", self.oracle.search_id),))
        return protos.get_service().CreateTrialResponse(trial=trial.to_proto())

    def _check_search(self, search_id):
        """Refuses a worker of another search, whose trials have its numbers."""
        if search_id != self.oracle.search_id:
            raise RefusedError(
                "`KERASTUNER_ORACLE_IP` and `KERASTUNER_ORACLE_PORT` are where "
                "the chief of a worker's search listens. Received: a worker "
                "of another search, which was there before. Start the worker "
                "again, for the search that is there now."
            )

    def _know(self, worker, process):
        """Lets a process take the place of the one that was a worker."""
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
            # Not to stdout, which may be for a machine to read.
            print(
                f"{worker} {why}: trial {trial.trial_id} is {then}.",
                file=sys.stderr,
            )

    def GetSpace(self, request, context):
        own = self.oracle.search_id
        if _metadata(context).get("search", own) == own:  # or not told yet
            self._hear(context)
        return super().GetSpace(request, context)

    @_answers
    def UpdateTrial(self, request, context):
        self._check_search(_metadata(context).get("search"))
        self._hear(context)
        return super().UpdateTrial(request, context)

    @_answers
    def EndTrial(self, request, context):
        self._check_search(_metadata(context).get("search"))
        worker = self._hear(context)
        trial = keras_tuner.engine.trial.Trial.from_proto(request.trial)
        trial.hyperparameters = _parents_first(trial.hyperparameters)
        message = _metadata(context).get("message-bin", b"")
        trial.message = message.decode(errors="replace") or None
        if self._counts(trial, worker):
            self.oracle.end_trial(trial)
        return protos.get_service().EndTrialResponse()

    def _counts(self, trial, worker):
        """Tells whether a worker may end a trial.

        One that was thought dead may end well what another runs again, unless
        what it had told of it is forgotten; that it failed says nothing about
        the other.
        """
        own = self.oracle.ongoing_trials.get(worker)
        if own is not None and own.trial_id == trial.trial_id:
            return True
        metrics = self.oracle.trials[trial.trial_id].metrics
        return trial.status == Status.COMPLETED and metrics.exists(
            self.oracle.objective.name
        )

    def _hear(self, context):
        worker = _metadata(context).get("worker")
        if worker in self.heard:
            self.heard[worker] = time.monotonic()
        return worker

    def miss(self, now):
        """Takes their trials from workers whose lease has run out.

        Args:
            now: When it was asked for; who called since waits to be heard.
        """
        for worker, heard in list(self.heard.items()):
            if worker in self.oracle.ongoing_trials:
                if now - heard > self.lease:
                    del self.heard[worker]
                    self._release(worker, f"is silent for {self.lease:g} s")
            elif now - heard > IDLE_LEASE:
                del self.heard[worker]

    def is_over(self):
        """Whether every worker has gone home, and no trial is left."""
        if self.heard:
            return False
        if self.oracle.failure:
            return True
        # A chief that was killed at the end may have told all or none.
        waited = time.monotonic() - self.started > IDLE_LEASE
        return self.oracle.is_exhausted and (self.has_told or waited)

    def look(self, now):
        """Returns whether the search is over, after a look at the silent."""
        if self.error:
            raise self.error
        self.miss(now)
        return self.is_over()


def is_chief():
    """Tells whether the environment makes this process a chief."""
    return is_one_of_several() and distribution.is_chief_oracle()


def check_address():
    """Returns where the environment lets the chief listen.

    Raises:
        ValueError: If it cannot listen there.
    """
    host, port = chief_address()
    check_free(host, port)
    return host, port


def serve(oracle, lease=LEASE):
    """Hands out the trials of an oracle until every worker has gone home.

    It listens where the environment says, as KerasTuner's chief does:
    `KERASTUNER_ORACLE_IP` and `KERASTUNER_ORACLE_PORT`.

    Args:
        oracle: One of `durable_oracle`.
        lease: Seconds. A worker that is silent for longer is taken for dead,
            and its trial is run again.

    Returns:
        How many workers have asked for trials.

    Raises:
        ValueError: If it cannot listen there.
        SearchFailedError: If the search failed, which the workers are told.
        Exception: What else went wrong where it proposed or kept a trial.
    """
    host, port = check_address()
    with contextlib.ExitStack() as stack:
        executor = stack.enter_context(futures.ThreadPoolExecutor(1))
        server = grpc.server(executor, options=OPTIONS)
        servicer = Servicer(oracle, lease)
        protos.get_service_grpc().add_OracleServicer_to_server(servicer, server)
        server.add_insecure_port(f"{host}:{port}")
        # Lets those who were told last hear it.
        stack.callback(lambda: server.stop(grace=5).wait())
        server.start()
        while not executor.submit(servicer.look, time.monotonic()).result():
            if is_orphaned():
                os._exit(1)
            time.sleep(LOOK)
    oracle.check_outcome()
    return len(servicer.processes)


def _metadata(context):
    return dict(context.invocation_metadata())


def _parents_first(hyperparameters):
    """Restores an order that KerasTuner's messages, by type, do not keep."""
    ordered = keras_tuner.HyperParameters()
    ordered.merge(
        sorted(hyperparameters.space, key=lambda hp: len(hp.conditions))
    )
    ordered.values = hyperparameters.values
    return ordered
