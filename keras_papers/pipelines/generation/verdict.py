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
    found, changes = [], {}
    is_poor = report.relative_mse > POOR
    if is_poor:
        text = (
            f"the error is {report.relative_mse:.0%} of the variance of the "
            "pixels, and 100% would be that of one mean color; train longer"
        )
        found.append(("poor pictures", text))
        changes["epochs"] = 4 * options.epochs
    # All maps have a codebook of the same size.
    fewer = max(_enough_codes(level) for level in report.levels)
    for level in report.levels:
        # How the codes of a poor autoencoder are used says little.
        if level.usage < UNUSED and not is_poor:
            text = (
                f"{_used(level):,} of {level.num_embeddings:,} codes"
                f"{level.of_map} occur in the training images"
            )
            if fewer < level.num_embeddings:
                text += "; fewer codes make smaller files"
                changes["num_embeddings"] = fewer
            found.append(("unused codes", text))
        if level.bits_per_code >= level.unigram_bits:
            text = (
                f"a code{level.of_map} takes {level.prior} "
                f"{level.bits_per_code:.3f} bits, and "
                f"{level.unigram_bits:.3f} by the frequencies of the codes "
                "alone; more images or epochs would help"
            )
            found.append(("weak prior", text))
            changes["prior_epochs"] = 4 * options.prior_epochs
    if found:
        # One command, as each is a training in an output of its own.
        again = command(**changes) if changes else None
        return [Finding(about, text, again) for about, text in found]
    text = (
        "the codes are used, and the prior has learned their order; what is "
        "lost in the reconstructions is lost in the samples, too"
    )
    return [Finding(NOTHING, text, None)]


def _used(level):
    return round(level.usage * level.num_embeddings)


def _enough_codes(level):
    """Returns the least power of two of codes that would hold those used."""
    return max(FEWEST_CODES, 1 << (_used(level) - 1).bit_length())
