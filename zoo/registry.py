"""Every model of the zoo by name; its module is imported when it is first asked for.

Adding a model is one file and one line here: flags, tests, exports and the catalog iterate this
table.
"""

import dataclasses
import importlib

from zoo.config import UserError, nearest, override
from zoo.data.spec import DataOptions


@dataclasses.dataclass(frozen=True)
class Entry:
    """Where a model lives, which paper it is from (an arXiv number, or a name and a `url`), and
    what data it draws where none is named."""

    module: str
    title: str
    paper: str
    url: str = ""
    dataset: str = "digits"

    @property
    def link(self):
        """The paper's address."""
        return self.url or f"https://arxiv.org/abs/{self.paper}"


MODELS = {
    "gan": Entry("zoo.adversarial.gan", "Generative adversarial network", "1406.2661"),
    "cgan": Entry("zoo.adversarial.cgan", "Conditional GAN", "1411.1784"),
    "dcgan": Entry("zoo.adversarial.dcgan", "Deep convolutional GAN", "1511.06434"),
    "wgan": Entry("zoo.adversarial.wgan", "Wasserstein GAN", "1701.07875"),
    "wgan_gp": Entry("zoo.adversarial.wgan_gp", "WGAN with gradient penalty", "1704.00028"),
    "acgan": Entry("zoo.adversarial.acgan", "Auxiliary classifier GAN", "1610.09585"),
    "began": Entry("zoo.adversarial.began", "Boundary equilibrium GAN", "1703.10717"),
    "infogan": Entry("zoo.adversarial.infogan", "InfoGAN", "1606.03657"),
    "lsgan": Entry("zoo.adversarial.lsgan", "Least squares GAN", "1611.04076"),
    "dragan": Entry("zoo.adversarial.dragan", "Deep regret analytic GAN", "1705.07215"),
    "ebgan": Entry("zoo.adversarial.ebgan", "Energy-based GAN", "1609.03126"),
    "sngan": Entry("zoo.adversarial.sngan", "Spectrally normalized GAN", "1802.05957"),
    "text_wgan_gp": Entry(
        "zoo.adversarial.text_wgan_gp",
        "WGAN with gradient penalty, of text",
        "1704.00028",
        dataset="surnames",
    ),
    "pixelcnn": Entry("zoo.autoregressive.pixelcnn", "PixelCNN", "1601.06759"),
    "row_lstm": Entry("zoo.autoregressive.row_lstm", "PixelRNN, Row LSTM", "1601.06759"),
    "diagonal_bilstm": Entry(
        "zoo.autoregressive.diagonal_bilstm", "PixelRNN, Diagonal BiLSTM", "1601.06759"
    ),
    "multi_scale": Entry("zoo.autoregressive.multi_scale", "Multi-scale PixelRNN", "1601.06759"),
    "vae": Entry("zoo.variational.vae", "Variational auto-encoder", "1312.6114"),
    "cvae": Entry(
        "zoo.variational.cvae",
        "Conditional variational auto-encoder",
        "NIPS 2015, 5775",
        "https://papers.nips.cc/paper/5775-learning-structured-output-representation-using-deep-conditional-generative-models",
    ),
    "cppn_gan_vae": Entry(
        "zoo.variational.cppn_gan_vae",
        "Pattern-producing GAN and VAE",
        "otoro 2016",
        "https://blog.otoro.net/2016/04/01/generating-large-images-from-latent-vectors/",
    ),
}


def names():
    """Returns the models' names."""
    return list(MODELS)


def check(name):
    """Raises `UserError` naming the nearest models unless `name` is one."""
    if name not in MODELS:
        raise UserError(f"unknown model {name!r}: {nearest(name, MODELS)}.")


def data_options(name, words=None):
    """Returns the `DataOptions` of a model: its paper's `DATA`, under `words` (key -> value)."""
    return override(DataOptions(), getattr(module(name), "DATA", {}) | (words or {}))


def defaults(name):
    """Returns part of a run's settings -> its defaults: ``config`` and ``data`` of a model."""
    return {"config": module(name).Config(), "data": data_options(name)}


def module(name):
    """Returns the model's module, with its `Config` and `build`."""
    check(name)
    return importlib.import_module(MODELS[name].module)
