"""The command `keras-papers`; each verb calls one public function."""

import argparse
import sys

from keras_papers import __version__, applications, pipelines


def main(arguments=None):
    """Runs the command line and returns its exit status."""
    parsed = _parser().parse_args(arguments)
    try:
        print(parsed.run(parsed))
    except (ValueError, OSError) as error:
        if parsed.debug:
            raise
        print(f"keras-papers: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("keras-papers: interrupted", file=sys.stderr)
        return 130
    return 0


def _parser():
    parser = argparse.ArgumentParser(
        prog="keras-papers",
        description="Paper models, trained and exported for phones.",
    )
    parser.add_argument(
        "--debug", action="store_true", help="show the traceback of an error"
    )
    parser.add_argument(
        "--version", action="version", version=f"keras_papers {__version__}"
    )
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    train = verbs.add_parser(
        "train",
        help="train an image classifier and export it as .tflite",
        epilog="example: keras-papers train flowers --epochs 30 --output out",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    train.set_defaults(run=_train)
    train.add_argument(
        "data",
        nargs="?",
        help="folder of class folders; without it, scikit-learn's digits",
    )
    train.add_argument(
        "--model",
        default="MobileNetV3Small",
        help=", ".join(applications.list_models()),
    )
    train.add_argument(
        "--alpha", type=float, default=0.75, help="width multiplier"
    )
    train.add_argument(
        "--image-size", type=int, default=48, help="height and width in pixels"
    )
    train.add_argument("--epochs", type=int, default=40, help="epochs")
    train.add_argument(
        "--batch-size", type=int, default=64, help="images in a batch"
    )
    train.add_argument(
        "--learning-rate", type=float, default=4e-3, help="peak of the schedule"
    )
    train.add_argument(
        "--seed", type=int, default=0, help="of all that is drawn"
    )
    train.add_argument(
        "--output", default="keras_papers_output", help="folder for the files"
    )
    return parser


def _train(arguments):
    return pipelines.train_image_classifier(
        arguments.data,
        model=arguments.model,
        alpha=arguments.alpha,
        image_size=arguments.image_size,
        epochs=arguments.epochs,
        output=arguments.output,
        batch_size=arguments.batch_size,
        learning_rate=arguments.learning_rate,
        seed=arguments.seed,
        # A bar that redraws itself is for eyes; a log gets a line an epoch.
        verbose="auto" if sys.stdout.isatty() else 2,
    )


if __name__ == "__main__":
    sys.exit(main())
