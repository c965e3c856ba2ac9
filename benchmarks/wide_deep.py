"""TabTransformer of pytorch-widedeep, for comparisons.

    pip install torch pytorch-widedeep

Of the sizes of the paper: vectors of 32, 8 heads, 6 layers, and an MLP whose
hidden layers are 4 and 2 times as wide as its input. The rest is as
pytorch-widedeep has it.
"""

import numpy as np

PREDICTED = 1024  # rows of a batch


class WideDeep:
    """Trains it; `tables.fit` calls its methods.

    Args:
        cardinalities: Dict of the levels of the categorical columns.
        numeric: Names of the numeric columns.
        settings: How it is trained.
        seed: Int. Of its weights and dropout.
    """

    def __init__(self, cardinalities, numeric, settings, seed):
        import torch
        from pytorch_widedeep import models

        torch.set_num_threads(1)
        torch.manual_seed(seed)
        names = [*cardinalities, *numeric]
        width = 32 * len(cardinalities) + len(numeric)
        transformer = models.TabTransformer(
            {name: place for place, name in enumerate(names)},
            cat_embed_input=list(cardinalities.items()),
            continuous_cols=list(numeric),
            n_blocks=6,
            mlp_hidden_dims=[4 * width, 2 * width],
        )
        self.torch = torch
        self.model = models.WideDeep(deeptabular=transformer)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(),
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
        )
        self.loss = torch.nn.BCEWithLogitsLoss()

    def set_rate(self, rate):
        """Sets the learning rate of the next steps."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def step(self, part):
        """Trains on a batch."""
        self.model.train()
        self.optimizer.zero_grad()
        labels = self.torch.from_numpy(part.labels.astype("float32"))
        self.loss(self._logits(part), labels).backward()
        self.optimizer.step()

    def predict(self, part):
        """Returns the logits of rows."""
        self.model.eval()
        with self.torch.no_grad():
            return np.concatenate(
                [
                    self._logits(part.take(slice(at, at + PREDICTED)))
                    for at in range(0, len(part.labels), PREDICTED)
                ]
            )

    def _logits(self, part):
        # Its id 0 is that of levels that were not seen.
        columns = np.hstack([part.ids + 1, part.numbers]).astype("float32")
        rows = {"deeptabular": self.torch.from_numpy(columns)}
        return self.model(rows)[:, 0]

    def weights(self):
        """Returns a copy of the weights."""
        return {k: v.clone() for k, v in self.model.state_dict().items()}

    def load(self, weights):
        """Sets the weights."""
        self.model.load_state_dict(weights)
