"""The command `keras-papers`; each verb calls one public function.

It imports Keras only for a verb that computes with it, after the arguments
were parsed: a help text or a typing error need not wait for TensorFlow, and
LiteRT runs a .tflite file by itself.
"""

import argparse
import contextlib
import difflib
import errno
import importlib
import importlib.metadata
import os
import re
import sys
import tempfile
import time
import warnings


def main(arguments=None):
    """Runs the command line and returns its exit status.

    0: done; 1: done, but for files that cannot be read; 2: a mistake, in a
    sentence; 130: interrupted.
    """
    parsed = _parser().parse_args(arguments)
    start = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            from keras_papers import pipelines
            from keras_papers.cli import early_checks

            early_checks.check(parsed.verb, _given(parsed))
            if parsed.needs_keras(parsed):
                _import_keras()
            result = parsed.run(pipelines, parsed)
        if parsed.json:
            from keras_papers.files.figures_json import to_json

            print(to_json(result))
        else:
            parsed.show(parsed, result, time.perf_counter() - start)
        return _report_skipped(getattr(result, "skipped", ()))
    except Exception as error:
        if parsed.debug or not _is_told(error):
            raise
        print(f"keras-papers: {_sentence(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as error:
        kept = _notes(error) or "nothing is left half-written"
        print(f"keras-papers: interrupted; {kept}", file=sys.stderr)
        return 130


def _report_skipped(files):
    """Names the files that were left out; returns the exit status."""
    for file, reason in files:
        print(f"keras-papers: left out {file}: {reason}", file=sys.stderr)
    return 1 if files else 0


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


def _show_warning(message, *where):
    print(f"keras-papers: {message}", file=sys.stderr)


def _is_told(error):
    """Tells whether an error is a sentence for whoever runs the command."""
    ours = type(error).__module__.startswith("keras_papers.")
    return ours or isinstance(error, ValueError | OSError)


def _sentence(error):
    text, notes = str(error), _notes(error)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        text = "the disk is full; make room"
        notes = notes or "nothing is left half-written"
    return " ".join(f"{text}; {notes}".strip("; ").split())


def _notes(error):
    return "; ".join(getattr(error, "__notes__", ()))


def _parser():
    parser = _Parser(
        prog="keras-papers",
        description="Paper models, trained and exported for phones.",
        epilog="keras-papers VERB --help tells more, with an example.",
    )
    version = importlib.metadata.version("keras-papers")
    parser.add_argument(
        "--version", action="version", version=f"keras_papers {version}"
    )
    parser.add_argument(
        "--print-completion",
        action=_PrintCompletion,
        choices=("bash", "zsh", "tcsh"),
        help="print what makes a shell complete these verbs",
    )
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    for add in (
        _add_train,
        _add_tune,
        _add_list,
        _add_info,
        _add_export,
        _add_quantize,
        _add_predict,
        _add_evaluate,
        _add_benchmark,
    ):
        add(verbs)
    return parser


class _Parser(argparse.ArgumentParser):
    """Offers the option, the verb or the choice that is spelled most alike."""

    def parse_known_args(self, args=None, namespace=None):
        parsed, unknown = super().parse_known_args(args, namespace)
        for text in unknown:
            if text.startswith("--"):
                self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return parsed, unknown

    def error(self, message):
        unknown = re.match(r"unrecognized arguments:.*?(--[^\s=]+)", message)
        choice = re.search(r"choice: '(.+?)' \(choose from (.+)\)", message)
        near = ()
        if unknown:
            near = difflib.get_close_matches(
                unknown[1], self._option_string_actions, 1
            )
        elif choice:
            choices = re.findall(r"[\w-]+", choice[2])
            near = difflib.get_close_matches(choice[1], choices, 1)
        if near:
            message += f". Did you mean {near[0]}?"
        super().error(message)


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


def _always(parsed):
    return True


def _never(parsed):
    return False


def _for_keras_files(parsed):
    return parsed.model.endswith(".keras")


def _verb(verbs, name, text, example, run, show, needs_keras=_always):
    verb = verbs.add_parser(
        name,
        help=text,
        description=f"{text[0].upper()}{text[1:]}.",
        epilog=f"example: keras-papers {name} {example}",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    verb.add_argument(
        "--json", action="store_true", help="print the result for machines"
    )
    verb.add_argument(
        "--debug", action="store_true", help="show the traceback of an error"
    )
    verb.set_defaults(verb=name, run=run, show=show, needs_keras=needs_keras)
    return verb


def _add_train(verbs):
    train = _verb(
        verbs,
        "train",
        "train an image classifier and export it as .tflite",
        "flowers --image-size 224 --epochs 20 --output out",
        _train,
        _show_training,
    )
    train.add_argument(
        "data",
        nargs="?",
        metavar="DIR",
        help="folder of class folders, or of train/, val/ and test/ with such; "
        "without it, scikit-learn's digits",
    )
    train.add_argument(
        "--model",
        default="MobileNetV3Small",
        help="a model's name; keras-papers list tells them",
    )
    for name, type_, default, text in (
        ("alpha", float, 0.75, "width multiplier"),
        ("batch-size", int, 64, "images in a batch"),
        ("learning-rate", float, 4e-3, "peak of the schedule"),
        ("weight-decay", float, 1e-2, "of the kernels"),
        ("label-smoothing", float, 0.1, "share spread over all classes"),
        ("seed", int, 0, "of all that is drawn"),
    ):
        train.add_argument(f"--{name}", type=type_, default=default, help=text)
    # Without a default, which argparse would print as None.
    for name, type_, metavar, text in (
        (
            "epochs",
            int,
            "N",
            "times that each image is seen; by default 40, or more of few",
        ),
        (
            "image-size",
            int,
            "PIXELS",
            "height and width; by default that of the model's paper, or less "
            "if the pictures are smaller",
        ),
        ("weights", str, "W", "'imagenet' or a weights file to start from"),
        ("ema", float, "M", "momentum of an average of the weights"),
        ("prune", float, "SHARE", "of weights that are zero in another file"),
        ("cluster", int, "N", "different weights a kernel in another file"),
        ("early-stopping", int, "N", "epochs to wait for a lower loss"),
    ):
        train.add_argument(
            f"--{name}",
            type=type_,
            metavar=metavar,
            default=argparse.SUPPRESS,
            help=text,
        )
    for name, text in (
        ("class-weights", "let every class count the same"),
        ("mixed-precision", "compute in float16, which GPUs do faster"),
        ("tensorboard", "write logs to OUTPUT/logs"),
        ("strict", "refuse pictures that cannot be read"),
        ("overwrite", "replace an earlier training"),
    ):
        train.add_argument(
            f"--{name}",
            action="store_true",
            default=argparse.SUPPRESS,
            help=text,
        )
    train.add_argument(
        "--augment",
        choices=("none", "light", "photo"),
        default=argparse.SUPPRESS,
        help="how images are varied; by default photo for long trainings of "
        "photos, else light",
    )
    train.add_argument(
        "--quantize",
        choices=("none", "dynamic", "float16", "int8", "qat"),
        default="none",
        help="a smaller file beside; qat trains on for int8",
    )
    train.add_argument(
        "--output", default="keras_papers_output", help="folder for the files"
    )


def _train(pipelines, parsed):
    return pipelines.train(**_given(parsed), verbose=_verbose(parsed))


_OF_THE_COMMAND = (  # and no arguments of a verb's function
    "verb",
    "run",
    "show",
    "needs_keras",
    "json",
    "debug",
    "print_completion",
)


def _given(parsed):
    """Returns the arguments of a verb that its function takes."""
    given = vars(parsed).copy()
    for name in _OF_THE_COMMAND:
        given.pop(name, None)
    return given


def _verbose(parsed):
    # A bar that redraws itself is for eyes; a log gets a line an epoch, and
    # what a machine reads gets nothing else.
    if parsed.json:
        return 0
    return "auto" if sys.stdout.isatty() else 2


def _show_training(parsed, report, seconds):
    print(report)
    _last_line(
        f"trained {report.model} to {report.tflite_accuracy:.2%}",
        os.path.join(report.output, "model.tflite"),
        report.bytes,
        seconds,
    )


def _last_line(result, path, size, seconds):
    print(f"{result}: {path}, {_told(size)}, {seconds:.1f} s")


def _told(size):
    from keras_papers.export.file_size import size_text

    return size_text(size)


def _add_tune(verbs):
    from keras_papers.tuner.spaces.names import DEFAULT, SPACES

    tune = _verb(
        verbs,
        "tune",
        "search for the network that suits images under a budget",
        "flowers --budget-madds 60M --trials 20 --workers 2",
        lambda pipelines, parsed: pipelines.tune(
            **_given(parsed), verbose=_verbose(parsed)
        ),
        _show_search,
    )
    tune.add_argument(
        "data",
        nargs="?",
        metavar="DIR",
        help="folder as for train; without it, scikit-learn's digits",
    )
    tune.add_argument(
        "--space",
        choices=tuple(SPACES),
        default=DEFAULT,
        help="what is varied; "
        + "; ".join(f"{name}: {it.summary}" for name, it in SPACES.items()),
    )
    for name, type_, metavar, text in (
        ("model", str, "NAME", "what is scaled; by default the space's own"),
        ("budget-madds", _count, "N", "multiply-adds of an image, as 60M"),
        (
            "budget-latency-ms",
            float,
            "MS",
            "of the .tflite, on one thread; a limit, or the target of the "
            "reward of a space that has one",
        ),
    ):
        tune.add_argument(
            f"--{name}",
            type=type_,
            metavar=metavar,
            default=argparse.SUPPRESS,
            help=text,
        )
    for name, type_, default, text in (
        ("trials", int, 20, "networks to train at most"),
        ("workers", int, 1, "processes that train side by side"),
        ("epochs", int, 10, "of each trial"),
        ("image-size", int, 48, "height and width before scaling"),
        ("width", float, 1.0, "factor on the channels before scaling"),
        ("batch-size", int, 64, "images in a batch"),
        ("learning-rate", float, 4e-3, "peak of the schedule"),
        ("weight-decay", float, 1e-2, "of the kernels"),
        ("label-smoothing", float, 0.1, "share spread over all classes"),
        ("seed", int, 0, "of all that is drawn"),
    ):
        tune.add_argument(f"--{name}", type=type_, default=default, help=text)
    tune.add_argument(
        "--oracle",
        choices=("random", "grid", "bayesian"),
        default="random",
        help="KerasTuner's way to propose points",
    )
    for name, text in (
        ("strict", "refuse pictures that cannot be read"),
        ("overwrite", "replace what an earlier command left in the folder"),
    ):
        tune.add_argument(
            f"--{name}",
            action="store_true",
            default=argparse.SUPPRESS,
            help=text,
        )
    tune.add_argument(
        "--output", default="keras_papers_search", help="folder for the files"
    )


def _count(text):
    """Returns a number that may be written as 60M."""
    units = {"K": 1e3, "M": 1e6, "B": 1e9, "G": 1e9}
    unit = units.get(text[-1:].upper())
    try:
        return float(text[:-1]) * unit if unit else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no count; write 60 million as 60M or 60e6"
        ) from None


def _show_search(parsed, report, seconds):
    if report is None:
        print(f"no more trials for this worker, {seconds:.1f} s")
        return
    print(report)
    count = len(report.trials)
    _last_line(
        f"best of {count} trial{'s' * (count > 1)}, "
        f"{report.tflite_accuracy:.2%}",
        os.path.join(report.output, "best.tflite"),
        report.bytes,
        seconds,
    )


def _add_list(verbs):
    verb = _verb(
        verbs,
        "list",
        "list the models with their papers and costs",
        "'*V3*'",
        lambda pipelines, parsed: pipelines.list(parsed.pattern),
        _show_list,
        _never,
    )
    verb.add_argument(
        "pattern", nargs="?", default="*", help="of names, as a shell has them"
    )


def _show_list(parsed, facts, seconds):
    for fact in facts:
        print(fact)
    print(f"{len(facts)} models, {seconds:.1f} s")


def _add_info(verbs):
    verb = _verb(
        verbs,
        "info",
        "describe a model, or a file: its paper, its table, its layers",
        "my_model/model.keras",
        lambda pipelines, parsed: pipelines.info(parsed.name),
        _show_info,
        lambda parsed: parsed.name.endswith(".keras"),
    )
    verb.add_argument(
        "name", help="as keras-papers list prints it; or a .keras or .tflite"
    )


def _show_info(parsed, info, seconds):
    print(info)
    # A file's own figures stand in it, those of a model in its fact.
    figures = getattr(info, "fact", info)
    parameters = f"{figures.parameters:,} parameters"
    print(f"{figures.name}: {parameters}, {seconds:.1f} s")


def _add_export(verbs):
    verb = _verb(
        verbs,
        "export",
        "write a .keras file as .tflite and check it",
        "out/model.keras --quantize float16",
        lambda pipelines, parsed: pipelines.export(
            parsed.model,
            parsed.output,
            quantize=parsed.quantize,
            labels=parsed.labels,
            threads=parsed.threads,
            normalization=parsed.normalization,
        ),
        lambda parsed, found, seconds: print(f"{found}, {seconds:.1f} s"),
    )
    verb.add_argument("model", metavar="MODEL.keras", help="the trained model")
    for name, text in (
        ("output", "where to write; by default beside the model"),
        ("labels", "file of labels; by default labels.txt beside the model"),
    ):
        verb.add_argument(f"--{name}", default=None, help=text)
    verb.add_argument(
        "--quantize",
        type=_how_stored,
        choices=("none", "dynamic", "float16"),
        default="none",
        help="dynamic for a quarter of the size, float16 for half; int8 and "
        "qat are what keras-papers quantize makes",
    )
    verb.add_argument("--threads", type=int, default=1, help="measured with")
    _add_input_range(verb)


def _add_input_range(verb):
    verb.add_argument(
        "--input-range",
        dest="normalization",
        nargs=2,
        type=float,
        metavar=("BLACK", "WHITE"),
        action=_InputRange,
        help="what the model takes for a black and for a white pixel, as 0 255 "
        "or -1 1; by default what the file shows",
    )


class _InputRange(argparse.Action):
    """Makes of a range the mean and the std of pixels."""

    def __call__(self, parser, namespace, values, option=None):
        black, white = values
        if not black < white:
            parser.error("--input-range takes the smaller number first")
        std = 255 / (white - black)
        namespace.normalization = (-black * std, std)


def _how_stored(name):
    if name in ("int8", "qat"):
        raise argparse.ArgumentTypeError(
            f"{name} needs images; run keras-papers quantize --mode {name}"
        )
    return name


def _add_quantize(verbs):
    verb = _verb(
        verbs,
        "quantize",
        "write a .keras file as .tflite of integers and compare",
        "out/model.keras flowers --mode qat",
        lambda pipelines, parsed: pipelines.quantize(
            **_given(parsed), verbose=_verbose(parsed)
        ),
        _show_quantization,
    )
    verb.add_argument("model", metavar="MODEL.keras", help="the trained model")
    verb.add_argument(
        "data",
        nargs="?",
        metavar="DIR",
        help="folder that it was trained on; without it, scikit-learn's digits",
    )
    verb.add_argument(
        "--mode",
        choices=("int8", "qat"),
        default="int8",
        help="int8 takes the model as it is, qat trains on",
    )
    for name, type_, metavar, text in (
        ("epochs", int, "N", "of qat; by default 8"),
        ("output", str, "FILE", "where to write; by default beside the model"),
    ):
        verb.add_argument(
            f"--{name}",
            type=type_,
            metavar=metavar,
            default=argparse.SUPPRESS,
            help=text,
        )
    for name, type_, default, text in (
        ("batch-size", int, 64, "images in a batch"),
        ("learning-rate", float, 1e-4, "of the first step of qat"),
        ("label-smoothing", float, 0.1, "share spread over all classes"),
        ("seed", int, 0, "divides images that split.json does not list"),
    ):
        verb.add_argument(f"--{name}", type=type_, default=default, help=text)
    verb.add_argument(
        "--preserve",
        action="append",
        choices=("sparsity", "clusters"),
        default=argparse.SUPPRESS,
        help="what qat keeps of pruned or clustered weights",
    )
    verb.add_argument(
        "--strict",
        action="store_true",
        default=argparse.SUPPRESS,
        help="refuse pictures that cannot be read",
    )
    _add_input_range(verb)


def _show_quantization(parsed, found, seconds):
    print(found)
    written = found.variants[-1]
    _last_line(
        f"quantized {found.model} to {written.tflite_accuracy:.2%}",
        found.output,
        written.bytes,
        seconds,
    )


def _add_predict(verbs):
    verb = _verb(
        verbs,
        "predict",
        "predict the classes of pictures",
        "out/model.tflite photos 'more/*.jpg' --html page.html",
        lambda pipelines, parsed: pipelines.predict(
            **_given(parsed), each=None if parsed.json else _show_prediction
        ),
        _show_predictions,
        _for_keras_files,
    )
    verb.add_argument("model", metavar="MODEL", help=".tflite or .keras")
    verb.add_argument(
        "images",
        metavar="IMAGE",
        nargs="+",
        help="pictures, folders of them, or patterns such as 'photos/*.jpg'",
    )
    verb.add_argument("--top", type=int, default=5, help="classes to name")
    for name, text in (
        ("csv", "write a table of the predictions"),
        ("html", "write a page of thumbnails"),
    ):
        verb.add_argument(
            f"--{name}", metavar="FILE", default=argparse.SUPPRESS, help=text
        )
    _add_input_range(verb)


def _show_prediction(prediction):
    print(prediction, flush=True)


def _show_predictions(parsed, predictions, seconds):
    size = os.path.getsize(parsed.model)
    number = len(predictions)
    what = f"{number} picture{'s' * (number > 1)} by"
    print(f"{what} {parsed.model}, {_told(size)}, {seconds:.1f} s")


def _add_evaluate(verbs):
    verb = _verb(
        verbs,
        "evaluate",
        "measure a model on a folder of class folders",
        "out/model.tflite flowers/test",
        lambda pipelines, parsed: pipelines.evaluate(
            parsed.model, parsed.data, normalization=parsed.normalization
        ),
        _show_evaluation,
        _for_keras_files,
    )
    verb.add_argument("model", metavar="MODEL", help=".tflite or .keras")
    verb.add_argument("data", metavar="DIR", help="folder of class folders")
    _add_input_range(verb)


def _show_evaluation(parsed, found, seconds):
    size = os.path.getsize(parsed.model)
    print(f"{found}, {_told(size)}, {seconds:.1f} s")


def _add_benchmark(verbs):
    verb = _verb(
        verbs,
        "benchmark",
        "measure the latency of .tflite files",
        "out/model.tflite other.tflite --threads 2",
        lambda pipelines, parsed: pipelines.benchmark(
            parsed.models, threads=parsed.threads, runs=parsed.runs
        ),
        _show_speeds,
        _never,
    )
    verb.add_argument("models", metavar="MODEL.tflite", nargs="+")
    verb.add_argument("--threads", type=int, default=1, help="to run on")
    verb.add_argument("--runs", type=int, default=50, help="of the median")


def _show_speeds(parsed, speeds, seconds):
    print("       size       median      IQR  partitions  file")
    for speed in speeds:
        print(speed)
    fastest = min(speeds, key=lambda speed: speed.latency_ms)
    _last_line(
        f"fastest at {fastest.latency_ms:.3f} ms",
        fastest.path,
        fastest.bytes,
        seconds,
    )
