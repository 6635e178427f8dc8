"""The zoo's networks and training steps in PyTorch, as its users write them; for `training.py`.

    .bench/bin/python -m tests.bench.twins '{"model": "gan", "batch": 64, "side": 28}'

Imports PyTorch and NumPy only.  Speaks through `turns.worker`.
"""

import itertools
import json
import math
import sys

import torch
from torch import nn
from torch.nn import functional

from tests.bench.turns import worker


def scaled(units, side):
    """`zoo.networks.mlp.scaled`."""
    return min(units, 8 * math.ceil(units * side / 28 / 8))


class Maxout(nn.Module):
    def __init__(self, inputs, units, pieces):
        super().__init__()
        self.shape, self.affine = (units, pieces), nn.Linear(inputs, units * pieces)

    def forward(self, x):
        return self.affine(x).unflatten(1, self.shape).amax(-1)


def dense(widths, activation):
    """Linear layers with an activation between them."""
    layers = []
    for inputs, outputs in itertools.pairwise(widths):
        layers += [nn.Linear(inputs, outputs), activation()]
    return layers[:-1]


def adam(network, rate, betas):
    return torch.optim.Adam(network.parameters(), rate, betas)


def gan_step(generator, discriminator, draw, optimizers, batch):
    """Algorithm 1 of the GAN paper, from logits."""
    d_optimizer, g_optimizer = optimizers
    ones, zeros = torch.ones(batch, 1), torch.zeros(batch, 1)
    loss = functional.binary_cross_entropy_with_logits

    def step(x):
        with torch.no_grad():
            fakes = generator(draw())
        d_optimizer.zero_grad()
        d_loss = loss(discriminator(x), ones) + loss(discriminator(fakes), zeros)
        d_loss.backward()
        d_optimizer.step()
        g_optimizer.zero_grad()
        g_loss = loss(discriminator(generator(draw())), ones)
        g_loss.backward()
        g_optimizer.step()
        return d_loss, g_loss

    return step


def gan(batch, side, depth=2):
    wide, narrow, values = scaled(1200, side), scaled(240, side), side * side
    generator = nn.Sequential(
        *dense([100] + [wide] * depth + [values], nn.ReLU), nn.Sigmoid(),
        nn.Unflatten(1, (1, side, side)),
    )  # fmt: skip
    hidden = [nn.Flatten(), nn.Dropout(0.2), Maxout(values, narrow, 5)]
    for _ in range(depth - 1):
        hidden += [nn.Dropout(0.5), Maxout(narrow, narrow, 5)]
    discriminator = nn.Sequential(*hidden, nn.Dropout(0.5), nn.Linear(narrow, 1))
    optimizers = [adam(network, 2e-4, (0.5, 0.999)) for network in (discriminator, generator)]
    networks = [generator, discriminator]
    return networks, gan_step(*networks, lambda: torch.randn(batch, 100), optimizers, batch), 1


