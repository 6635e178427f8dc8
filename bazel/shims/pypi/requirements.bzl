"""No target for any package: all of them are in the interpreter that PATH names."""

all_requirements = []
