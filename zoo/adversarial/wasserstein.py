"""What the clipping and the penalty loop share: a critic, a generator, the estimate they report.

The estimate of the Wasserstein distance is E[f(real)] - E[f(fake)], up to the critic's Lipschitz
constant: positive while the critic tells real from fake, and falling as the generator gets better
(Arjovsky et al. 2017, arXiv:1701.07875, section 4.2).
"""

import dataclasses

import tensorflow as tf

from zoo.config import Common, UserError, setting
from zoo.networks import mlp
from zoo.networks.initial import Initial
from zoo.training import optimizers
from zoo.training.model import GenerativeModel


@dataclasses.dataclass(frozen=True)
class Config(Common):
    """The settings of both loops."""

    latent: int = setting(100, "size of z ~ N(0, I)", low=1)
    network: str = setting("mlp", "of both players", choices=("mlp", "dcgan"))
    hidden: tuple = setting(
        (512, 512, 512, 512), "ReLU layers of both MLPs, at MNIST's size", low=1
    )
    channels: int = setting(128, "of the DCGAN networks next to a 64x64 picture", low=1)
    generator_norm: str = setting(
        "batch", "of the convolutional generators", choices=("batch", "none")
    )
    critic_norm: str = setting("batch", "of the convolutional critic", choices=("batch", "none"))
    n_critic: int = setting(5, "critic steps for one of the generator", low=1, high=25)
    optimizer: str = setting("rmsprop", "of both players", choices=optimizers.NAMES)
    learning_rate: float = setting(5e-5, "of both players", above=0)
    decay_steps: int = setting(
        0, "steps, each moving both players, over which the rate falls linearly to 0, as for "
        "WGAN-GP's ResNet; 0: it stays",
        low=0,
    )  # fmt: skip
    beta_1: float = setting(0.0, "Adam's, or SGD's momentum", low=0, high=0.9999)
    beta_2: float = setting(0.9, "Adam's", low=0, high=0.99999)


class Wasserstein(GenerativeModel):
    """A critic and a generator; the loops, `wgan` and `wgan_gp`, give `networks`, `train_step`."""

    kinds = ("images", "points")
    metric_names = ("wasserstein", "g_loss")

    def __init__(self, config, data_spec):
        super().__init__(config, data_spec)
        if config.network != "mlp" and data_spec.kind != "images":
            raise UserError(
                f"the {config.network} networks draw pictures, and {data_spec.name!r} has none: "
                "pass --config.network=mlp."
            )
        self.blocks_per_step = config.n_critic
        self.generator, self.critic = self.networks(Initial(config.seed, config.precision))
        self.built = True

    def dense_networks(self, initial):
        """Returns (generator, critic) of `hidden` ReLU layers each."""
        config, spec = self.config, self.data_spec
        widths = [mlp.scaled(units, spec) for units in config.hidden]
        return (
            mlp.Generator(spec, config.latent, widths, initial, "he_uniform"),
            mlp.Critic(spec, widths, initial),
        )

    def compile(self, critic_optimizer, generator_optimizer, **kwargs):
        """See `GenerativeModel.compile`; both optimisers are built here."""
        super().compile(**kwargs)
        self.critic_optimizer = self.adopt(critic_optimizer, self.critic.trainable_variables)
        self.generator_optimizer = self.adopt(
            generator_optimizer, self.generator.trainable_variables
        )

    def players(self):
        """The critic and the generator."""
        return {
            "critic": (self.critic.trainable_variables, self.critic_optimizer),
            "generator": (self.generator.trainable_variables, self.generator_optimizer),
        }

    def test_step(self, data):
        """The critic's estimate E[f(real)] - E[f(fake)] and the generator's loss, per example."""
        batch = self.batch(data)
        real = self.critic(batch.x)
        fake = self.critic(self.generator(self.latents(self.evaluation_noise(batch))))
        return {"wasserstein": real - fake, "g_loss": -fake}

    def generate(self, latents, condition=None):
        """g(z); with its moving averages where the run keeps them."""
        with self.averages(self.generator_optimizer):
            return self.data_spec.to_unit(self.generator(latents))

    def score(self, x):
        """The critic's value of each example [B]."""
        return self.critic(x)

    def diagnose(self, batch):
        """Figure 1 of the WGAN-GP paper: how far the critic's gradient carries, and its weights.

        Returns the mean over real and generated examples of ‖∂f(x)/∂h‖, h the activations of each
        layer of the critic for that example, first to last; and the critic's kernels.
        """
        fakes = self.generator(self.latents(self.evaluation_noise(batch)))
        with tf.GradientTape() as tape:
            real, fake = (self.critic.activations(x) for x in (batch.x, fakes))
            values = tf.reduce_sum(real[-1]) + tf.reduce_sum(fake[-1])
        # Examples do not mix here: each one's part of the sum has its own gradient.
        gradients = tape.gradient(values, [*zip(real[:-1], fake[:-1], strict=True)])
        weight = batch.weight / tf.reduce_sum(batch.weight)
        norms = {
            f"gradient_norm/{i}": sum(
                tf.reduce_sum(weight * tf.norm(_rows(g), axis=1))
                for g in pair
            ) / 2
            for i, pair in enumerate(gradients, start=1)
        }  # fmt: skip
        kernels = [w for w in self.critic.trainable_variables if w.path.endswith("kernel")]
        return norms, {"critic_weights": tf.concat([tf.reshape(w, [-1]) for w in kernels], axis=0)}


def _rows(gradient):
    """[B, …] of any precision -> float32 [B, n]."""
    return tf.cast(tf.reshape(gradient, [tf.shape(gradient)[0], -1]), tf.float32)


def compiled(model, **compile_options):
    """Compiles a model with the optimisers that its config names, and returns it."""
    config = model.config

    def optimizer(updates, ema=0.0):
        rate = optimizers.falling(config.learning_rate, updates * config.decay_steps)
        return optimizers.optimizer(config.optimizer, rate, ema, config.beta_1, config.beta_2)

    model.compile(optimizer(config.n_critic), optimizer(1, config.ema), **compile_options)
    return model
