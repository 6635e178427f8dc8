"""What @bazel_tools loads before it looks at any target; no Java is built here."""

java_binary = native.java_binary
java_import = native.java_import
java_runtime = native.java_runtime
java_toolchain = native.java_toolchain
