"""Spark for a training: its jars, its Java, its session."""
