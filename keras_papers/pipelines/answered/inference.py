"""What a finished model finds in new pictures, and how good that is."""

import pathlib

from keras_papers.pipelines.data.picture_list import list_pictures
from keras_papers.pipelines.data.pictures import read_picture, reason_of
from keras_papers.pipelines.data.split import described
from keras_papers.pipelines.report.labelled_lines import labelled
from keras_papers.pipelines.report.picture_file import unique_name
from keras_papers.pipelines.training.output_folder import make_output


class Predictions(list):
    """A list of what was found in each picture, and what was not read."""

    skipped = ()  # (file, reason)


def predict_pictures(options, open_file, write):
    """Writes what a model finds in pictures.

    Args:
        options: The `PredictOptions`.
        open_file: Function from the path of a model to a predictor.
        write: Function: predictor, path of a picture, its pixels as they are,
            those of a batch of the predictor, path without an ending to what
            was found, which it writes to files of this path and an ending.

    Returns:
        `Predictions`.

    Raises:
        ValueError: If the model or every picture cannot be read, or the output
            cannot be written.
    """
    files, missing = list_pictures(options.images)
    predictor = open_file(options.model)
    folder = pathlib.Path(options.output)
    make_output(folder)
    found, names = Predictions(), set()
    skipped = list(missing)
    for file in files:
        try:
            whole = read_picture(file)
            pixels = read_picture(file, predictor.size)
        except ValueError as error:
            if len(files) == 1 and not missing:
                raise
            skipped.append((str(file), reason_of(error.__cause__ or error)))
            continue
        batch = pixels[None].astype("float32")
        path = folder / unique_name(pathlib.Path(file).stem, names)
        found.append(write(predictor, str(file), whole, batch, path))
        if options.each is not None:
            options.each(found[-1])
    if not found:
        raise ValueError(
            "`images` must hold a picture that can be read. Received: "
            f"{len(skipped):,} files, the first {skipped[0][0]!r} "
            f"({skipped[0][1]}). Check the paths."
        )
    found.skipped = tuple(skipped)
    return found


def evaluation_text(evaluation, rows, table):
    """Returns what is printed of an evaluation.

    Args:
        evaluation: Has `pictures`, by which the model is judged, and `seen`.
        rows: Labels and texts of the scores.
        table: Those of the classes, as lines of text.
    """
    of_what, left_out = described(evaluation.seen)
    counted = f"{evaluation.pictures:,}{of_what}"
    pictures = ", ".join(filter(None, [counted, left_out]))
    return f"{labelled([('pictures', pictures), *rows])}\n\n{table}"
