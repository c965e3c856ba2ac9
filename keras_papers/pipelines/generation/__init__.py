"""A folder of pictures to an autoencoder with codes, a prior and samples."""
