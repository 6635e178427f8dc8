"""The face of the commands: flags in, one call, and one sentence for a user's mistake."""

import functools
import sys

from absl import app, flags, logging

from zoo.config import UserError, describe, nearest
from zoo.data.spec import DataOptions
from zoo.interruption import Stopped

_PREFIXES = ("config", "data")
_overrides = {prefix: {} for prefix in _PREFIXES}


def command(define_flags=lambda: None):
    """Makes a module's `main` its command: called with no argument, it parses the flags and exits
    0, or 2 with one sentence for a user's mistake or a file that cannot be read or written, or 130
    at Ctrl-C, 143 at a SIGTERM that `main` listens to.  Any other error keeps its traceback.

    Args:
        define_flags: defines the flags of the command.  It is called when the command runs and not
            at an import, so that a program may import several commands, whose flags share names.
    """
    return lambda main: functools.wraps(main)(lambda: _run(main, define_flags))


def _run(main, define_flags):
    before = set(flags.FLAGS)
    define_flags()
    own = sorted(set(flags.FLAGS) - before)
    logging.set_verbosity(logging.WARNING)  # checkpoints log a line at INFO for every save
    try:
        app.run(lambda _: main(), flags_parser=lambda argv: _parse(argv, main, own))
    except UserError as error:
        _stop(error, 2)
    except Stopped as stopped:
        _stop(stopped, stopped.status)
    except KeyboardInterrupt:
        _stop("stopped.", 130)


def overrides(prefix):
    """Returns key -> text of the ``--PREFIX.KEY=VALUE`` words on the command line."""
    return _overrides[prefix]


def _stop(message, status):
    print(f"zoo: {message}", file=sys.stderr)
    sys.exit(status)


def _parse(argv, main, own):
    """Takes ``--config.KEY=VALUE`` words out, hands absl the rest."""
    if any(word in ("--help", "-h", "-help", "--helpshort", "--helpfull") for word in argv[1:]):
        _help(argv, main, own)
        sys.exit(0)
    rest = [argv[0]]
    for word in argv[1:]:
        prefix, dot, setting = word.lstrip("-").partition(".")
        if _has_settings(own) and word.startswith("--") and dot and prefix in _PREFIXES:
            key, equals, value = setting.partition("=")
            if not equals:
                raise UserError(f"write {word}=VALUE, with an equals sign.")
            _overrides[prefix][key] = value
        else:
            rest.append(word)
    try:
        left = flags.FLAGS(rest)
    except flags.UnrecognizedFlagError as error:
        raise UserError(f"unknown flag --{error.flagname}: {nearest(error.flagname, own)}.")
    except flags.Error as error:
        raise UserError(" ".join(str(error).replace("flag --", "--").split()).rstrip(".") + ".")
    if len(left) > 1:
        raise UserError(f"{left[1]!r} is no flag: flags are written --name=value.")
    return left


def _has_settings(own):
    """Whether this command takes ``--config.KEY`` and ``--data.KEY``: the one that trains."""
    return "recipe" in own


def _help(argv, main, own):
    print(main.__globals__["__doc__"].strip() + "\n\nFlags:")
    for name in own:
        flag = flags.FLAGS[name]
        default = "" if flag.default is None else f" (default {flag.default})"
        print(f"  --{name}: {flag.help}{default}")
    if not _has_settings(own):
        return
    model = next((w.split("=", 1)[1] for w in argv if w.startswith("--model=")), None)
    if model is None:
        print("\nA model's own settings, --config.KEY=VALUE: add --model=NAME to this command.")
    else:
        from zoo import registry

        registry.check(model)
        print(f"\nSettings of {model}, --config.KEY=VALUE:")
        for line in describe(registry.module(model).Config):
            print("  --config." + line)
    print("\nHow pictures are prepared, --data.KEY=VALUE:")
    for line in describe(DataOptions):
        print("  --data." + line)
