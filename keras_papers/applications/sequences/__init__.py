"""Models that translate sequences of tokens, and how to decode with them."""

from keras_papers.applications.sequences.attention_seq2seq import (
    AttentionSeq2Seq as AttentionSeq2Seq,
)
from keras_papers.applications.sequences.tokens import (
    translation_examples as translation_examples,
)
from keras_papers.applications.sequences.translation import (
    Translations as Translations,
)
from keras_papers.applications.sequences.translation import (
    translate as translate,
)
