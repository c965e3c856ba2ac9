"""The command `keras-papers`; each verb calls one public function.

It imports Keras only for a verb that computes with it, after the arguments
were parsed and checked: a help text or a typing error need not wait for
TensorFlow, and LiteRT runs a .tflite file by itself.
"""

import argparse
import contextlib
import importlib
import os
import sys
import tempfile
import time
import warnings

# The jobs, a module of verbs each. A job of one verb of its own name is called
# by it; the verbs of another stand below the job.
JOBS = {
    "classify": "keras_papers.pipelines.classification.verbs",
    "search": "keras_papers.pipelines.search.verbs",
    "generate": "keras_papers.pipelines.generation.verbs",
    "table": "keras_papers.pipelines.tables.verbs",
    "detect": "keras_papers.pipelines.detection.verbs",
    "segment": "keras_papers.pipelines.segmentation.verbs",
}
# Verbs without a job before them: their modules, and the names there.
SHORT = {
    "train": ("keras_papers.pipelines.classification.verbs", "train"),
    "tune": ("keras_papers.pipelines.search.verbs", "search"),
    "list": ("keras_papers.pipelines.models.verbs", "list"),
    "info": ("keras_papers.pipelines.models.verbs", "info"),
    **{
        name: ("keras_papers.pipelines.classification.verbs", name)
        for name in ("export", "quantize", "predict", "evaluate", "benchmark")
    },
}


def main(arguments=None):
    """Runs the command line and returns its exit status.

    0: done; 1: done, but for files that cannot be read, or nobody reads the
    output; 2: a mistake, in a sentence; 130: interrupted.
    """
    parsed = _parser().parse_args(arguments)
    # What TensorFlow logs of its graphs hides what a verb prints; its errors
    # are raised.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from keras_papers.cli import console

    start = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.showwarning = console.print_warning
            options, result = _run(parsed)
        seconds = time.perf_counter() - start
        return console.show(parsed.verb, options, result, seconds, parsed.json)
    except BrokenPipeError:
        # The reader of the output has closed it. Python flushes it once more
        # at exit, which must not raise a second error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if parsed.debug or not console.is_for_users(error):
            raise
        console.print_error(console.sentence(error))
        return 2
    except KeyboardInterrupt as error:
        kept = console.notes(error) or "nothing is left half-written"
        console.print_error(f"interrupted; {kept}")
        return 130


def _run(parsed):
    """Checks the options and runs the verb; returns them and the result."""
    from keras_papers import pipelines
    from keras_papers.cli import console
    from keras_papers.cli.from_options import given_options
    from keras_papers.pipelines.options import Checked

    verb, given = parsed.verb, given_options(parsed)
    fields = verb.options.__dataclass_fields__
    if "verbose" in fields:
        given["verbose"] = console.verbosity(parsed.json)
    if "each" in fields and not parsed.json:
        given["each"] = console.print_line
    options = verb.options(**given)
    options.check()
    if verb.needs_keras(options):
        _import_keras()
    function = getattr(pipelines, verb.function or verb.name)
    if hasattr(function, "options"):  # made by `takes`
        return options, function(Checked(options))
    return options, function(**given)


def _import_keras():
    """Imports Keras and TensorFlow without the lines that they print.

    Those are about the processor, and an error where there is no graphics
    card; they are kept back unless the import fails.
    """
    with tempfile.TemporaryFile() as greeting:
        sys.stderr.flush()
        terminal = os.dup(2)
        os.dup2(greeting.fileno(), 2)
        try:
            importlib.import_module("keras")
            with contextlib.suppress(ImportError):
                import tensorflow as tf

                tf.config.list_logical_devices()
        except Exception:
            greeting.seek(0)
            os.write(terminal, greeting.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)


def _parser():
    from keras_papers import __version__
    from keras_papers.cli.from_options import Parser, add_verb

    parser = Parser(
        prog="keras-papers",
        description="Paper models, trained and exported for phones.",
        epilog="keras-papers VERB --help prints more, with an example.",
    )
    parser.add_argument(
        "--version", action="version", version=f"keras_papers {__version__}"
    )
    parser.add_argument(
        "--print-completion",
        action=_PrintCompletion,
        choices=("bash", "zsh", "tcsh"),
        help="print what makes a shell complete these verbs",
    )
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    for short, (module, name) in SHORT.items():
        add_verb(verbs, _verbs_of(module)[name], f"keras-papers {short}")
    for job, module in JOBS.items():
        below = _verbs_of(module)  # and a SUMMARY, if they are several
        if job in below:
            add_verb(verbs, below[job], f"keras-papers {job}")
            continue
        summary = importlib.import_module(module).SUMMARY
        nested = verbs.add_parser(
            job,
            help=f"{summary}: {', '.join(below)}",
            description=f"{summary[0].upper()}{summary[1:]}.",
        )
        nested = nested.add_subparsers(
            title="verbs", required=True, metavar="VERB"
        )
        for name, verb in below.items():
            add_verb(nested, verb, f"keras-papers {job} {name}")
    return parser


def _verbs_of(module):
    return {verb.name: verb for verb in importlib.import_module(module).VERBS}


class _PrintCompletion(argparse.Action):
    def __call__(self, parser, namespace, shell, option=None):
        try:
            import shtab
        except ImportError:
            parser.error(
                "--print-completion needs the extra `completion`; run "
                "pip install 'keras-papers[completion]'"
            )
        print(shtab.complete(parser, shell))
        parser.exit()
