"""The page that a generator's training ends with."""

import functools

from keras_papers.export.file_size import size_text
from keras_papers.pipelines.generation.measures import frequencies
from keras_papers.pipelines.generation.report import agreement
from keras_papers.pipelines.report.learning_curves import curves
from keras_papers.pipelines.report.page_graphics import percent
from keras_papers.pipelines.report.page_template import last_parts
from keras_papers.pipelines.report.page_text import in_time, in_words, plural
from keras_papers.pipelines.report.sections import (
    Cell,
    Figure,
    Page,
    Picture,
    Pictures,
    Row,
    Section,
    Table,
    division,
    left_out,
    to_html,
)
from keras_papers.pipelines.report.thumbnails import data_uri

MOST_USED = 10  # codes that the table of a codebook names


def render(report, shown):
    """Renders the page of a training.

    Args:
        report: The `GenerationReport`.
        shown: What the page shows beside the figures, `report_files.Shown`.

    Returns:
        The HTML text. The same arguments give the same text.

    Raises:
        MissingExtraError: If the extra `report` is not installed.
    """
    sections = [
        _samples(shown),
        _reconstructions(report, shown),
        _levels(report),
        *_codebooks(report, shown.latents),
        *_curves(report.levels, shown.histories),
        _files(report),
        *_skipped(shown.skipped),
    ]
    psnr = f"{report.psnr:.2f} dB"
    return to_html(
        Page(
            title=f"{report.model}: {psnr}",
            over="Generation report",
            heading=report.model,
            lead=f"Stores a picture of {report.image_size} × "
            f"{report.image_size} pixels in {report.bits_per_pixel:.3g} bits a "
            f"pixel and reconstructs it with a PSNR of {psnr}; draws new "
            "pictures.",
            emphasis=psnr,
            figures=_figures(report),
            sections=sections,
            footer="Made by keras-papers. The models lie beside this page: "
            "autoencoder.keras, a prior for each map of codes, encoder.tflite "
            "and decoder.tflite.",
            verdict=report.verdict,
        )
    )


def _figures(report):
    return (
        Figure(
            "PSNR",
            f"{report.psnr:.2f} dB",
            f"of the reconstructions of {report.test_images:,} held-out "
            f"images; MSE {report.mse:.4g}, "
            f"{percent(report.relative_mse)} of the variance of their pixels",
        ),
        Figure(
            "Bits per pixel",
            f"{report.bits_per_pixel:.3g}",
            "of the codes as they are stored; a picture has 24",
        ),
        Figure(
            "Bits per dimension",
            f"{report.bits_per_dimension:.3g}",
            f"of the prior on held-out images, {report.left_out}",
        ),
        Figure(
            "Parameters",
            in_words(report.parameters),
            f"of the autoencoder; {in_words(report.prior_parameters)} of the "
            "prior",
        ),
        Figure(
            "Training time",
            in_time(report.training_seconds),
            f"{plural(report.epochs, 'epoch')} of the autoencoder, which has "
            f"the weights of epoch {report.best_epoch}, and the prior",
        ),
        division(
            "Images",
            report.train_images,
            report.validation_images,
            report.test_images,
        ),
    )


def _samples(shown):
    names = shown.labels or [None] * len(shown.samples)
    pictures = [
        Picture(
            data_uri(pixels),
            "Sample" if name is None else f"Sample of {name}",
            [] if name is None else [(name, "", "")],
        )
        for pixels, name in zip(shown.samples, names, strict=True)
    ]
    text = (
        "New pictures: the prior drew the codes, and the decoder turned them "
        "into pixels."
    )
    if shown.labels:
        text += " Each was drawn for the class that is named below it."
    return Section("samples", "Samples", [text, Pictures(pictures)])


def _reconstructions(report, shown):
    pictures = [
        Picture(data_uri(pixels), f"{what} {number}", [(what, "", "")])
        for number, pair in enumerate(
            zip(shown.originals, shown.reconstructions, strict=True), 1
        )
        for what, pixels in zip(
            ("Original", "Reconstruction"), pair, strict=True
        )
    ]
    text = (
        f"{_held_out(len(shown.originals), report)}, each beside what the "
        "decoder made of its codes. "
        "What is lost here is lost in every sample, too."
    )
    return Section(
        "reconstructions", "Reconstructions", [text, Pictures(pictures)]
    )