def dcgan_generator(side, latent, base):
    return nn.Sequential(
        nn.Linear(latent, 2 * base * (side // 4) ** 2, bias=False),
        nn.Unflatten(1, (2 * base, side // 4, side // 4)),
        nn.BatchNorm2d(2 * base), nn.ReLU(),
        nn.ConvTranspose2d(2 * base, base, 5, 2, 2, 1, bias=False),
        nn.BatchNorm2d(base), nn.ReLU(),
        nn.ConvTranspose2d(base, 1, 5, 2, 2, 1), nn.Tanh(),
    )  # fmt: skip


def dcgan_discriminator(side, base, norm, bias):
    return nn.Sequential(
        nn.Conv2d(1, base, 5, 2, 2), nn.LeakyReLU(0.2),
        nn.Conv2d(base, 2 * base, 5, 2, 2, bias=not norm),
        *([nn.BatchNorm2d(2 * base)] if norm else []), nn.LeakyReLU(0.2),
        nn.Flatten(), nn.Linear(2 * base * (side // 4) ** 2, 1, bias=bias),
    )  # fmt: skip


def dcgan(batch, side):
    base = max(32, 8 * math.ceil(128 * side / (64 * 8)))
    networks = [dcgan_generator(side, 100, base), dcgan_discriminator(side, base, True, True)]
    optimizers = [adam(network, 2e-4, (0.5, 0.999)) for network in reversed(networks)]
    draw = lambda: torch.rand(batch, 100) * 2 - 1  # noqa: E731
    return networks, gan_step(*networks, draw, optimizers, batch), 1


def dense_critic(side, depth, latent):
    values, wide = side * side, scaled(512, side)
    generator = nn.Sequential(
        *dense([latent] + [wide] * depth + [values], nn.ReLU), nn.Sigmoid(),
        nn.Unflatten(1, (1, side, side)),
    )  # fmt: skip
    hidden = dense([values] + [wide] * depth, nn.ReLU)
    critic = nn.Sequential(nn.Flatten(), *hidden, nn.ReLU(), nn.Linear(wide, 1, bias=False))
    return [generator, critic]


class Residual(nn.Module):
    """A pre-activation block, see `zoo.networks.resnet`."""

    def __init__(self, inputs, outputs, resample, norm, preactivate=True):
        super().__init__()
        up = [nn.Upsample(scale_factor=2)] if resample == "up" else []
        down = [nn.AvgPool2d(2)] if resample == "down" else []
        normed = lambda n: [nn.BatchNorm2d(n)] if norm else []  # noqa: E731
        before = [*normed(inputs), nn.ReLU()] if preactivate else []
        self.residual = nn.Sequential(
            *before, *up, nn.Conv2d(inputs, outputs, 3, padding=1),
            *normed(outputs), nn.ReLU(), nn.Conv2d(outputs, outputs, 3, padding=1), *down,
        )  # fmt: skip
        widen = [nn.Conv2d(inputs, outputs, 1)]
        way = [*widen, *down] if preactivate else [*down, *widen]
        plain = resample == "none" and inputs == outputs
        self.shortcut = nn.Identity() if plain else nn.Sequential(*up, *way)

    def forward(self, x):
        return self.shortcut(x) + self.residual(x)


class Pooled(nn.Module):
    def forward(self, x):
        return functional.relu(x).mean((2, 3))


def residual_networks(side):
    width = 64 if side >= 16 else 32
    generator = nn.Sequential(
        nn.Linear(128, width * (side // 4) ** 2), nn.Unflatten(1, (width, side // 4, side // 4)),
        Residual(width, width, "up", True), Residual(width, width, "up", True),
        nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, 1, 3, padding=1), nn.Tanh(),
    )  # fmt: skip
    critic = nn.Sequential(
        Residual(1, width, "down", False, preactivate=False),
        Residual(width, width, "none", False), Residual(width, width, "none", False),
        Pooled(), nn.Linear(width, 1, bias=False),
    )  # fmt: skip
    return [generator, critic]


def wasserstein(batch, networks, optimizers, penalty=0.0, clip=0.0, n_critic=5, latent=128):
    """Algorithm 1 of WGAN and of WGAN-GP."""
    generator, critic = networks
    c_optimizer, g_optimizer = optimizers
    draw = lambda: torch.randn(batch, latent)  # noqa: E731

    def penalized(real, fake):
        alpha = torch.rand(batch, 1, 1, 1)
        between = (alpha * real + (1 - alpha) * fake).requires_grad_()
        (gradient,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
        return ((gradient.flatten(1).square().sum(1) + 1e-12).sqrt() - 1).square().mean()

    def step(blocks):
        for x in blocks:
            with torch.no_grad():
                fakes = generator(draw())
            c_optimizer.zero_grad()
            c_loss = critic(fakes).mean() - critic(x).mean()
            if penalty:
                c_loss = c_loss + penalty * penalized(x, fakes)
            c_loss.backward()
            c_optimizer.step()
            if clip:
                with torch.no_grad():
                    for weight in critic.parameters():
                        weight.clamp_(-clip, clip)
        g_optimizer.zero_grad()
        g_loss = -critic(generator(draw())).mean()
        g_loss.backward()
        g_optimizer.step()
        return c_loss, g_loss

    return networks, step, n_critic


def wgan(batch, side, depth=4):
    networks = dense_critic(side, depth, 100)
    optimizers = [torch.optim.RMSprop(n.parameters(), 5e-5, 0.9) for n in reversed(networks)]
    return wasserstein(batch, networks, optimizers, clip=0.01, latent=100)


def wgan_gp(batch, side, network="mlp", depth=3):
    if network == "mlp":
        networks = dense_critic(side, depth, 128)
    elif network == "resnet":
        networks = residual_networks(side)
    else:
        base = max(32, 8 * math.ceil(128 * side / (64 * 8)))
        networks = [
            dcgan_generator(side, 128, base),
            dcgan_discriminator(side, base, False, False),
        ]
    optimizers = [adam(n, 1e-4, (0.0, 0.9)) for n in reversed(networks)]
    return wasserstein(batch, networks, optimizers, penalty=10.0)


def vae(batch, side, depth=1):
    wide, values = scaled(500, side), side * side
    encoder = nn.Sequential(nn.Flatten(), *dense([values] + [wide] * depth + [40], nn.Tanh))
    decoder = nn.Sequential(*dense([20] + [wide] * depth + [values], nn.Tanh))
    optimizer = torch.optim.Adagrad([*encoder.parameters(), *decoder.parameters()], 0.02)

    def step(x):
        optimizer.zero_grad()
        mean, log_variance = encoder(x).chunk(2, 1)
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        reconstruction = functional.binary_cross_entropy_with_logits(
            decoder(z), x.flatten(1), reduction="sum"
        )
        kl = 0.5 * (mean.square() + log_variance.exp() - log_variance - 1).sum()
        loss = (reconstruction + kl) / batch
        loss.backward()
        optimizer.step()
        return loss, kl

    return [encoder, decoder], step, 1


class Masked(nn.Conv2d):
    """A convolution whose kernel is multiplied by mask A or B in each pass; one color."""

    def __init__(self, inputs, outputs, size, mask="B"):
        super().__init__(inputs, outputs, size, padding=tuple(n // 2 for n in size))
        rows, columns = size
        seen = torch.ones(size)
        seen[rows // 2, columns // 2 + (mask == "B") :] = 0
        seen[rows // 2 + 1 :] = 0
        self.register_buffer("mask", seen)

    def forward(self, x):
        return self._conv_forward(x, self.weight * self.mask, self.bias)


class ConvBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReLU(), nn.Conv2d(2 * channels, channels, 1),
            nn.ReLU(), Masked(channels, channels, (3, 3)),
            nn.ReLU(), nn.Conv2d(channels, 2 * channels, 1),
        )  # fmt: skip

    def forward(self, x):
        return x + self.layers(x)


def lstm(gates, cell):
    """`zoo.networks.recurrent.lstm`; the gates lie along axis 1."""
    opening, content = gates.split([3 * cell.shape[1], cell.shape[1]], 1)
    output, forget, entry = torch.sigmoid(opening).chunk(3, 1)
    cell = forget * cell + entry * torch.tanh(content)
    return output * torch.tanh(cell), cell


class RowBlock(nn.Module):
    """A Row LSTM layer: a loop over the rows, a 1-D convolution from state to state."""

    def __init__(self, channels):
        super().__init__()
        self.channels = channels
        self.input_to_state = Masked(2 * channels, 4 * channels, (1, 3))
        self.state_to_state = nn.Conv1d(channels, 4 * channels, 3, padding=1, bias=False)
        self.first_state = nn.Parameter(torch.zeros(2, channels, 1))
        self.widen = nn.Conv2d(channels, 2 * channels, 1)

    def forward(self, x):
        gates = self.input_to_state(x)
        hidden, cell = (s.expand(x.shape[0], -1, x.shape[3]) for s in self.first_state)
        states = []
        for row in gates.unbind(2):
            hidden, cell = lstm(row + self.state_to_state(hidden), cell)
            states.append(hidden)
        return x + self.widen(torch.stack(states, 2))


class DiagonalBlock(nn.Module):
    """A Diagonal BiLSTM layer: skewed maps, a loop over the columns, a 2x1 convolution from state
    to state; for each of both ways."""

    def __init__(self, channels):
        super().__init__()
        self.input_to_state = nn.ModuleList(
            nn.Conv2d(2 * channels, 4 * channels, 1) for _ in range(2)
        )
        self.state_to_state = nn.ModuleList(
            nn.Conv1d(channels, 4 * channels, 2, bias=False) for _ in range(2)
        )
        self.first_state = nn.Parameter(torch.zeros(2, 2, channels, 1))
        self.widen = nn.Conv2d(channels, 2 * channels, 1)

    def way(self, number, x):
        gates = self.input_to_state[number](x)
        batch, features, height, width = gates.shape
        skewed = functional.pad(gates, (0, height)).flatten(2)[..., :-height]
        skewed = skewed.view(batch, features, height, width + height - 1)
        first, cell = (s.expand(batch, -1, height) for s in self.first_state[number])
        hidden, states = first, []
        for column in skewed.unbind(3):
            above = torch.cat([first[..., :1], hidden], 2)
            hidden, cell = lstm(column + self.state_to_state[number](above), cell)
            states.append(hidden)
        states = functional.pad(torch.stack(states, 3).flatten(2), (0, height))
        return states.view(batch, -1, height, width + height)[..., :width]

    def forward(self, x):
        left, right = self.way(0, x), self.way(1, x.flip(3)).flip(3)
        return x + self.widen(left + functional.pad(right, (0, 0, 1, 0))[:, :, :-1])


def pixelwise(block, blocks, optimizer_of):
    def build(batch, side, depth=blocks, channels=32, ends=32):
        ending = []
        for inputs, outputs in ((2 * channels, ends), (ends, ends), (ends, 1)):
            ending += [nn.ReLU(), nn.Conv2d(inputs, outputs, 1)]
        first = Masked(1, 2 * channels, (7, 7), "A")
        network = nn.Sequential(first, *(block(channels) for _ in range(depth)), *ending)
        optimizer = optimizer_of(network.parameters())

        def step(x):
            optimizer.zero_grad()
            nats = functional.binary_cross_entropy_with_logits(network(2 * x - 1), x)
            nats.backward()
            optimizer.step()
            return nats, nats

        return [network], step, 1

    return build


def rmsprop(parameters):
    return torch.optim.RMSprop(parameters, 1e-3, 0.9)


MODELS = {
    "gan": gan, "dcgan": dcgan, "wgan": wgan, "wgan_gp": wgan_gp, "vae": vae,
    "pixelcnn": pixelwise(ConvBlock, 7, rmsprop), "row_lstm": pixelwise(RowBlock, 3, rmsprop),
    "diagonal_bilstm": pixelwise(DiagonalBlock, 1, rmsprop),
}  # fmt: skip
BINARY = ("pixelcnn", "row_lstm", "diagonal_bilstm")


def weights(networks):
    """How many numbers are trained, less those that a mask hides."""
    count = sum(p.numel() for network in networks for p in network.parameters())
    for network in networks:
        for module in network.modules():
            if isinstance(module, Masked):
                hidden = module.mask.numel() - int(module.mask.sum())
                count -= hidden * module.in_channels * module.out_channels
    return count


def main():
    case = json.loads(sys.argv[1])
    model, batch, side = case.pop("model"), case["batch"], case["side"]
    torch.manual_seed(0)
    networks, step, blocks = MODELS[model](**case)
    pictures = torch.rand(2000, 1, side, side)
    if model in BINARY:
        pictures = (pictures > 0.5).float()

    def run(steps):
        for _ in range(steps):
            x = pictures[torch.randint(len(pictures), (blocks * batch,))]
            logs = step(x.chunk(blocks) if blocks > 1 else x)
        return [float(value.detach()) for value in logs]

    worker(run, weights(networks))


if __name__ == "__main__":
    main()
