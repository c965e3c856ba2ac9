"""What stands out of a generator's training, and what to try next."""

from keras_papers.pipelines.generation.options import FEWEST_CODES
from keras_papers.pipelines.report.finding import NOTHING, Finding

POOR = 0.5  # MSE / variance of the pixels; 1 is that of the mean image
UNUSED = 0.5  # share of the codes


def of_training(report, options, command):
    """Returns the findings of a training.

    Args:
        report: The `GenerationReport`.
        options: The `GenerateOptions`.
        command: Function from changed options to the command line.

    Returns:
        List of `Finding`.
    """
    found = []
    if report.relative_mse > POOR:
        text = (
            f"the error is {report.relative_mse:.0%} of the variance of the "
            "pixels, and 100% would be that of one mean color; train longer"
        )
        found.append(
            Finding("poor pictures", text, command(epochs=4 * options.epochs))
        )
    for number, level in enumerate(report.levels, 1):
        of_map = f" of map {number}" if len(report.levels) > 1 else ""
        if level.usage < UNUSED:
            used = round(level.usage * level.num_embeddings)
            fewer = max(FEWEST_CODES, 1 << (used - 1).bit_length())
            text = (
                f"{used:,} of {level.num_embeddings:,} codes{of_map} occur in "
                "the training images; fewer codes make smaller files"
            )
            found.append(
                Finding("unused codes", text, command(num_embeddings=fewer))
            )
        if level.bits_per_code >= level.unigram_bits:
            text = (
                f"a code{of_map} takes the prior {level.bits_per_code:.3f} "
                f"bits, and {level.unigram_bits:.3f} by the frequencies of the "
                "codes alone; more images or epochs would help"
            )
            found.append(
                Finding(
                    "weak prior",
                    text,
                    command(prior_epochs=4 * options.prior_epochs),
                )
            )
    if found:
        return found
    text = (
        "the codes are used, and the prior has learned their order; what is "
        "lost in the reconstructions is lost in the samples, too"
    )
    return [Finding(NOTHING, text, None)]
