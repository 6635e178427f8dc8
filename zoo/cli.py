"""The face of the commands: flags in, one call, and one sentence for a user's mistake."""

import contextlib
import functools
import re
import sys

from absl import app, flags, logging
from absl.testing import flagsaver

from zoo.config import UserError, describe, nearest
from zoo.data.spec import DataOptions
from zoo.interruption import Stopped
from zoo.startup import float32_products_kept, start_tensorflow

_SETTING = re.compile(r"--?((?:config|data)\.[^=]+)(?:=.*)?", re.DOTALL)
_HELP = ("--help", "-h", "-help", "--helpshort", "--helpfull")


def command(define_flags=lambda: None):
    """Makes a module's `main` its command, ``main(argv=None)``.

    Without an argument it is the command line's: it parses `sys.argv` and exits 0, or 2 with one
    sentence for a user's mistake or a file that cannot be read or written, or 130 at Ctrl-C, 143 at
    a SIGTERM that `main` listens to.  Any other error keeps its traceback.

    With the flags as a list, e.g. ``["--model=gan"]``, it is a function for notebooks and programs:
    it returns None when it is done, raises what goes wrong, and leaves absl's flags as they were.

    Args:
        define_flags: defines the flags of the command.  It is called when the command runs and not
            at an import, so that a program may import several commands, whose flags share names.
    """

    def decorated(main):
        @functools.wraps(main)
        def run(argv=None):
            with _defined(define_flags) as own:
                if argv is None:
                    _from_command_line(main, own)
                else:
                    _from_program(main, own, argv)

        del run.__wrapped__  # `help` shows this signature
        return run

    return decorated


def overrides(prefix):
    """Returns key -> text of the flags ``--PREFIX.KEY=VALUE`` that were given."""
    begin = f"{prefix}."
    given = (name for name in flags.FLAGS if name.startswith(begin) and flags.FLAGS[name].present)
    return {name.removeprefix(begin): flags.FLAGS[name].value for name in given}


@contextlib.contextmanager
def _defined(define_flags):
    """A scope in which the flags of a command are defined; gives their names.

    Flags of the calling program that have the same names are away as long.
    """
    programs = {
        name: flags.FLAGS[name]
        for name in flags.FLAGS
        if not flags.FLAGS.find_module_defining_flag(name, "").startswith("absl.")
    }
    for name in programs:
        delattr(flags.FLAGS, name)
    try:
        with flagsaver.flagsaver():
            before = set(flags.FLAGS)
            define_flags()
            own = sorted(set(flags.FLAGS) - before)
            for name in programs.keys() - own:
                flags.FLAGS[name] = programs[name]
            logging.set_verbosity(logging.WARNING)  # checkpoints log a line at INFO for every save
            yield own
    finally:
        for name, flag in programs.items():
            flags.FLAGS[name] = flag


def _from_command_line(main, own):
    # `app.run` passes on what the parser returns: nothing where it printed the help.
    try:
        app.run(
            lambda parsed: main() if parsed else None,
            flags_parser=lambda argv: _parse(argv, main, own),
        )
    except UserError as error:
        _stop(error, 2)
    except Stopped as stopped:
        _stop(stopped, stopped.status)
    except KeyboardInterrupt:
        _stop("stopped.", 130)


def _from_program(main, own, argv):
    if isinstance(argv, str):
        raise UserError(f"give the flags as a list: main([{argv!r}]).")
    with float32_products_kept():
        if _parse([main.__module__, *map(str, argv)], main, own):
            main()


def _stop(message, status):
    print(f"zoo: {message}", file=sys.stderr)
    sys.exit(status)


def _parse(argv, main, own):
    """Parses the flags and returns True, or prints the help that is asked for and returns False."""
    program, *words = argv
    try:
        words = flags.FLAGS.read_flags_from_files(words)
        if _has_settings(own):
            _define_settings(words)
        rest = [word for word in words if word not in _HELP]
        if rest != words:
            flags.FLAGS([program, *rest], known_only=True)
            _help(main, own)
            return False
        left = flags.FLAGS([program, *words])
    except flags.UnrecognizedFlagError as error:
        raise UserError(f"unknown flag --{error.flagname}: {nearest(error.flagname, own)}.")
    except flags.Error as error:
        said = str(error).removeprefix("ERROR:: ").replace("flag --", "--")
        raise UserError(" ".join(said.split()).rstrip(".") + ".")
    except UnicodeDecodeError as error:
        raise UserError(f"a --flagfile is not a text file in {error.encoding}: save it as one.")
    if len(left) > 1:
        raise UserError(f"{left[1]!r} is no flag: flags are written --name=value.")
    return True


def _has_settings(own):
    """Whether this command takes ``--config.KEY`` and ``--data.KEY``: the one that trains."""
    return "recipe" in own


def _define_settings(words):
    """Defines each ``--config.KEY`` and ``--data.KEY`` among the words as a flag.

    Which ones there are is known when the model's module is imported, which takes seconds; a
    misspelled one is refused then.
    """
    for name in {match[1] for match in map(_SETTING.fullmatch, words) if match}:
        flags.DEFINE(_Setting(name), name, None, "a setting", flags.FLAGS)


class _Setting(flags.ArgumentParser):
    """Keeps a setting's text; absl would take a flag that follows a bare ``--config.KEY`` as its
    value."""

    def __init__(self, name):
        self._name = name

    def parse(self, argument):
        if argument.startswith("--"):
            raise ValueError(f"write --{self._name}=VALUE")
        return argument


def _help(main, own):
    module = main.__globals__
    # Python removes docstrings at -OO.
    about = module["__doc__"] or f"python -m {module['__spec__'].name} --FLAG=VALUE"
    print(about.strip() + "\n\nFlags:")
    for name in own:
        flag = flags.FLAGS[name]
        default = "" if flag.default is None else f" (default {flag.default})"
        print(f"  --{name}: {flag.help}{default}")
    if not _has_settings(own):
        return
    model = flags.FLAGS.model
    if model is None:
        print("\nA model's own settings, --config.KEY=VALUE: add --model=NAME to this command.")
    else:
        from zoo import registry

        registry.check(model)
        start_tensorflow()
        print(f"\nSettings of {model}, --config.KEY=VALUE:")
        for line in describe(registry.module(model).Config):
            print("  --config." + line)
    print("\nHow pictures are prepared, --data.KEY=VALUE:")
    for line in describe(DataOptions):
        print("  --data." + line)