def _held_out(number, report):
    how = "of each class in turn" if report.classes else "drawn at random"
    return f"{plural(number, 'held-out image')}, {how}"


def _levels(report):
    text = (
        "Usage is the share of the codes that occur in the training images, "
        "and perplexity the number of codes that are used alike in effect. "
        "The bits are those of one code of a held-out image: of the prior, of "
        "the entropy of the codes by themselves, and of a code of which "
        "nothing is known. A prior has learned something where its bits are "
        "below those of the entropy."
    )
    if len(report.levels) > 1:
        text += " history.csv has the epochs of a map by the name of its layer."
    heads = ["Map", "Codes", "Usage", "Perplexity", "Prior", "Entropy"]
    rows = [
        Row(
            [
                _map(level),
                f"{level.num_embeddings:,}",
                Cell(percent(level.usage), level.usage),
                f"{level.perplexity:.1f}",
                f"{level.bits_per_code:.3f}",
                f"{level.unigram_bits:.3f}",
                f"{level.uniform_bits:.3f}",
            ]
        )
        for level in report.levels
    ]
    table = Table(
        "Codebook and prior of each map of codes, the top one first",
        [*heads, "Uniform"],
        rows,
        what="maps",
    )
    return Section("codes", "Codes", [text, table])


def _codebooks(report, latents):
    for number, level in enumerate(report.levels, 1):
        codes = latents.codes[number - 1]
        shares = frequencies(codes, level.num_embeddings)
        order = (-shares).argsort(kind="stable")[:MOST_USED]
        rows = [
            Row([str(code), Cell(percent(shares[code]), shares[code])])
            for code in order.tolist()
        ]
        unused = int((shares == 0).sum())
        text = (
            f"The most frequent codes of the training images. {unused:,} of "
            f"{level.num_embeddings:,} codes do not occur."
        )
        table = Table("Codes by frequency", ["Code", "Share"], rows)
        title = f"Codebook{level.of_map}"
        yield Section(f"codebook{number}", title, [text, table])


def _map(level):
    size = " × ".join(map(str, level.shape))
    return f"{level.place}, {size}, {level.layer}" if level.place else size


def _curves(levels, histories):
    of_map = {level.prior: level.of_map for level in levels}
    for name, history in histories:
        drawn = curves(history, name)
        if drawn.items:
            yield Section(
                f"curves-{name}",
                f"How {name}{of_map.get(name, '')} learned",
                [_LOSSES[name.rstrip("123")], drawn],
            )


_LOSSES = {
    "autoencoder": "The squared error, divided by the variance of the pixels, "
    "and the commitment loss of the codes.",
    "prior": "The cross-entropy of a code, in nats.",
}


def _files(report):
    text = (
        "The halves for a phone. A file of the encoder is compared by the "
        "share of held-out codes that are those of the Keras model, one of the "
        "decoder by the largest difference. The PSNR is that of the whole "
        "chain with this file and the other half in Keras. Codes, PSNR and MSE "
        f"are those of {_held_out(report.files[0].images, report)}."
    )
    heads = ["File", "Agrees with Keras", "PSNR", "MSE", "Size", "Latency"]
    rows = [
        Row(
            [
                each.file,
                agreement(each),
                f"{each.psnr:.2f} dB",
                f"{each.mse:.4g}",
                size_text(each.bytes),
                f"{each.latency_ms:.3g} ms",
                str(each.partitions),
            ]
        )
        for each in report.files
    ]
    table = Table(
        "Agreement, error, size and latency of each file",
        [*heads, "Partitions"],
        rows,
        css="wide files",
        has_names=True,
        what="files",
    )
    return Section("files", "Files for a phone", [text, table])


def _skipped(skipped):
    if skipped:
        last = functools.partial(last_parts, parts=2)
        yield left_out([(last(file), reason) for file, reason in skipped])
