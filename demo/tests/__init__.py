"""Tests of the demo: run by bin/test."""
